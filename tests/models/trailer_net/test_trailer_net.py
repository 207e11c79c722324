"""The trailer network: windows, the paper's counts; what pads is never read, and what is held out never taught."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from triptych.catalogue.history import History
from triptych.errors import TrainingError, UnknownName, UsageError
from triptych.features.windows import windows
from triptych.models import archive
from triptych.models.similarity import Learned, Lessons, Sequences
from triptych.models.trailer_net import saved
from triptych.models.trailer_net.network import Heads, Pooled, Taught, TrailerNetwork, parameter_lines
from triptych.models.trailer_net.paths import paths
from triptych.models.trailer_net.sequences import Windows
from triptych.models.trailer_net.teaching import Answers, Teaching, Weights, embedded
from triptych.models.trailer_net.trailer_net import TrailerNet, answers_of
from triptych.models.trainer import Trainer
from triptych.spaces.blocks import Blocks

ITEMS, LOOKS, WIDTH = 48, 4, 6
#: Items without frames, and with fewer than a window.
BARE, SHORT = 5, 6
NET = TrailerNet(
    title="frames", length=4, stride=2, layer=8, units=8, dense=(16, 8), rate=5e-3, epochs=10, patience=None, threads=1
)


def lessons(seed: int = 0) -> tuple[Lessons, np.ndarray]:
    """Each item's frames scatter about its look's, and its ratings about twice the look's number."""
    rng = np.random.default_rng(seed)
    looks = np.arange(ITEMS) % LOOKS
    of_look = rng.normal(size=(LOOKS, WIDTH))
    counts = [0 if k == BARE else 2 if k == SHORT else 8 for k in range(ITEMS)]
    values = [of_look[looks[k]] + 0.3 * rng.normal(size=(count, WIDTH)) for k, count in enumerate(counts)]
    items = np.tile(np.arange(ITEMS, dtype=np.int32), 6)
    history = History(
        user_ids=tuple("abcdef"),
        item_ids=tuple(f"m{k}" for k in range(ITEMS)),
        users=np.repeat(np.arange(6, dtype=np.int32), ITEMS),
        items=items,
        values=(1 + looks[items] + 0.2 * rng.normal(size=len(items))).astype(np.float32),
        times=np.zeros(len(items), np.int64),
    )
    return (
        Lessons(
            blocks=Blocks(
                panels=("seeing",), values=(np.zeros((ITEMS, 1), np.float32),), mask=np.ones((ITEMS, 1), bool)
            ),
            train=history,
            may_learn=np.ones(ITEMS, bool),
            genres=np.eye(LOOKS, dtype=np.float32)[looks],
            sequences={
                "frames": Sequences(
                    title="frames",
                    values=tuple(rows.astype(np.float32) for rows in values),
                    times_s=tuple(np.arange(len(rows)) / 4 for rows in values),
                )
            },
        ),
        looks,
    )


def without(given: Lessons, kept: np.ndarray, *, others: float) -> Lessons:
    """Items outside ``kept`` may not teach; what is known of them in spite of that is made ``others``."""
    return replace(
        given,
        train=given.train.take(kept[given.train.items]),
        may_learn=kept,
        genres=np.where(kept[:, None], given.genres, np.float32(others)),
    )


@pytest.fixture(scope="module")
def taught() -> tuple[Learned, np.ndarray]:
    given, looks = lessons()
    return replace(NET, shown=("m1", f"m{SHORT}")).fit(given), looks


# Windows


@pytest.mark.parametrize(("length", "stride"), [(10, 5), (20, 5), (3, 4), (1, 1)])
def test_windows_are_those_of_a_loop(length: int, stride: int) -> None:
    rng = np.random.default_rng(length)
    counts = [0, 1, 9, 10, 11, 14, 15, 20, 33, 0]
    values = [rng.normal(size=(n, 3)).astype(np.float32) for n in counts]
    made = Windows.of(values, [np.arange(n) / 2 for n in counts], length=length, stride=stride)
    seen = []
    for item, rows in enumerate(values):
        whole, starts = windows(rows, length=length, stride=stride)
        if 0 < len(rows) < length:
            seen.append((item, 0.0, rows))
        seen += [(item, start / 2, window) for start, window in zip(starts.tolist(), whole, strict=True)]
    assert len(made) == len(seen)
    for k, (item, start_s, rows) in enumerate(seen):
        assert (made.items[k], made.starts_s[k], made.counts[k]) == (item, start_s, len(rows))
        np.testing.assert_array_equal(made.frames[made.places[k]][: len(rows)], rows)
        assert made.places[k].max() < len(made.frames)


