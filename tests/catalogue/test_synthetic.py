"""The synthetic world: it is the same every time, its truth is true, and no panel knows it all alone."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from triptych.catalogue.sources.synthetic import (
    Settings,
    Truth,
    World,
    draw_item,
    draw_world,
    make_clip,
    make_world,
    utility,
)
from triptych.catalogue.sources.synthetic.themes import LOOK_GENRES, LOOKS, PLOT_GENRES, PLOTS, SOUNDS
from triptych.errors import SourceError, UsageError

TINY = {"seconds": 2.0, "width_px": 96, "height_px": 54}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("tiny"), clips=6, users=20, seed=3, **TINY)


@pytest.fixture(scope="module")
def wide() -> World:
    """600 items that nobody paints."""
    return draw_world(Path("nowhere"), settings=Settings(seed=1), clips=600, users=120)


def decode(path: Path) -> tuple[np.ndarray, np.ndarray, int]:
    """Pictures ``[n, h, w, 3]`` as float, sound ``[channels, samples]``, its rate."""
    with av.open(str(path)) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    with av.open(str(path)) as container:
        blocks = [frame.to_ndarray() for frame in container.decode(audio=0)]
        rate = container.streams.audio[0].rate
    return np.stack(pictures).astype(float), np.concatenate(blocks, axis=1), rate


# ------------------------------------------------------------------------------------------ the same again


def test_two_runs_write_the_same_bytes(tiny: World, tmp_path: Path) -> None:
    again = make_world(tmp_path, clips=6, users=20, seed=3, workers=1, **TINY)
    names = sorted(path.relative_to(tiny.folder) for path in tiny.folder.rglob("*") if path.is_file())
    assert len(names) == 6 + 3, "clips, tables and truth, and nothing left over"
    for name in names:
        assert (tiny.folder / name).read_bytes() == (tmp_path / name).read_bytes(), name
    assert again.items == tiny.items


def test_another_seed_is_another_world(tiny: World) -> None:
    other = draw_world(tiny.folder, settings=replace(tiny.settings, seed=4), clips=6, users=20)
    assert all(a.title != b.title for a, b in zip(tiny.items, other.items, strict=True))
    assert [a.themes for a in tiny.truths] != [b.themes for b in other.truths]


def test_a_title_alone_is_the_one_of_the_large_world(tiny: World, tmp_path: Path) -> None:
    arrival = make_clip(tmp_path, 4, settings=tiny.settings)
    assert arrival.item == tiny.items[4]
    assert arrival.truth == tiny.truths[4]
    assert arrival.clip.read_bytes() == tiny.clips[4].read_bytes()
    assert not (tmp_path / "items.csv").exists()


def test_items_and_users_do_not_depend_on_how_many_there_are() -> None:
    settings = Settings(seed=9)
    few = draw_world(Path("a"), settings=settings, clips=10, users=5)
    many = draw_world(Path("a"), settings=settings, clips=90, users=50)
    assert few.items == many.items[:10]
    assert few.truths == many.truths[:10]
    assert np.array_equal(few.users.mix, many.users.mix[:5])
    assert np.array_equal(few.users.likes, many.users.likes[:5])


def test_only_what_is_missing_stale_or_damaged_is_made_again(tiny: World, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    world = make_world(tmp_path, clips=3, users=4, seed=3, progress=lambda *at: seen.append(at), **TINY)
    assert seen == [(1, 3), (2, 3), (3, 3)]
    before = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in world.clips}
    world.clips[1].unlink()
    world.clips[2].write_bytes(b"")
    make_world(tmp_path, clips=3, users=4, seed=3, **TINY)
    after = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in world.clips}
    assert after[world.clips[0]] == before[world.clips[0]]
    for made, known in zip(world.clips, tiny.clips, strict=False):
        assert made.read_bytes() == known.read_bytes()
    make_clip(tmp_path, 0, settings=replace(tiny.settings, seed=8))
    assert world.clips[0].read_bytes() != tiny.clips[0].read_bytes()


def test_a_file_of_someone_else_is_left_alone(tiny: World, tmp_path: Path) -> None:
    path = tmp_path / "clips" / tiny.clips[0].name
    path.parent.mkdir()
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=5)
        stream.width = stream.height = 32
        container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")))
        container.mux(stream.encode(None))
    theirs = path.read_bytes()
    with pytest.raises(UsageError, match="not a synthetic clip"):
        make_clip(tmp_path, 0, settings=tiny.settings)
    assert path.read_bytes() == theirs


def test_importing_the_source_loads_no_codec() -> None:
    code = "import triptych.catalogue.sources.synthetic, sys; sys.exit(bool({'av', 'cv2'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ------------------------------------------------------------------------------------- the truth is true


@pytest.mark.parametrize("seconds", [1.9, 2.0, 8.0, 90.0])
@pytest.mark.parametrize("rate_fps", [15.0, 23.976, 50.0])
def test_parts_tile_the_timeline(seconds: float, rate_fps: float) -> None:
    settings = Settings(seconds=seconds, rate_fps=rate_fps)
    kinds: Counter[str] = Counter()
    for index in range(24):
        _, truth = draw_item(settings, index)
        assert truth.parts[0].start_s == 0
        assert truth.parts[-1].end_s == pytest.approx(settings.frames / settings.rate, abs=1e-5)
        for before, after in zip(truth.parts[:-1], truth.parts[1:], strict=True):
            assert before.end_s == after.start_s
        for part in truth.parts:
            assert (part.end_s - part.start_s) * settings.rate >= 1 - 1e-3, "no part is shorter than a picture"
        length = truth.parts[-1].end_s
        inside = {kind: [p for p in truth.parts if p.kind == kind] for kind in ("logo", "title", "credits", "shot")}
        assert all(part.end_s <= 0.15 * length for part in inside["logo"])
        assert all(part.start_s >= 0.85 * length - 1e-6 for kind in ("title", "credits") for part in inside[kind])
        assert len(inside["shot"]) >= 3
        assert len(truth.cuts_s) >= 1
        kinds.update({part.kind for part in truth.parts})
    assert all(kinds[kind] == 24 for kind in ("black", "logo", "shot", "fade_in", "fade_out", "title", "credits"))
    assert 4 <= kinds["card"] <= 20, "some clips have a text card, not all"


def test_pace_belongs_to_the_look(wide: World) -> None:
    shots = {look: [] for look in range(len(LOOKS))}
    for truth in wide.truths:
        shots[truth.look].append(sum(part.kind == "shot" for part in truth.parts))
    counts = [float(np.mean(shots[look])) for look in range(len(LOOKS))]
    order = np.argsort([theme.shot_s for theme in LOOKS])
    assert counts[order[0]] > counts[order[1]] > counts[order[2]] > counts[order[-1]]


def test_the_file_is_what_was_planned(tiny: World) -> None:
    for path, truth in zip(tiny.clips, tiny.truths, strict=True):
        pictures, sound, rate = decode(path)
        assert pictures.shape == (30, 54, 96, 3)
        assert rate == 44_100
        assert sound.shape[0] == 2
        assert abs(sound.shape[1] / rate - 2.0) <= 1 / 15
        with av.open(str(path)) as container:
            assert {stream.codec_context.name for stream in container.streams} == {"h264", "aac"}
            assert abs(container.duration / 1e6 - truth.parts[-1].end_s) <= 1 / 15


def test_planted_parts_are_where_the_truth_says(tmp_path: Path) -> None:
    settings = Settings(seed=2, seconds=6.0, width_px=128, height_px=72)
    index = next(k for k in range(99) if "card" in kinds_of(draw_item(settings, k)[1]))
    arrival = make_clip(tmp_path, index, settings=settings)
    pictures, sound, rate = decode(arrival.clip)
    moved = np.abs(np.diff(pictures, axis=0)).mean(axis=(1, 2, 3))
    for part in arrival.truth.parts:
        first, last = round(part.start_s * 15), round(part.end_s * 15)
        shown, steps = pictures[first:last], moved[first : last - 1]
        if part.kind == "black":
            assert shown.max() <= 8, "black is black"
        if part.kind in ("logo", "card"):
            assert steps.max(initial=0.0) < 0.7, "a card stands still"
            assert shown.max() - shown.min() > 120, "a card can be read"
        if part.kind in ("shot", "credits"):
            assert steps.min() > 0.05, "content moves, credits scroll"
        if part.kind == "fade_in":
            assert shown[0].mean() < pictures[last].mean()
        if part.kind == "fade_out":
            assert shown[-1].mean() < pictures[first - 1].mean()
    cuts = [round(cut * 15) for cut in arrival.truth.cuts_s]
    within = [
        moved[k - 1] for k in range(1, len(pictures)) if k not in cuts and kind_at(arrival.truth, k / 15) == "shot"
    ]
    assert min(moved[cut - 1] for cut in cuts) > 3 * np.median(within), "a cut is a jump"
    loud = {kind: loudness(sound, rate, arrival.truth, kind) for kind in ("black", "logo", "shot")}
    assert loud["black"] < 0.1 * loud["logo"]
    assert loud["logo"] < 0.4 * loud["shot"]


def kinds_of(truth: Truth) -> set[str]:
    return {part.kind for part in truth.parts}


def kind_at(truth: Truth, at_s: float) -> str:
    return next(part.kind for part in truth.parts if part.start_s <= at_s + 1e-4 < part.end_s)


def loudness(sound: np.ndarray, rate: int, truth: Truth, kind: str) -> float:
    """Root mean square in the first part of a kind, without the codec's smear at its ends."""
    part = next(part for part in truth.parts if part.kind == kind)
    inset = 0.2 * (part.end_s - part.start_s)
    piece = sound[:, round(part.start_s * rate) : round((part.end_s - inset) * rate)]
    return float(np.sqrt(np.mean(piece**2)))


