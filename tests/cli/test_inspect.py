"""Inspect: what is told of an item whose clip is known to the second, and of items that have little to tell."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from tests.cli.conftest import Triptych
from tests.cli.test_page import Outline
from tests.worlds.clips import HEIGHT, WIDTH, Picture, scene, silence, tone, write_clip
from tests.worlds.weights import LABELS, tiny
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Clip, Item
from triptych.catalogue.sources.source import Addition
from triptych.cli import inspect_figure, inspect_page, inspect_sheet
from triptych.cli.inspect import file_word
from triptych.cli.inspect_canvas import MARGIN_PX, SEEING, WIDTH_PX, plain
from triptych.cli.inspect_figure import crowded, drawn, pace
from triptych.cli.inspect_hearing import Hearing, Moment
from triptych.cli.inspect_lane import binned, clock
from triptych.cli.inspection import ClipFacts, Inspection, Pictures, Shot, ShotFacts, Stored, inspected
from triptych.drawing.axis import Axis
from triptych.drawing.page import POLICY
from triptych.features.feature import Feature
from triptych.features.recipe import Recipe
from triptych.features.registry import build
from triptych.features.store import FeatureStore
from triptych.media.contact_sheet import WALL, Tile, best_picture, colours, jpeg_of, reason_at, shrunk, wall
from triptych.media.loader import open_reel
from triptych.media.reel import Want
from triptych.media.sampling import TRACK, TWO_PASS, Sampling

HOSTILE = '</title></style><script>alert(1)</script><img src=x onerror="y">\u202e'
WHOLE = {"html", "head", "meta", "title", "style", "body", "main", "section", "p", "div", "h1", "h2", "h3", "i", "b"}
PARTS = {"span", "small", "dl", "dt", "dd", "ol", "ul", "li", "img", "figure", "figcaption", "details", "summary"}
TABLES = {"table", "tr", "th", "td", "code", "mark"}
SVG = {"svg", "desc", "defs", "pattern", "g", "rect", "text", "line", "path", "circle"}

#: [s] Black until the first; then three scenes, each from one of these to the next.
BORDERS_S = (2.0, 7.0, 12.0, 16.0)


def planted() -> Picture:
    scenes = [scene(rgb, seed=seed) for seed, rgb in enumerate(((200, 60, 40), (40, 90, 200), (60, 180, 60)), 1)]

    def picture(at_s: float) -> np.ndarray:
        if at_s < BORDERS_S[0]:
            return np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        return scenes[sum(at_s >= border for border in BORDERS_S[1:3])](at_s)

    return picture


def loud_then_still(times_s: np.ndarray) -> np.ndarray:
    return np.where(times_s < 8, tone(440)(times_s), 0.0)


def one_pixel(path: Path) -> Path:
    with av.open(str(path), "w") as out:
        video = out.add_stream("ffv1", rate=12)
        video.width = video.height = 1
        video.pix_fmt = "bgr0"
        for k in range(24):
            picture = np.full((1, 1, 3), 10 * k, np.uint8)
            out.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(1, 1, "bgr0")))
        out.mux(video.encode())
    return path


def half_second(k: int) -> Moment:
    shares = {"speech": 0.5, "music": 0.3, "other": 0.2, "silent": 0.0, "harmonic": 0.6, "percussive": 0.1}
    return Moment(start_s=k / 2, end_s=k / 2 + 0.5, kind="speech", **shares)


class Items:
    """Items of which nothing but the id is known."""

    def __init__(self, *item_ids: str) -> None:
        self.item_ids = item_ids

    def read(self, folder: Path) -> Addition:
        return Addition(items=[Item(item_id=item_id) for item_id in self.item_ids])


class Few:
    """One item of each kind."""

    def __init__(self, clips: Path) -> None:
        self.clips = clips

    def read(self, folder: Path) -> Addition:
        paths = {
            "planted": write_clip(self.clips / "planted.mp4", picture=planted(), sound=loud_then_still, seconds=16),
            HOSTILE: write_clip(self.clips / "hostile.mp4", picture=scene((150, 150, 60), seed=4), sound=silence),
            "heard": write_clip(self.clips / "heard.m4a", sound=tone(700)),
            "dot": one_pixel(self.clips / "dot.mkv"),
            "broken": self.clips / "broken.mp4",
            "gone": self.clips / "gone.mp4",
        }
        paths["broken"].write_bytes(b"no film" * 1000)
        items = [
            Item(item_id="planted", title="Planted", year=1999, genres=("Drama",), plot="John Hammond invited Ann."),
            Item(item_id=HOSTILE, title=HOSTILE, genres=(HOSTILE,), plot=f"{HOSTILE} In Paris, Ann met {HOSTILE}."),
            *(Item(item_id=item_id, title=item_id.title()) for item_id in ("heard", "dot", "broken", "gone")),
            Item(item_id="../up", title="Without a clip"),
            Item(item_id="a b"),
            Item(item_id="a-b"),
        ]
        clips = [Clip(item_id=i, path=str(p), bytes=1, fingerprint=i[:9]) for i, p in paths.items()]
        return Addition(items=items, clips=clips)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import triptych

    folder = tmp_path_factory.mktemp("inspect")
    (folder / "clips").mkdir()
    catalogue = Catalogue.init(folder / "films")
    catalogue.add(Few(folder / "clips"))
    triptych.extract(catalogue, extractors=[build("hearing/acoustic"), build("seeing/colour")], workers=1)
    return catalogue.folder


@pytest.fixture(scope="module")
def found(films: Path) -> tuple[Inspection, Pictures]:
    return inspected(Catalogue.open(films), "planted")


@pytest.fixture(scope="module")
def text(found: tuple[Inspection, Pictures]) -> str:
    return inspect_page.page(*found)


def words_of(text: str) -> str:
    return " ".join(Outline(text).words)


# -- what is known of the planted clip -------------------------------------------------------------------------


def test_what_was_planted_is_told(films: Path, triptych: Triptych) -> None:
    told = triptych("inspect", films, "planted", "--json").json
    [black] = told["rejected"]
    assert black["reason"] == "black"
    assert black["start_s"] == 0
    assert black["end_s"] == pytest.approx(BORDERS_S[0], abs=0.3)
    assert told["clip"]["left_s"] == pytest.approx(14, abs=0.3)
    starts = [shot["start_s"] for shot in told["shots"]]
    assert starts[0] == 0
    assert starts[-2:] == pytest.approx(BORDERS_S[1:3], abs=0.25)
    assert told["shot_facts"]["count"] == len(starts)
    assert told["shot_facts"]["least_s"] == 1
    assert (told["clip"]["picture"]["width_px"], told["clip"]["picture"]["height_px"]) == (WIDTH, HEIGHT)
    assert told["hearing"]["state"] == "heard"
    assert told["hearing"]["duration_s"] == pytest.approx(16, abs=0.1)
    assert told["reading"]["triples"][-1] == {
        "head": "John Hammond",
        "relation": "invited",
        "tail": "Ann",
        "sentence": 1,
    }
    assert {row["feature"]: row["status"] for row in told["stored"]} == {
        "seeing/colour": "done",
        "hearing/acoustic": "done",
    }
    assert (told["stored"][0]["sampling"], told["stored"][0]["pooling"]) == ("two-pass", "mean-std")


def test_the_curves_have_their_peaks_where_the_scenes_change(found: tuple[Inspection, Pictures]) -> None:
    told, _ = found
    at_s, most = max(told.change, key=lambda point: point[1])
    assert min(abs(at_s - border) for border in BORDERS_S[:3]) < 0.25
    assert most > 4 * float(np.median([value for _, value in told.change]))
    assert told.hearing is not None
    loud = [lufs for at_s, lufs in told.hearing.loudness if at_s < 7.7]
    still = [lufs for at_s, lufs in told.hearing.loudness if at_s > 8.4]
    # A sine of .4: 20 log10(.4 / √2) dB, less what K-weighting takes at 440 Hz.
    assert np.median(loud) == pytest.approx(20 * np.log10(0.4 / np.sqrt(2)), abs=1)
    assert told.hearing.integrated_lufs == pytest.approx(np.median(loud), abs=0.5)
    assert max(still) < -60
    kinds = [one.kind for one in told.hearing.moments]
    assert kinds[:15] == ["music"] * 15
    assert set(kinds[17:]) == {"silent"}
    means = {
        border: np.mean([c for t, c in told.colours if border + 0.3 < t < border + 3], axis=0) for border in (2, 7)
    }
    assert means[2][0] > 2 * means[2][2]
    assert means[7][2] > 2 * means[7][0]


def test_pictures_are_shown_of_the_whole_clip_and_measured_of_the_film(found: tuple[Inspection, Pictures]) -> None:
    told, pictures = found
    assert len(told.pictures_s) == len(pictures.wall) == 48
    end_s = told.rejected[0].end_s
    assert [tile.reason for tile in pictures.wall] == ["black" if tile.at_s < end_s else "" for tile in pictures.wall]
    assert min(told.pictures_s) < 0.3
    assert min(told.measured_s) >= end_s
    assert max(np.diff(told.pictures_s)) < 2 * 16 / 48
    for shot, tile in zip(told.shots, pictures.shots, strict=True):
        assert tile is not None
        assert shot.start_s <= tile.at_s < shot.end_s


# -- the page --------------------------------------------------------------------------------------------------


def test_the_page_asks_for_nothing_and_runs_nothing(text: str) -> None:
    found = Outline(text)
    assert {name for name, _ in found.tags} <= WHOLE | PARTS | TABLES | SVG
    assert [a["content"] for name, a in found.tags if name == "meta" and "http-equiv" in a] == [POLICY]
    for name, attributes in found.tags:
        assert not any(part.startswith("on") or part in ("style", "href") for part in attributes)
        assert str(attributes.get("src", "data:image/jpeg;base64,")).startswith("data:image/jpeg;base64,")
        assert "src" not in attributes or name == "img"
    assert "http" not in text.replace("http-equiv", "")
    for style in (inspect_page.STYLE, inspect_figure.STYLE):
        assert "url(" not in style
        assert style.count("{") == style.count("}")


def test_whoever_does_not_see_the_page_is_told_the_same(text: str) -> None:
    found = Outline(text)
    alts = [str(a["alt"]) for name, a in found.tags if name == "img"]
    assert len(alts) >= 48 + 3
    assert all(alts)
    assert any(re.fullmatch(r"At 0:0[01]\.\d, left out: black", alt) for alt in alts)
    drawings = [a for name, a in found.tags if name == "svg"]
    assert len(drawings) == 3
    assert all(a["role"] == "img" and a["aria-labelledby"] for a in drawings)
    ids = [a["id"] for _, a in found.tags if "id" in a]
    assert len(ids) == len(set(ids))
    named = {name for a in drawings for name in str(a["aria-labelledby"]).split()}
    assert named <= set(ids)
    summaries = re.findall(r"<summary>(.*?)</summary>", text)
    for table in ("What is left out", "Colours", "Motion", "Change", "Loudness", "Half seconds", "All of them"):
        assert f"{table}: the numbers" in summaries


def test_what_is_left_out_is_dimmed_and_says_why(text: str, found: tuple[Inspection, Pictures]) -> None:
    told, pictures = found
    sheet = text[text.index("<section id=sheet>") : text.index("<section id=shots>")]
    assert sheet.count("<li class=out>") == sum(bool(tile.reason) for tile in pictures.wall) > 2
    assert f"0:00.0 – {clock(told.rejected[0].end_s, fine=True)}: black" in words_of(sheet)


def test_no_number_is_missing_or_none(text: str) -> None:
    assert not re.search(r"\b(nan|inf|None|NaN)\b", words_of(text))


def test_the_drawing_is_to_scale(found: tuple[Inspection, Pictures]) -> None:
    told, _ = found
    assert told.clip is not None
    for kind, width in inspect_figure.WIDTHS.items():
        body = drawn(told, width, kind).body
        bars = re.findall(r'<rect class="fill-seeing"[^>]* x="([\d.]+)"[^>]* width="([\d.]+)"', body)
        lefts = np.array([float(x) for x, _ in bars])
        whole = float(bars[-1][0]) + float(bars[-1][1]) - lefts[0]
        expected = lefts[0] + whole * np.array([shot.start_s for shot in told.shots]) / told.clip.duration_s
        assert lefts == pytest.approx(expected, abs=0.5)
        places = [float(x) for x in re.findall(r'\bx[12]?="(-?[\d.]+)"', body)]
        assert min(places) >= 0
        assert max(places) <= width


def test_thousands_of_shots_and_pictures_are_a_page_too() -> None:
    count = 3000
    shots = tuple(
        Shot(start_s=2.0 * k, end_s=2.0 * k + 2, length_s=2.0, kind="cut", from_s=2.0 * k, to_s=2.0 * k)
        for k in range(count)
    )
    points = tuple((k / 6, (k % 97) / 970) for k in range(6 * 2 * count))
    seen = Inspection(
        item=Item(item_id="long", title="Long"),
        colours=tuple((at_s, (k % 256, 9, 9)) for k, (at_s, _) in enumerate(points)),
        change=points,
        motion=points,
        shots=shots,
        shot_facts=ShotFacts(
            count=count, mean_s=2.0, median_s=2.0, shortest_s=2.0, longest_s=2.0, per_min=30.0, least_s=1.0
        ),
        hearing=Hearing(
            state="heard",
            duration_s=2.0 * count,
            loudness=tuple((0.1 * k, -20.0 - k % 7) for k in range(20 * count)),
            integrated_lufs=-21.0,
            range_lu=3.0,
            speech_s=tuple((4.0 * k, 4.0 * k + 2) for k in range(count // 2)),
            speech_share=0.5,
            moments=tuple(half_second(k) for k in range(4 * count)),
            bpm=120.0,
            certainty=1.0,
            beats_s=tuple(0.5 * k for k in range(4 * count)),
        ),
    )
    facts = ClipFacts(
        path="long.mp4",
        bytes=10**9,
        container="mp4",
        declared_s=None,
        duration_s=2.0 * count,
        picture=None,
        sounds=(),
        keyframes=0,
        decoded_pictures=0,
        left_s=2.0 * count,
        warnings=(),
        faults={},
    )
    picture = np.zeros((9, 16, 3), np.uint8)
    tile = Tile(at_s=1.0, rgb=picture)
    noise = np.random.default_rng(0).random((400, 32)).astype(np.float32)
    pictures = Pictures(wall=(tile,) * 48, shots=(tile,) * 24, spectrum=noise)
    told = inspect_page.page(replace(seen, clip=facts), pictures)
    assert len(told) < 1_500_000
    assert "… and 2,976 more" in words_of(told)
    assert "1:40:00" in words_of(told)
    assert inspect_sheet.sheet(replace(seen, clip=facts), pictures).shape[1] == WIDTH_PX


def test_of_a_long_film_the_pace_is_drawn_and_no_shot_is_lost() -> None:
    starts = [*np.arange(0, 1000, 2.0), *np.arange(1000, 3000, 8.0)]
    shots = [
        Shot(start_s=a, end_s=b, length_s=b - a, kind="cut", from_s=a, to_s=a)
        for a, b in zip(starts, [*starts[1:], 3000.0], strict=True)
    ]
    x = Axis(low=0, high=3000, start=0, end=1000)
    assert crowded(shots, x)
    assert not crowded(shots[:200], x)
    points = pace(shots, x)
    wide_s = points[1][0] - points[0][0]
    assert sum(value * wide_s / 60 for _, value in points) == pytest.approx(len(shots))
    assert np.mean([value for at_s, value in points if at_s < 1000]) == pytest.approx(30, rel=0.05)
    assert np.mean([value for at_s, value in points if at_s > 1000]) == pytest.approx(7.5, rel=0.05)


def test_peaks_outlive_thinning() -> None:
    points = [(float(k), 9.0 if k == 777 else 1.0) for k in range(10_000)]
    kept = binned(points, 100)
    assert len(kept) == 100
    assert max(kept, key=lambda point: point[1]) == (777.0, 9.0)
    assert binned(points[:3], 100) == points[:3]


# -- items with little to tell ---------------------------------------------------------------------------------


def test_hostile_names_are_words_and_nothing_else(films: Path, triptych: Triptych, tmp_path: Path) -> None:
    answer = triptych("inspect", films, HOSTILE, "--out", tmp_path / "page.html")
    assert answer.status == 0
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "onerror=&quot;" in text
    assert "\u202e" not in text
    assert all(str(a["src"]).startswith("data:") for name, a in Outline(text).tags if name == "img")
    assert "Its sound track is silent." in words_of(text)
    assert "Sound silent" in words_of(text)
    assert '<mark class=place title="place">Paris</mark>' in text
    assert triptych("inspect", films, HOSTILE, "--out", tmp_path / "page.png").status == 0


@pytest.mark.parametrize(
    ("item_id", "words"),
    [
        ("heard", "4.0 seconds of sound; the clip has no picture track."),
        ("../up", "The catalogue has no clip of this item"),
        ("dot", "no black, card or credits at either end. It has no sound track."),
    ],
)
def test_what_has_little_to_tell_has_a_page(
    item_id: str, words: str, films: Path, triptych: Triptych, tmp_path: Path
) -> None:
    for name in ("page.html", "page.png"):
        answer = triptych("inspect", films, item_id, "--out", tmp_path / name)
        assert (answer.status, answer.out.strip()) == (0, str(tmp_path / name))
        assert words in answer.err
    text = words_of((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert words in text
    assert not re.search(r"\b(nan|inf|None|NaN)\b", text)
    assert cv2.imread(str(tmp_path / "page.png")).shape[1] == WIDTH_PX
    assert triptych("inspect", films, item_id, "--json").json["item"]["item_id"] == item_id


def test_why_a_feature_is_not_there_is_told(films: Path, triptych: Triptych, tmp_path: Path) -> None:
    triptych("inspect", films, "heard", "--out", tmp_path / "page.html")
    text = words_of((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert "1 done, 1 skipped" in text
    assert "the clip has no picture track" in text


@pytest.mark.parametrize("item_id", ["broken", "gone"])
def test_a_clip_that_cannot_be_read_is_an_error_and_no_page(
    item_id: str, films: Path, triptych: Triptych, tmp_path: Path
) -> None:
    answer = triptych("inspect", films, item_id, "--out", tmp_path / "page.html")
    assert answer.status == 5
    assert f"{item_id}.mp4" in answer.err
    assert "Traceback" not in answer.err
    assert not (tmp_path / "page.html").exists()


# -- the command -----------------------------------------------------------------------------------------------


def test_an_item_that_is_not_there_offers_those_that_are(films: Path, triptych: Triptych) -> None:
    answer = triptych("inspect", films, "plantd")
    assert answer.status == 2
    assert "no item 'plantd'" in answer.err
    assert "'planted'" in answer.err


def test_a_place_that_cannot_be_written_and_a_kind_that_is_not_known(
    films: Path, triptych: Triptych, tmp_path: Path
) -> None:
    answer = triptych("inspect", films, "heard", "--out", tmp_path / "no" / "where.html")
    assert answer.status == 3
    assert os.strerror(2) in answer.err
    answer = triptych("inspect", films, "heard", "--out", tmp_path / "page.pdf")
    assert answer.status == 2
    assert ".html" in answer.err
    assert ".png" in answer.err


def test_pages_lie_in_the_catalogue_unless_told_and_never_outside(films: Path, triptych: Triptych) -> None:
    pages = [Path(triptych("inspect", films, item_id).out.strip()) for item_id in ("../up", "a b", "a-b")]
    assert all(page.parent == films and page.is_file() for page in pages)
    assert len(set(pages)) == 3
    assert pages[2].name == "inspect-a-b.html"
    for page in pages:
        page.unlink()


@pytest.mark.parametrize("item_id", ["", "/", "..", "a/../../b", "x" * 4000, "é", "CON:", "\n"])
def test_any_id_makes_a_file_name(item_id: str) -> None:
    word = file_word(item_id)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}", word)
    assert word == file_word(item_id)


def test_json_alone_writes_no_page_and_beside_one_says_the_same(
    films: Path, triptych: Triptych, tmp_path: Path
) -> None:
    before = set(films.iterdir())
    alone = triptych("inspect", films, "heard", "--json").json
    assert set(films.iterdir()) == before
    both = triptych("inspect", films, "heard", "--json", "--out", tmp_path / "page.html")
    assert both.json == alone
    assert (tmp_path / "page.html").exists()


def test_the_page_is_opened_if_asked(films: Path, tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {tmp_path}/opened\n')
    browser.chmod(0o755)
    done = subprocess.run(
        [
            *(sys.executable, "-c", "from triptych.cli.main import run; run()"),
            *("inspect", str(films), "../up", "--out", str(tmp_path / "page.html"), "--open"),
        ],
        env={**os.environ, "BROWSER": f"{browser} %s"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "opened").read_text() == (tmp_path / "page.html").as_uri()


# -- the picture -----------------------------------------------------------------------------------------------


def test_the_sheet_shows_the_shots_to_scale_and_dims_what_is_left_out(found: tuple[Inspection, Pictures]) -> None:
    told, pictures = found
    assert told.clip is not None
    sheet = inspect_sheet.sheet(told, pictures)
    assert (sheet.dtype, sheet.shape[1]) == (np.uint8, WIDTH_PX)
    strong = (sheet == np.array(SEEING)).all(axis=2)
    row = strong[int(np.argmax(strong.sum(axis=1)))]
    edges = np.flatnonzero(np.diff(row.astype(int)) == 1) + 1
    left, right = MARGIN_PX + 56, WIDTH_PX - MARGIN_PX
    for shot in told.shots[2::2]:
        place = left + (right - left) * shot.start_s / told.clip.duration_s
        assert min(abs(edges - place)) <= 2
    # Black pictures are veiled with paper, those of the film are as they were.
    first = next(k for k in range(len(sheet)) if k > 100 and (sheet[k, MARGIN_PX] != 250).any())
    assert sheet[first + 20, MARGIN_PX + 20].mean() > 60


def test_letters_that_cannot_be_drawn_are_told_as_question_marks() -> None:
    assert plain("Léon – 1 × 1…") == "Leon - 1 x 1..."
    assert plain("七人の侍\x1b") == "?????"


# -- parts -----------------------------------------------------------------------------------------------------


def test_a_picture_for_a_shot_is_the_largest_there_is_near_its_middle(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", picture=scene((90, 120, 60)), seconds=6, scale=4)
    reel = open_reel(clip, Want(samplings=frozenset({TRACK, TWO_PASS, WALL})), threads=1)
    tile = best_picture(reel, 2.0, 4.0)
    assert tile is not None
    assert abs(tile.at_s - 3) < 0.2
    assert min(tile.rgb.shape[:2]) == WALL.short_side_px
    short = replace(reel, frames={TRACK: reel.frames[TRACK]})
    tile = best_picture(short, 2.0, 4.0)
    assert tile is not None
    assert min(tile.rgb.shape[:2]) == TRACK.short_side_px
    assert best_picture(reel, 4.0, 4.0) is None


def test_a_wall_says_why_and_colours_are_means(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", picture=planted(), seconds=16)
    reel = open_reel(clip, Want(samplings=frozenset({TWO_PASS, WALL})), threads=1)
    for tile in wall(reel):
        assert tile.reason == reason_at(reel.rejected, tile.at_s)
    told = colours(reel.frames[WALL])
    assert [at_s for at_s, _ in told] == reel.frames[WALL].times_s.tolist()
    assert np.abs(np.array([rgb for _, rgb in told]) - reel.frames[WALL].rgb.mean(axis=(1, 2))).max() <= 0.5


def test_pictures_are_made_smaller_and_never_larger() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (90, 160, 3), np.uint8)
    assert shrunk(picture, 45).shape == (45, 80, 3)
    assert shrunk(picture, 200) is picture
    back = cv2.imdecode(np.frombuffer(jpeg_of(picture, short_side_px=45), np.uint8), cv2.IMREAD_COLOR)
    assert back.shape == (45, 80, 3)


def test_stored_rows_are_those_of_the_item_and_those_of_seeing_come_first(films: Path, triptych: Triptych) -> None:
    for item_id in ("planted", "heard", "../up"):
        told = triptych("inspect", films, item_id, "--json").json["stored"]
        ledger = triptych("ledger", films, "--item", item_id, "--json").json
        assert {(row["feature"], row["recipe"], row["status"]) for row in told} == {
            (row["feature"], row["recipe"], row["status"]) for row in ledger
        }
        assert [row["feature"] for row in told] == ["seeing/colour", "hearing/acoustic"]


def test_what_is_in_most_pictures_is_read_off_what_is_stored(tmp_path: Path) -> None:
    catalogue = Catalogue.init(tmp_path / "films")
    catalogue.add(Items("a", "b"))
    labels = [[1, "person"], [2, "<b>dog"], [3, "kite"]]
    params = {"labels": labels, "measures": ["share"], "pooling": {"parts": 1, "statistic": "mean"}}
    stores = FeatureStore(catalogue.tables)
    medians = Recipe(panel="seeing", name="objects", params={**params, "pooling": {"parts": 1, "statistic": "median"}})
    told = Recipe(panel="seeing", name="objects", params=params)
    for recipe in (medians, told):
        stores.write(recipe, {"a": Feature(values=np.array([0.25, 0.75, 0.0], np.float32))})
    assert inspected(catalogue, "a")[0].objects == (("<b>dog", 0.75), ("person", 0.25))
    assert inspected(catalogue, "b")[0].objects == ()


def test_objects_that_were_measured_are_told_by_name(tmp_path: Path) -> None:
    import triptych

    (tmp_path / "clips").mkdir()
    write_clip(tmp_path / "clips" / "a.mp4", picture=scene((200, 90, 40)), seconds=2)
    catalogue = Catalogue.init(tmp_path / "films")
    catalogue.add(triptych.Folder(path=tmp_path / "clips"))
    store = FeatureStore(catalogue.tables)
    # What somebody attached under the same title does not say which column is what.
    attached = Recipe(panel="seeing", name="objects", params={"given": "elsewhere"})
    store.write(attached, {"a.mp4": Feature(values=np.ones(4, np.float32))})
    assert inspected(catalogue, "a.mp4")[0].objects == ()
    measured = build("seeing/objects", weights=tiny("yolos"), threshold=0.3, sampling=Sampling(count=3))
    triptych.extract(catalogue, extractors=[measured], workers=1)
    seen, pictures = inspected(catalogue, "a.mp4")
    values = store.sequences(measured.recipe)["a.mp4"].values
    assert values is not None
    named = dict(zip(measured.columns(), values.tolist(), strict=True))  # type: ignore[attr-defined]
    shares = {label: named[f"{label}_share_mean"] for label in LABELS.values()}
    assert any(shares.values())
    assert dict(seen.objects) == {label: share for label, share in shares.items() if share > 0}
    assert f"{seen.objects[0][0]} is in" in words_of(inspect_page.page(seen, pictures))


def test_failures_are_told_with_their_reason_and_objects_as_bars() -> None:
    seen = Inspection(
        item=Item(item_id="x"),
        stored=(
            Stored(
                feature="seeing/x", recipe="0" * 12, status="failed", reason=HOSTILE, warnings=("odd",), seconds=1.0
            ),
        ),
        objects=(("person", 0.75), ("<b>dog", 0.5)),
    )
    text = inspect_page.page(seen, Pictures())
    assert '<td class="state failed">failed</td>' in text
    assert "&lt;/title&gt;" in text
    assert "person is in 75.0 % of them" in text
    assert "&lt;b&gt;dog" in text
    assert inspect_sheet.sheet(seen, Pictures()).shape[0] > 200