def test_an_item_stands_at_the_mean_of_its_windows() -> None:
    made = Windows.of(
        [np.zeros((12, 1)), np.zeros((0, 1)), np.zeros((3, 1))], [np.arange(12.0), np.zeros(0), np.arange(3.0)]
    )
    assert made.items.tolist() == [0, 2]
    longer = Windows.of([np.zeros((20, 1))], [np.arange(20.0)])
    np.testing.assert_array_equal(longer.mean(np.array([[1.0], [2.0], [6.0]])), [[3.0]])
    np.testing.assert_array_equal(made.mean(np.array([[1.0], [2.0]])), [[1.0], [0.0], [2.0]])


def test_frames_of_two_widths_and_windows_of_nothing_are_refused() -> None:
    with pytest.raises(UsageError, match="no frames of one catalogue"):
        Windows.of([np.zeros((4, 2)), np.zeros((4, 3))], [np.arange(4.0)] * 2)
    with pytest.raises(UsageError, match="stride is 0"):
        Windows.of([], [], stride=0)


# The network


def test_the_paper_s_network_has_the_numbers_that_its_layers_add_up_to() -> None:
    net = Taught(TrailerNetwork(width=1280), Heads(genres=20, trailers=13_571))
    gates, biases = 4 * 256, 2
    assert parameter_lines(net) == {
        "recurrent.l0": 2 * gates * (1280 + 256 + biases),
        "recurrent.l1": 2 * gates * (512 + 256 + biases),
        "dense_first": 512 * 512 + 512,
        "dense_second": 512 * 256 + 256,
        "heads.rating": (256 * 64 + 64) + (64 * 32 + 32) + (32 + 1),
        "heads.genres": (256 * 128 + 128) + (128 * 64 + 64) + (64 * 20 + 20),
        "heads.trailer": (256 * 64 + 64) + (64 * 13_571 + 13_571),
    }
    assert sum(parameter_lines(net).values()) == 6_080_344
    with torch.no_grad():
        first, second = net.body(torch.zeros(2, 10, 1280), torch.tensor([10, 10]))
    assert (tuple(first.shape), tuple(second.shape)) == ((2, 512), (2, 256))


def by_hand(net: TrailerNetwork, frames: np.ndarray) -> np.ndarray:
    """float64 ``[256]`` of one window, by loops over layers, directions and frames."""
    weights = {name: one.detach().double().numpy() for name, one in net.state_dict().items()}
    steps = (frames - weights["frame_mean"]) / weights["frame_deviation"]
    for layer in range(2):
        states = []
        for ending in ("", "_reverse"):
            w, u, b, c = (
                weights[f"recurrent.{kind}_l{layer}{ending}"]
                for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            )
            hidden = cell = np.zeros(u.shape[1])
            seen = []
            for step in steps[::-1] if ending else steps:
                i, f, g, o = np.split(w @ step + b + u @ hidden + c, 4)
                cell = cell / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
                hidden = np.tanh(cell) / (1 + np.exp(-o))
                seen.append(hidden)
            states.append(seen[::-1] if ending else seen)
        steps = np.concatenate(states, axis=1)
    # After the last frame of the forward one, after the first of the backward one.
    found = np.concatenate([states[0][-1], states[1][0]])
    for name in ("dense_first", "dense_second"):
        found = weights[f"{name}.weight"] @ found + weights[f"{name}.bias"]
        found = np.where(found > 0, found, np.expm1(found))
    return found


def test_it_equals_loops_and_what_pads_is_never_read() -> None:
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    standing = np.stack([rng.normal(size=5), 0.5 + rng.random(5)]).astype(np.float32)
    net = TrailerNetwork(width=5, units=6, dense=(7, 4), standing=standing).eval()
    frames = rng.normal(size=(3, 9, 5)).astype(np.float32)
    counts = torch.tensor([9, 4, 1])
    with torch.no_grad():
        _, found = net(torch.from_numpy(frames), counts)
        other = frames.copy()
        other[1, 4:], other[2, 1:] = 1e6, -1e6
        _, padded = net(torch.from_numpy(other), counts)
        _, alone = net(torch.from_numpy(frames[1:2, :4]), counts[1:2])
    np.testing.assert_array_equal(found, padded)
    np.testing.assert_allclose(found[1], alone[0], atol=1e-6)
    for k, count in enumerate(counts.tolist()):
        np.testing.assert_allclose(found[k], by_hand(net, frames[k, :count]), atol=1e-6)