# ------------------------------------------------------------------------------------------- independence


@pytest.mark.parametrize(("a", "b"), [("look", "sound"), ("look", "plot"), ("sound", "plot")])
def test_themes_are_independent_and_even(wide: World, a: str, b: str) -> None:
    counts = np.zeros((6, 6))
    for truth in wide.truths:
        counts[getattr(truth, a), getattr(truth, b)] += 1
    expected = counts.sum(1, keepdims=True) * counts.sum(0, keepdims=True) / counts.sum()
    assert ((counts - expected) ** 2 / expected).sum() < 52.6, "χ² with 25 degrees of freedom, p = .001"
    assert ((counts.sum(1) - 100) ** 2 / 100).sum() < 20.5, "χ² with 5 degrees of freedom, p = .001"


def test_genres_follow_plot_and_look_and_are_noisy(wide: World) -> None:
    firsts = [PLOT_GENRES[truth.plot][0] in item.genres for truth, item in zip(wide.truths, wide.items, strict=True)]
    looks = [LOOK_GENRES[truth.look] in item.genres for truth, item in zip(wide.truths, wide.items, strict=True)]
    others = [
        LOOK_GENRES[(truth.look + 1) % 6] in item.genres for truth, item in zip(wide.truths, wide.items, strict=True)
    ]
    assert 0.85 < np.mean(firsts) < 1
    assert np.mean(others) + 0.15 < np.mean(looks) < 0.75
    assert all(item.genres and len(set(item.genres)) == len(item.genres) for item in wide.items)


