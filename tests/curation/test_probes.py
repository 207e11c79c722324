"""Probes: each clip is looked at once, a bad one stops nothing, and what is known is of the file that is there."""

from __future__ import annotations

from pathlib import Path

import av.logging
import pytest

from tests.worlds.catalogues import Listed
from tests.worlds.clips import scene, tone, write_clip
from tests.worlds.holdings import holdings
from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.curation.probes import ClipFacts, Probes, probe
from triptych.errors import UsageError


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    write_clip(folder / "both.mp4", picture=scene((90, 60, 30)), sound=tone(440), seconds=2)
    write_clip(folder / "mute.mp4", picture=scene((30, 60, 90)), seconds=3)
    write_clip(folder / "sound.m4a", sound=tone(220), seconds=1)
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "noise.mp4").write_bytes(bytes(range(256)) * 40)
    whole = (folder / "both.mp4").read_bytes()
    (folder / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    return folder


@pytest.fixture
def catalogue(tmp_path: Path, media: Path) -> Catalogue:
    paths = {path.stem: path for path in sorted(media.iterdir())}
    return holdings(tmp_path / "films", *paths, "clipless", paths=paths)


def test_what_is_in_the_files(catalogue: Catalogue) -> None:
    facts = probe(catalogue)
    both, mute, sound = facts["both"], facts["mute"], facts["sound"]
    assert both.duration_s == pytest.approx(2.0, abs=0.1)
    assert both.declared_s == pytest.approx(2.0, abs=0.1)
    assert (both.width_px, both.height_px, both.picture_codec, both.sound_codec) == (96, 64, "h264", "aac")
    assert both.rate_fps == pytest.approx(12)
    assert (both.sounds, mute.sounds, sound.sounds) == (1, 0, 1)
    assert (mute.sound_codec, mute.fault) == ("", "")
    assert (sound.width_px, sound.rate_fps, sound.picture_codec) == (None, None, "")
    assert "clipless" not in facts


def test_a_bad_clip_has_its_reason_and_stops_nothing(catalogue: Catalogue) -> None:
    facts = probe(catalogue)
    assert len(facts) == 6
    for name, cause in (("empty", "is empty"), ("noise", "no known media"), ("cut", "cut off")):
        assert cause in facts[name].fault
        assert facts[name].duration_s is None


def test_they_are_kept_and_read(catalogue: Catalogue) -> None:
    found = probe(catalogue)
    assert Probes(catalogue.tables).read() == found
    assert catalogue.commits()[-1]["purpose"] == "probe"


def test_nothing_is_looked_at_twice(catalogue: Catalogue) -> None:
    probe(catalogue)
    version, looks = catalogue.tables.version("probes"), list[str]()
    probe(catalogue, progress=lambda done, total, last: looks.append(last))
    assert looks == []
    assert catalogue.tables.version("probes") == version


def test_a_file_that_was_replaced_is_looked_at_again(tmp_path: Path, media: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes((media / "mute.mp4").read_bytes())
    catalogue = holdings(tmp_path / "films", "film", paths={"film": path})
    before = probe(catalogue)["film"]
    path.write_bytes((media / "both.mp4").read_bytes())
    catalogue.add(Listed(items=[Item(item_id="film")], paths={"film": path}))
    after = probe(catalogue)["film"]
    assert (before.sounds, after.sounds) == (0, 1)
    assert before.fingerprint != after.fingerprint


def test_a_file_that_was_away_is_looked_for_again(tmp_path: Path, media: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes((media / "mute.mp4").read_bytes())
    catalogue = holdings(tmp_path / "films", "film", paths={"film": path})
    path.rename(tmp_path / "away.mp4")
    assert probe(catalogue)["film"] == ClipFacts(item_id="film", fingerprint="", fault="'film.mp4' is not there.")
    (tmp_path / "away.mp4").rename(path)
    assert probe(catalogue)["film"].fault == ""


def test_a_run_that_is_stopped_keeps_what_it_found(catalogue: Catalogue) -> None:
    def stop(done: int, total: int, last: str) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        probe(catalogue, workers=1, progress=stop)
    assert len(Probes(catalogue.tables).read()) == 3
    looks: list[str] = []
    assert len(probe(catalogue, progress=lambda done, total, last: looks.append(last))) == 6
    assert len(looks) == 3


def test_many_bad_clips_at_once_have_their_own_reasons_and_say_nothing(
    tmp_path: Path, media: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    paths = {f"cut {k}": tmp_path / f"cut {k}.mp4" for k in range(12)}
    for path in paths.values():
        path.write_bytes((media / "cut.mp4").read_bytes())
    level = av.logging.get_level()
    facts = probe(holdings(tmp_path / "films", *paths, paths=paths), workers=6)
    assert {fact.fault.count("index (moov) is missing") for fact in facts.values()} == {1}
    assert av.logging.get_level() == level
    assert capfd.readouterr().err == ""


def test_progress_tells_each(catalogue: Catalogue) -> None:
    told: list[tuple[int, int]] = []
    probe(catalogue, workers=3, progress=lambda done, total, last: told.append((done, total)))
    assert told == [(k, 6) for k in range(1, 7)]


def test_without_keeping_nothing_is_written(catalogue: Catalogue) -> None:
    names, commits = catalogue.tables.names(), catalogue.commits()
    kept = probe(catalogue, keep=False)
    assert len(kept) == 6
    assert (catalogue.tables.names(), catalogue.commits()) == (names, commits)
    assert probe(catalogue) == kept


def test_facts_of_items_that_are_gone_are_not_given(catalogue: Catalogue) -> None:
    probe(catalogue)
    catalogue.remove(["both"])
    assert "both" not in probe(catalogue)


def test_an_empty_catalogue(tmp_path: Path) -> None:
    assert probe(Catalogue.init(tmp_path / "films")) == {}


def test_someone_must_look(catalogue: Catalogue) -> None:
    with pytest.raises(UsageError, match="workers is 0"):
        probe(catalogue, workers=0)