def test_end_to_end_the_gradient_reaches_the_backbone_and_its_weights_move() -> None:
    from transformers import MobileNetV2Config, MobileNetV2Model

    torch.manual_seed(0)
    backbone = MobileNetV2Model(MobileNetV2Config(depth_multiplier=0.1, image_size=32, finegrained_output=False))
    encoder = Pooled(backbone)
    wide = backbone.conv_1x1.convolution.out_channels
    body = TrailerNetwork(width=wide, units=4, dense=(6, 5), encoder=encoder)
    rng = np.random.default_rng(0)
    pictures = [rng.random((n, 3, 32, 32), np.float32) for n in (3, 2)]
    made = Windows.of(pictures, [np.arange(3.0), np.arange(2.0)], length=3, stride=1)
    answers = Answers(
        ratings=np.array([1, -1], np.float32),
        rated=np.ones(2, bool),
        genres=np.eye(2, dtype=np.float32),
        trailers=np.arange(2),
    )
    net = Taught(body, Heads(width=5, genres=2, trailers=2))
    task = Teaching(net=net, train=made, held=made, answers=answers, weights=Weights(), batch=2, fingerprint="x")
    first = backbone.conv_stem.first_conv.convolution.weight
    before = first.detach().clone()
    loss, _ = task.loss(torch.arange(2))
    loss.backward()
    assert first.grad is not None
    assert float(first.grad.abs().sum()) > 0
    net.zero_grad()
    Trainer(epochs=1, rate=1e-3, threads=1).train(task)
    assert not torch.equal(before, first.detach())
    assert parameter_lines(net)["encoder"] == sum(one.numel() for one in backbone.parameters())
    # Fillers are never shown to it: the vector of the short window is that of its two pictures alone.
    (short,) = np.flatnonzero(made.counts == 2)
    body.eval()
    alone = Windows.of(pictures[1:], [np.arange(2.0)], length=3, stride=1)
    np.testing.assert_allclose(embedded(body, made, 1)[short], embedded(body, alone, 1)[0], atol=1e-5)


# Taught


def test_it_learns_the_planted_looks(taught: tuple[Learned, np.ndarray]) -> None:
    learned, looks = taught
    lines = learned.epochs
    assert lines[-1]["loss"] < 0.6 * lines[0]["loss"]
    assert lines[learned.best - 1]["rating"] < 0.2  # of 1, which the mean would come to
    vectors, mask = learned.snapshot.vectors, learned.snapshot.mask
    near = (
        np.linalg.norm(vectors[:, None] - vectors[None], axis=2) + np.where(mask, 0, np.inf) + np.diag([np.inf] * ITEMS)
    )
    assert (looks[near.argmin(axis=1)] == looks)[mask].mean() > 0.9
    assert [one.epoch for one in learned.snapshots] == sorted({0, 1, 5, 10, learned.best})
    assert learned.facts["windows"] == {"train": 40 * 3 - 2, "validation": 7 * 3, "all": 46 * 3 + 1}


def test_an_item_without_frames_is_masked_and_teaches_nothing(taught: tuple[Learned, np.ndarray]) -> None:
    learned, _ = taught
    assert np.flatnonzero(~learned.snapshot.mask).tolist() == [BARE]
    assert not learned.snapshot.vectors[BARE].any()
    assert learned.snapshot.vectors[SHORT].any()
    assert f"m{BARE}" not in learned.learned_from
    assert len(learned.learned_from) == ITEMS - 1


def test_paths_are_the_windows_in_the_plane(taught: tuple[Learned, np.ndarray]) -> None:
    found = taught[0].facts["paths"]
    assert [start for start, _, _ in found["items"]["m1"]] == [0.0, 0.5, 1.0]
    assert len(found["items"][f"m{SHORT}"]) == 1
    first, second = found["explained"]
    assert 0 < second <= first <= 1
    made = Windows.of([np.zeros((6, 1))] * 2, [np.arange(6.0)] * 2, length=4, stride=2)
    line = np.array([[0, 0, 1], [0, 0, 3], [0, 0, 5], [0, 0, 7]], np.float32)
    told = paths(line, made, item_ids=["a", "b"], shown=["b"])
    assert told["explained"] == [1.0, 0.0]
    assert [x for _, x, _ in told["items"]["b"]] == [1.0, 3.0]
    with pytest.raises(UnknownName):
        paths(line, made, item_ids=["a", "b"], shown=["c"])