def nearest_share(features: np.ndarray, themes: list[int]) -> float:
    """Share of rows whose nearest other row has the same theme."""
    gaps = ((features[:, None] - features[None]) ** 2).sum(-1)
    np.fill_diagonal(gaps, np.inf)
    return float(np.mean(np.array(themes)[gaps.argmin(1)] == np.array(themes)))


def test_clips_of_one_look_are_alike() -> None:
    from triptych.catalogue.sources.synthetic import look

    settings = Settings(seed=11, width_px=64, height_px=36)
    _, any_truth = draw_item(settings, 0)
    rows, themes = [], []
    for theme in range(6):
        for index in range(4):
            truth = replace(any_truth, look=theme, index=index)
            shots = [list(look.shot(truth, settings, scene=scene, frames=2))[1] for scene in (2, 3)]
            bins = (np.clip(np.stack(shots), 0, 0.999) * 4).astype(int).reshape(-1, 3) @ [16, 4, 1]
            rows.append(np.sqrt(np.bincount(bins, minlength=64) / len(bins)))
            themes.append(theme)
    assert nearest_share(np.array(rows), themes) == 1
    assert len({row.tobytes() for row in rows}) == len(rows), "no two clips are the same"


def test_clips_of_one_sound_are_alike() -> None:
    from triptych.catalogue.sources.synthetic import tone

    settings = Settings(seed=11, seconds=4.0)
    _, any_truth = draw_item(settings, 0)
    rows, themes = [], []
    for theme in range(6):
        for index in range(3):
            sound = tone.music(replace(any_truth, sound=theme, index=index), settings)
            assert sound.dtype == np.float32
            assert np.abs(sound).max() < 1
            frames = sound.mean(0)[: 172 * 1024].reshape(172, 1024)
            power = np.abs(np.fft.rfft(frames * np.hanning(1024), axis=1)) ** 2
            edges = np.unique(np.geomspace(1, 512, 16).astype(int))
            bands = np.log10(np.add.reduceat(power, edges, axis=1) + 1e-4)
            rows.append(np.concatenate([bands.mean(0), bands.std(0), np.abs(np.diff(bands, axis=0)).mean(0)]))
            themes.append(theme)
    assert nearest_share(np.array(rows), themes) >= 0.94


