"""Demo answers: what a small hybrid recommends on the synthetic catalogue, to whom, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triptych.catalogue.catalogue import Catalogue
    from triptych.desk.desk import Desk
    from triptych.desk.who import Who
    from triptych.explain.reason import Explanation

#: Epochs of the kernel: on some dozens of titles more teach it nothing.
EPOCHS = 5
USERS, PLACES = 2, 3
#: What a stranger asks for; the first that the plots of this catalogue have a word of.
TEXTS = (
    "a lonely crew far out in space",
    "a wedding in a small village",
    "thieves plan to rob a bank",
    "a haunted house at night",
    "a team that nobody believes in wins the final",
    "poison at the court of a king",
)


@dataclass(frozen=True, kw_only=True)
class Told:
    """One place of a list, with its sentence."""

    item_id: str
    rank: int
    title: str
    sentence: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Answers:
    """``lists``: for whom → what. ``strip``: the page that explains the first of each, with scenes."""

    lists: Mapping[str, tuple[Told, ...]]
    strip: Path
    fit_s: float


def fit(catalogue: Catalogue, seed: int) -> float:
    """A light hybrid of what the catalogue holds. Returns seconds."""
    from triptych.desk.fitting import fit as fitted
    from triptych.models.affinity.affinity import Affinity
    from triptych.models.hybrid.hybrid import Hybrid

    tower = Affinity.preset("affinity-launch", batch=4096, steps=2, epochs=EPOCHS)
    made = fitted(catalogue, Hybrid(rounds=2, tower=tower, seed=seed), at=datetime.now(UTC))
    return float(made.manifest["seconds"]["fitted"])


def answer(catalogue: Catalogue, strip: Path, *, fit_s: float, on: date) -> Answers:
    """What came since the fit is folded in, and has a place in each user's list."""
    from triptych.desk.desk import Desk
    from triptych.explain import strip as strips
    from triptych.explain.cited import cited
    from triptych.explain.sentence import sentence
    from triptych.programme.programme import Programme

    desk = Desk.open(catalogue, programme=Programme(n=PLACES))
    desk.refresh(at=datetime.now(UTC))
    clips = {one.item_id: Path(one.path) for one in catalogue.clips()}
    lists: dict[str, tuple[Told, ...]] = {}
    shown: list[Explanation] = []
    for who in [*_users(desk), *_stranger(desk)]:
        # Who asks for something wants that, and not what happens to be new.
        arranged = desk.recommend(who, on=on, programme=Programme(n=PLACES, explore=1) if who.user else None)
        reasons = desk.why(who, arranged)
        lists[who.told] = tuple(
            Told(
                item_id=placed.item_id,
                rank=placed.rank,
                title=desk.items[placed.item_id].title,
                sentence=sentence(one),
            )
            for placed, one in zip(arranged.placed, reasons, strict=True)
        )
        shown += [cited(one, clips, pictures=True) for one in reasons[:1]]
    return Answers(lists=lists, strip=strips.write(strip, shown), fit_s=fit_s)


def section(answers: Answers, new: str) -> str:
    """The part of the page. ``new``: the title that came last."""
    parts = [_list(whom, told, new) for whom, told in answers.lists.items()]
    link = f'<p><a href="{escape(answers.strip.name)}">The first of each, taken apart: shares, history, scenes</a></p>'
    return "".join(parts) + link


def _list(whom: str, told: Sequence[Told], new: str) -> str:
    rows = "".join(
        f"<li><b>{escape(one.title)}</b>{' <small>(the new one)</small>' if one.item_id == new else ''}"
        f'<br><span class="soft">{escape(one.sentence)}</span></li>'
        for one in told
    )
    return f"<h3>For {escape(whom)}</h3><ol>{rows}</ol>"


def _users(desk: Desk) -> list[Who]:
    """Those who liked most, since a list of theirs has most to tell."""
    import numpy as np

    from triptych.desk.who import Who

    rows = desk.standing.rows
    likes = rows.user_counts if desk.standing.like is None else rows.liked(desk.standing.like).user_counts
    order: list[int] = np.argsort(-likes, kind="stable")[:USERS].tolist()
    return [Who(user=rows.user_ids[k]) for k in order]


def _stranger(desk: Desk) -> list[Who]:
    from triptych.desk.sketch import of_text
    from triptych.desk.who import Who
    from triptych.errors import UsageError

    for text in TEXTS:
        try:
            of_text(desk.standing.placing, text)
        except UsageError:  # a small catalogue may have no plot with any of these words
            continue
        return [Who(text=text)]
    return []