def test_what_is_held_out_is_never_taught() -> None:
    given, _ = lessons()
    kept = np.arange(ITEMS) % 3 != 0
    net = replace(NET, epochs=2)
    one, other = (net.fit(without(given, kept, others=value)) for value in (0.0, 1.0))
    np.testing.assert_array_equal(one.snapshot.vectors, other.snapshot.vectors)
    assert set(one.learned_from) == {f"m{k}" for k in np.flatnonzero(kept) if k != BARE}
    # Other frames of theirs move themselves alone, and frames of those that teach move all.
    frames = given.sequences["frames"]
    for place, moves in ((0, [0]), (1, None)):
        values = tuple(rows + (k == place) for k, rows in enumerate(frames.values))
        moved = replace(given, sequences={"frames": replace(frames, values=values)})
        again = net.fit(without(moved, kept, others=0.0)).snapshot.vectors
        differs = np.flatnonzero((again != one.snapshot.vectors).any(axis=1)).tolist()
        assert differs == moves if moves is not None else len(differs) > ITEMS / 2
    # The mean of ratings that they are told in is of those that teach, and not of the validation side either.
    fitting = kept & (np.arange(ITEMS) % 2 == 0)
    answers, scale = answers_of(without(given, kept, others=1.0), fitting=fitting)
    train = given.train
    known = [train.values[train.items == k].mean() for k in np.flatnonzero(fitting)]
    assert scale["mean"] == pytest.approx(np.mean(known))
    assert not answers.rated[~kept].any()
    assert not answers.genres[~kept].any()
    assert (answers.trailers[~fitting] == -1).all()


def test_windows_held_out_are_of_items_that_are_taught() -> None:
    given, _ = lessons()
    learned = replace(NET, hold="windows", epochs=1).fit(given)
    held, shown = learned.facts["windows"]["validation"], learned.facts["windows"]
    assert held == round(0.15 * shown["all"])
    assert shown["train"] + held == shown["all"]
    assert learned.facts["items"] == {"teach": 47, "numbered": 47, "placed": 47}
    assert "trailer" in learned.epochs[0]
    assert "trailer" not in replace(NET, epochs=1).fit(given).epochs[0]


def test_a_run_that_was_killed_comes_to_the_same_bits(tmp_path: Path) -> None:
    class Killed(Exception):
        pass

    def kill(_: str, done: int, __: int) -> None:
        if done == 3:
            raise Killed

    given, _ = lessons()
    net = replace(NET, epochs=6)
    whole = net.fit(given)
    with pytest.raises(Killed):
        net.fit(given, folder=tmp_path, report=kill)
    resumed = net.fit(given, folder=tmp_path)
    assert [one.epoch for one in resumed.snapshots] == [one.epoch for one in whole.snapshots]
    for one, other in zip(resumed.snapshots, whole.snapshots, strict=True):
        assert one.vectors.tobytes() == other.vectors.tobytes()
    same = ("loss", "train_loss", "rating")
    assert [[row[k] for k in same] for row in resumed.epochs] == [[row[k] for k in same] for row in whole.epochs]
    with pytest.raises(UsageError, match="another task"):
        replace(net, length=3).fit(given, folder=tmp_path)
    # What is left in the folder places new items, and the old ones where they stood.
    net_again = saved.read(tmp_path)
    vectors, mask = net_again.embed(given.sequences["frames"])
    np.testing.assert_array_equal(vectors, whole.snapshot.vectors)
    np.testing.assert_array_equal(mask, whole.snapshot.mask)
    vectors, mask = net_again.embed(
        Sequences(title="frames", values=(np.zeros((0, 6), np.float32),), times_s=(np.zeros(0),))
    )
    assert (vectors.shape, mask.tolist()) == ((1, 8), [False])
    with pytest.raises(UsageError, match="6 entries a frame"):
        net_again.embed(Sequences(title="frames", values=(np.zeros((5, 7), np.float32),), times_s=(np.arange(5.0),)))
    tensors = tmp_path / archive.TENSORS
    tensors.write_bytes(tensors.read_bytes()[:-1] + b"x")
    with pytest.raises(TrainingError, match="not as they were written"):
        saved.read(tmp_path)
    with pytest.raises(UsageError, match="train one first"):
        saved.read(tmp_path / "snapshots")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"layer": 512}, "dense layer"),
        ({"hold": "trailers"}, "kind of validation"),
        ({"validation": 0.0}, "share"),
        ({"stride": 0}, "at least 1"),
        ({"trailer": -1.0}, "0 or more"),
    ],
)
def test_settings_that_mean_nothing_are_refused(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        replace(NET, **wrong)


def test_lessons_it_cannot_be_taught_are_refused() -> None:
    given, _ = lessons()
    with pytest.raises(UnknownName, match="seeing/other"):
        replace(NET, title="seeing/other").fit(given)
    only = np.arange(ITEMS) == 1
    with pytest.raises(UsageError, match="it takes 2"):
        NET.fit(without(given, only, others=0.0))
    assert NET.recommender(NET.fit(given).snapshot, given.train, like=4.0) is None
    assert (TrailerNet().name, TrailerNet(layer=512, length=20).name) == ("trailer-net-256-10", "trailer-net-512-20")