def test_plots_of_one_theme_share_words_and_not_sentences(wide: World) -> None:
    plots = [item.plot for item in wide.items]
    assert len(set(plots)) == len(plots)
    sentences = Counter(len(plot.split(". ")) for plot in plots)
    assert set(sentences) == {3, 4, 5} or set(sentences) == {4, 5}
    bags = [{word.strip(".,'").lower() for word in plot.split() if len(word) > 4} for plot in plots[:150]]
    same, other = [], []
    for i in range(len(bags)):
        for j in range(i):
            alike = len(bags[i] & bags[j]) / len(bags[i] | bags[j])
            (same if wide.truths[i].plot == wide.truths[j].plot else other).append(alike)
    assert np.mean(same) > 2.5 * np.mean(other)
    assert np.quantile(same, 0.95) < 0.6
    assert not any("{" in text for item in wide.items for text in (item.plot, item.title))


# --------------------------------------------------------------------------------------------------- taste


def test_ratings_follow_the_utility_and_need_all_three_panels(wide: World) -> None:
    ratings = wide.interactions
    liked = utility(wide.users, wide.truths)[ratings.user, ratings.item]
    together = np.corrcoef(liked, ratings.rating)[0, 1]
    assert together > 0.85
    themes = np.array([truth.themes for truth in wide.truths])
    shares = wide.users.shares(themes)[ratings.user, ratings.item]
    alone = [np.corrcoef(shares[:, panel], ratings.rating)[0, 1] for panel in range(3)]
    pairs = [np.corrcoef(shares.sum(1) - shares[:, panel], ratings.rating)[0, 1] for panel in range(3)]
    panels = np.corrcoef(shares.sum(1), ratings.rating)[0, 1]
    assert min(alone) > 0.3, "every panel says something"
    assert max(alone) < 0.75 * panels, "none says it all"
    assert max(pairs) < 0.95 * panels, "nor do two"
    assert set(np.unique(ratings.rating)) == {1, 2, 3, 4, 5}


def test_utility_is_the_sum_over_panels_that_its_equation_says() -> None:
    world = draw_world(Path("a"), settings=Settings(seed=5), clips=7, users=3)
    truth, mix, likes = world.truths[4], world.users.mix[2], world.users.likes[2]
    expected = sum(mix[p] * likes[p, theme] for p, theme in enumerate(truth.themes)) / np.sqrt(sum(mix**2))
    assert utility(world.users, world.truths)[2, 4] == pytest.approx(expected + 0.3 * truth.appeal)
    assert world.users.mix.sum(axis=1) == pytest.approx(1)


def test_interactions_come_after_release_in_order_of_time(wide: World) -> None:
    ratings = wide.interactions
    released = np.array([item.released_at for item in wide.items], dtype="datetime64[s]").astype(np.int64)
    assert (ratings.timestamp > released[ratings.item]).all()
    assert (np.diff(ratings.timestamp) >= 0).all()
    assert np.ptp(ratings.timestamp) > 5 * 365 * 86_400, "spread over years"
    assert len(set(zip(ratings.user, ratings.item, strict=True))) == len(ratings), "nobody rates a title twice"
    per_user = np.bincount(ratings.user, minlength=len(wide.users))
    assert 20 <= per_user.min() < 25 < 55 < per_user.max() <= 60
    famous = np.argsort([-truth.fame for truth in wide.truths])[:120]
    assert np.isin(ratings.item, famous).mean() > 0.4, "a fifth of the titles has far more than a fifth of the ratings"


