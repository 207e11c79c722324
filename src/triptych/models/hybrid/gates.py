"""Gates: how much each voice counts, learned on a rehearsal.

A voice v gives user u and item i a number f_v(u, i). Those that speak of a user's history grow with it, so that

    score(u, i) = Σ_v w_v(n_i) f_v(u, i) |u|^−ρ_v

with |u| the sum of what the rows of u count, ρ_v = 0 for voices that do not hang on the user, and

    w_v(n) = (1 − h) w_v,new + h w_v,known,     h = n / (n + τ)

for an item of n likes, all weights 0 or more, and w_v,new = 0 for voices that go by an item's likes alone. So the
passage is not decided but learned: τ, both ends, and with them the noise ν of what likes tell of where an item lies.

A stranger, who has no history, hears the voices that do not hang on one. How they are weighed against each other is
learned apart, with a τ of its own: beside a history they only tip the balance, and here they are all there is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from triptych.models.hybrid.passage import passed

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

#: What is added to a score that may not be listed.
BARRED = -1e4
STEPS, RATE = 90, 0.12
#: Where τ and ν begin.
FADING, NOISE = 10.0, 4.0
#: A voice whose scores differ by no more says nothing.
SILENT = 1e-9
#: ρ where it is not learned.
EVENNESS = 0.7
#: Then each weight is tried at so many times what it is, and kept where the first places of lists are better for it by
#: more than chance allows: so many standard errors.
PLACES, TIMES, CERTAIN = 10, (0.25, 0.5, 0.7, 1.4, 2.0, 4.0), 1.0


def heard_of(likes: Any, fading: Any) -> Any:
    """h of items of so many likes, of whatever can be divided."""
    return likes / (likes + fading)


@dataclass(frozen=True, kw_only=True, eq=False)
class Gates:
    """``weights``: float64 ``[voices, 2]``, w of items that are new and of those that are known; ``evenness``: float64
    ``[voices]``, ρ; ``fading``: τ; ``noise``: ν, in units of λ, see :mod:`~triptych.models.hybrid.passage`. ``known``:
    voices that go by an item's likes alone. ``strangers``: what holds for who has no history, of the voices that speak
    of none; where nothing was learned of them, what holds for all."""

    voices: tuple[str, ...]
    known: tuple[str, ...]
    weights: F64
    evenness: F64
    fading: float = FADING
    noise: float = NOISE
    strangers: Gates | None = None

    @classmethod
    def plain(cls, voices: Sequence[str], *, historical: Sequence[str], known: Sequence[str]) -> Gates:
        """Where there is too little to rehearse with: all alike."""
        return cls(
            voices=tuple(voices),
            known=tuple(known),
            weights=np.array([[0.0 if name in known else 1.0, 1.0] for name in voices]),
            evenness=np.array([EVENNESS if name in historical else 0.0 for name in voices]),
        )

    def body(self) -> dict[str, Any]:
        """As JSON has it."""
        lists = {name: getattr(self, name).tolist() for name in ("weights", "evenness")}
        strangers = None if self.strangers is None else self.strangers.body()
        rest = {"fading": self.fading, "noise": self.noise, "strangers": strangers}
        return {**lists, "voices": self.voices, "known": self.known, **rest}

    @classmethod
    def again(cls, body: Mapping[str, Any]) -> Gates:
        return cls(
            voices=tuple(body["voices"]),
            known=tuple(body["known"]),
            weights=np.array(body["weights"]),
            evenness=np.array(body["evenness"]),
            fading=body["fading"],
            noise=body["noise"],
            strangers=None if body["strangers"] is None else cls.again(body["strangers"]),
        )

    def at(self, likes: I64) -> F64:
        """``[voices, items]``: w of each voice for items of so many likes."""
        heard = heard_of(likes, self.fading)
        return self.weights[:, :1] * (1 - heard) + self.weights[:, 1:] * heard

    def at_for_strangers(self, likes: I64) -> F64:
        """``[voices, items]``: the same for who has no history; 0 of voices that speak of one."""
        if self.strangers is None:
            return self.at(likes)
        found = np.zeros((len(self.voices), len(likes)))
        found[[self.voices.index(name) for name in self.strangers.voices]] = self.strangers.at(likes)
        return found


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """What gates are learned on: some users and the items that are ranked for them. ``voices``: float32
    ``[voices, users, items]``, as if nothing were known of an item's likes where a voice goes by its content; ``told``:
    voice → float32 ``[users, items]``, what its likes add to that when they are all that counts. ``unsure``:
    ``[items]``, (s² + λ) / λ. ``sizes``: float32 ``[voices, users]``, |u|, 1 where a voice does not hang on the user;
    ``likes``: ``[items]``, those that are known. Bool ``[users, items]``: ``may``, what may be listed, and ``liked``,
    what was liked of it. ``share``: how much it counts beside others. ``strangers``: the same for who has no history,
    of the voices that speak of none."""

    voices: F32
    told: Mapping[int, F32]
    unsure: F64
    sizes: F32
    likes: I64
    may: Bool
    liked: Bool
    share: float = 1.0
    strangers: Scene | None = None


def learned(names: Sequence[str], scenes: Sequence[Scene], *, historical: Sequence[str], known: Sequence[str]) -> Gates:
    """First by the listwise loss, which sees all of a list, then by what stands at its top.

    ``historical``: voices that hang on a user's history; ``known``: those that go by an item's likes alone. Of what is
    both ρ is learned; of other historical ones it is :data:`EVENNESS`, or what is learned of items with a history would
    say how new items are spoken of.
    """
    found = _learned(names, scenes, historical=historical, known=known)
    unknown = [one.strangers for one in scenes if one.strangers is not None]
    if not unknown:
        return found
    crowd = [name for name in names if name not in historical]
    return replace(found, strangers=_learned(crowd, unknown, historical=(), known=[k for k in known if k in crowd]))


def _learned(
    names: Sequence[str], scenes: Sequence[Scene], *, historical: Sequence[str], known: Sequence[str]
) -> Gates:
    import torch

    # Users are measured by the usual one: how uneven they are heard and how loud can then be learned apart.
    usual = np.exp(np.log(np.concatenate([one.sizes for one in scenes], axis=1)).mean(axis=1, keepdims=True))
    scenes = [replace(one, sizes=(one.sizes / usual).astype(np.float32)) for one in scenes]
    ready = [_Ready.of(one) for one in scenes]
    # Each voice starts with a like effect: as wide as the others where it says anything.
    widths = np.stack([_widths(one) for one in scenes]).max(axis=0)
    start = torch.from_numpy(np.log(1.0 / np.maximum(widths, SILENT))).float()
    weights = start[:, None].repeat(1, 2).requires_grad_()
    may_hear = np.stack([[name not in known, True] for name in names]) & (widths > SILENT)[:, None]
    rest = torch.tensor([FADING, NOISE]).log().requires_grad_()
    evenness = torch.full((len(names),), EVENNESS, requires_grad=True)
    learn = torch.tensor([name in known and name in historical for name in names])
    fixed = torch.tensor([EVENNESS if name in historical else 0.0 for name in names])
    optimiser = torch.optim.Adam([weights, rest, evenness], lr=RATE)

    for step in range(STEPS):
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1.0, 2 * (1 - step / STEPS))
        rho, (fading, noise), ends = torch.where(learn, evenness, fixed), rest.exp(), weights.exp()
        loss = torch.zeros(())
        for one in ready:
            heard = heard_of(one.likes, fading)
            share = passed(one.unsure, one.likes, noise)
            total = one.barred
            for v in range(len(names)):
                voice = one.voices[v] + share * one.told[v] if v in one.told else one.voices[v]
                new, later = ends[v]
                item = later * heard if names[v] in known else new * (1 - heard) + later * heard
                total = total + voice * (one.sizes[v] ** -rho[v])[:, None] * item
            loss = loss + one.share * one.loss(total)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    fading, noise = cast("list[float]", cast(Any, rest.detach().exp()).tolist())
    found = Gates(
        voices=tuple(names),
        known=tuple(known),
        # What was never heard may be heard later, as times are once there are any: nothing is known of it.
        weights=np.where(may_hear, weights.detach().exp().double().numpy(), 0.0),
        evenness=torch.where(learn, evenness, fixed).detach().double().numpy(),
        fading=fading,
        noise=noise,
    )
    polished = _polished(found, scenes)
    return replace(polished, weights=polished.weights * usual ** polished.evenness[:, None])


@dataclass(frozen=True, kw_only=True, eq=False)
class _Ready:
    """A scene as tensors. ``barred``: ``[users, items]``, what is added to scores; ``liked``: 1 of an answer."""

    voices: Any
    told: Mapping[int, Any]
    unsure: Any
    sizes: Any
    likes: Any
    barred: Any
    liked: Any
    share: float

    @classmethod
    def of(cls, scene: Scene) -> _Ready:
        import torch

        return cls(
            voices=torch.from_numpy(scene.voices),
            sizes=torch.from_numpy(scene.sizes),
            told={voice: torch.from_numpy(one) for voice, one in scene.told.items()},
            unsure=torch.from_numpy(scene.unsure.astype(np.float32)),
            likes=torch.from_numpy(scene.likes.astype(np.float32)),
            barred=torch.from_numpy(np.where(scene.may, 0, BARRED).astype(np.float32)),
            liked=torch.from_numpy((scene.may & scene.liked).astype(np.float32)),
            share=scene.share,
        )

    def loss(self, total: Any) -> Any:
        """The mean over users of the mean over their likes of −log softmax."""
        import torch

        counts = self.liked.sum(dim=1)
        own = -(torch.log_softmax(total, dim=1) * self.liked).sum(dim=1) / counts.clamp_min(1)
        return own.sum() / (counts > 0).sum().clamp_min(1)


def _polished(gates: Gates, scenes: Sequence[Scene]) -> Gates:
    """Number by number, by the nDCG of the first places: the mean over users of a scene, and over scenes by their
    shares."""
    stages = [_Stage.of(one, gates) for one in scenes if (one.may & one.liked).any()]
    shares = np.array([stage.scene.share for stage in stages])
    shares = shares / shares.sum()
    for number in range(gates.weights.size + 2):
        held = [stage.judged(gates) for stage in stages]
        best, gain = gates, 0.0
        for times in TIMES:
            tried = _changed(gates, number, times)
            more = [stage.judged(tried) - before for stage, before in zip(stages, held, strict=True)]
            mean = float(shares @ [one.mean() for one in more])
            error = float(np.sqrt(shares**2 @ [one.var() / len(one) for one in more]))
            if mean > max(gain, CERTAIN * error):
                best, gain = tried, mean
        gates = best
    return gates


def _changed(gates: Gates, number: int, times: float) -> Gates:
    """``number``: of a weight, or one more for τ, two more for ν."""
    beyond = number - gates.weights.size
    if beyond == 0:
        return replace(gates, fading=gates.fading * times)
    if beyond == 1:
        return replace(gates, noise=gates.noise * times)
    weights = gates.weights.copy()
    weights.flat[number] *= times
    return replace(gates, weights=weights)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Stage:
    """A scene to be judged. ``evened``: float32 ``[voices, users, items]``; ``told``: voice → the same."""

    evened: F32
    told: Mapping[int, F32]
    scene: Scene

    @classmethod
    def of(cls, scene: Scene, gates: Gates) -> _Stage:
        even = (scene.sizes ** -gates.evenness[:, None]).astype(np.float32)
        return cls(
            evened=scene.voices * even[:, :, None],
            told={voice: one * even[voice][:, None] for voice, one in scene.told.items()},
            scene=scene,
        )

    def judged(self, gates: Gates) -> F64:
        """nDCG of each user who likes something."""
        scene = self.scene
        at = gates.at(scene.likes).astype(np.float32)
        scores = np.einsum("vui,vi->ui", self.evened, at)
        share = passed(scene.unsure, scene.likes, gates.noise).astype(np.float32)
        for voice, one in self.told.items():
            scores += one * (at[voice] * share)
        return _ndcg(np.where(scene.may, scores, -np.inf), scene.may & scene.liked)


def _ndcg(scores: npt.NDArray[Any], liked: Bool) -> F64:
    """``[users who like any]``."""
    judged = liked.any(axis=1)
    scores, liked = scores[judged], liked[judged]
    places = min(PLACES, scores.shape[1])
    top = np.argpartition(-scores, places - 1, axis=1)[:, :places]
    order = np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1, kind="stable")
    hit = np.take_along_axis(liked, np.take_along_axis(top, order, axis=1), axis=1)
    worth = 1 / np.log2(np.arange(2, places + 2))
    ideal = np.concatenate([[0.0], np.cumsum(worth)])
    return (hit @ worth) / ideal[np.minimum(liked.sum(axis=1), places)]


def _widths(scene: Scene) -> F64:
    """``[voices]``: the mean deviation, over users, of what a voice says of items it says anything of."""
    even = scene.voices / np.sqrt(scene.sizes)[:, :, None]
    return even.std(axis=2).mean(axis=1).astype(np.float64)