# ---------------------------------------------------------------------------------------------- the folder


def test_tables_parse_back(tiny: World) -> None:
    with (tiny.folder / "items.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row, item, path in zip(rows, tiny.items, tiny.clips, strict=True):
        assert (row["item_id"], row["title"], int(row["year"])) == (item.item_id, item.title, item.year)
        assert tuple(row["genres"].split("|")) == item.genres
        assert tuple(row["people"].split("|")) == item.people
        assert (row["plot"], row["released_at"]) == (item.plot, item.released_at)
        assert (float(row["runtime_min"]), row["certificate"]) == (item.runtime_min, item.certificate)
        assert tuple(row["countries"].split("|")) == item.countries
        assert tiny.folder / row["path"] == path
        assert path.is_file()
    with (tiny.folder / "interactions.csv").open(encoding="utf-8", newline="") as file:
        ratings = list(csv.DictReader(file))
    assert len(ratings) == len(tiny.interactions)
    assert {row["item_id"] for row in ratings} <= {row["item_id"] for row in rows}
    assert {row["user_id"] for row in ratings} == set(tiny.users.ids)
    assert [int(row["timestamp"]) for row in ratings] == tiny.interactions.timestamp.tolist()
    truth = json.loads((tiny.folder / "truth.json").read_text(encoding="utf-8"))
    assert [entry["item_id"] for entry in truth["items"]] == [row["item_id"] for row in rows]
    assert [entry["look_name"] for entry in truth["items"]] == [known.look_name for known in tiny.truths]
    assert [tuple(entry["cuts_s"]) for entry in truth["items"]] == [known.cuts_s for known in tiny.truths]
    assert len(truth["users"]) == 20
    assert truth["settings"]["seed"] == 3


def test_gaps_are_what_the_truth_says_and_change_nothing_else(tmp_path: Path) -> None:
    full, holed = Settings(seed=6, **TINY), Settings(seed=6, gaps=0.4, **TINY)
    drawn = [draw_item(holed, index) for index in range(200)]
    gaps = Counter(truth.gap for _, truth in drawn)
    assert 55 < 200 - gaps[""] < 105
    assert min(gaps[gap] for gap in ("no_sound", "silent", "no_plot")) > 12
    for item, truth in drawn:
        whole, known = draw_item(full, truth.index)
        assert known == replace(truth, gap="")
        assert item == (replace(whole, plot="") if truth.gap == "no_plot" else whole)
    first = {gap: next(truth.index for _, truth in drawn if truth.gap == gap) for gap in ("no_sound", "silent")}
    with av.open(str(make_clip(tmp_path, first["no_sound"], settings=holed).clip)) as container:
        assert not container.streams.audio
    _, sound, _ = decode(make_clip(tmp_path, first["silent"], settings=holed).clip)
    assert sound.shape[1] > 80_000
    assert np.abs(sound).max() < 1e-4


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"width_px": 97}, "even number"),
        ({"height_px": 0}, "even number"),
        ({"seconds": 1.0}, "at least 28 frames"),
        ({"seconds": float("nan")}, "no length"),
        ({"seconds": -1.0}, "no length"),
        ({"rate_fps": 0.0}, "1 to 120"),
        ({"gaps": 1.5}, "0 to 1"),
        ({"seed": -1}, "0 or above"),
        ({"clips": 0}, "at least one"),
        ({"users": 0}, "at least one"),
        ({"workers": 0}, "1 or more"),
    ],
)
def test_settings_that_cannot_be_honoured_are_refused(wrong: dict[str, float], says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=says):
        make_world(tmp_path, **wrong)  # pyright: ignore[reportArgumentType]
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SourceError, match=r"cannot be written.*choose"):
        make_world(tmp_path / "file", clips=1, users=1, **TINY)


def test_every_theme_has_its_names_and_makers() -> None:
    from triptych.catalogue.sources.synthetic.grammars import GRAMMARS
    from triptych.catalogue.sources.synthetic.instruments import PLAYERS
    from triptych.catalogue.sources.synthetic.scenery import PAINTERS

    assert len(LOOKS) == len(PAINTERS) == len(LOOK_GENRES)
    assert len(SOUNDS) == len(PLAYERS)
    assert len(PLOTS) == len(GRAMMARS) == len(PLOT_GENRES)
