"""The run: every fault of a server ends in a clip or in a row that says why not."""

from __future__ import annotations

import threading
from itertools import pairwise
from pathlib import Path

import pytest

from tests.gather.trailers.conftest import Run
from tests.gather.trailers.faulty import Server
from triptych import Catalogue, Item
from triptych.catalogue.sources.source import Addition
from triptych.errors import CatalogueUnwritable, FetchError, UsageError
from triptych.gather.pace import Pace
from triptych.gather.trailers.attempt import Attempt
from triptych.gather.trailers.availability import Availability, Finding
from triptych.gather.trailers.depot import Depot
from triptych.gather.trailers.fetcher import Fetcher
from triptych.gather.trailers.hosts import MANY_VAIN
from triptych.gather.trailers.reason import Reason
from triptych.gather.trailers.settings import Settings

EXPECTED = {
    "good": None,
    "once429": None,
    "once500": None,
    "hops": None,
    "404": Reason.UNAVAILABLE,
    "410": Reason.UNAVAILABLE,
    "403": Reason.FORBIDDEN,
    "429": Reason.RATE_LIMITED,
    "500": Reason.SERVER_ERROR,
    "truncate": Reason.TRUNCATED,
    "cut": Reason.TRUNCATED,
    "loop": Reason.REDIRECTS,
    "tofile": Reason.REFUSED_ADDRESS,
    "toftp": Reason.REFUSED_ADDRESS,
    "html": Reason.NOT_A_VIDEO,
    "page": Reason.NOT_A_VIDEO,
    "empty": Reason.NOT_A_VIDEO,
    "long": Reason.TOO_LONG,
}


def rows_of(catalogue: Catalogue) -> dict[str, Finding]:
    return Availability(catalogue.tables).findings()


def asked(server: Server, name: str) -> int:
    return sum(f"/{name}.mp4" in asked.path for asked in server.log)


def test_every_fault_ends_as_it_should(catalogue: Catalogue, server: Server, run: Run) -> None:
    name_of = {fault: f"n-{fault}" for fault in EXPECTED}
    server.clips.update(dict.fromkeys(name_of.values(), server.clips["a"]))
    hostile = ["file:///etc/passwd", f"{server.base}/good/$(id).mp4", f"{server.base}/good/a b.mp4", "--exec=true"]
    lines = [server.url(fault, name) for fault, name in name_of.items()]
    fetched = run(*lines, *hostile, tries=2)

    rows = rows_of(catalogue)
    assert {fault: rows[f"{name}.mp4"].reason for fault, name in name_of.items()} == EXPECTED
    assert [rows[line].reason for line in hostile] == [
        Reason.REFUSED_ADDRESS,
        *[Reason.NOT_A_LINK] * 3,
    ]
    good = {f"n-{fault}.mp4" for fault, reason in EXPECTED.items() if reason is None}
    clips = {clip.item_id: Path(clip.path) for clip in catalogue.clips()}
    assert set(clips) == good == set(catalogue.item_ids())
    assert {rows[item_id].title for item_id in good} == {item_id.removesuffix(".mp4") for item_id in good}
    assert all(path.read_bytes() == server.clips["a"] for path in clips.values())
    assert all(rows[name].bytes == len(server.clips["a"]) and rows[name].duration_s for name in good)
    assert rows["n-404.mp4"].http_status == 404
    assert rows["n-500.mp4"].tries == 2
    assert rows["n-404.mp4"].tries == 1
    assert (fetched.listed, fetched.arrived, fetched.asked) == (len(EXPECTED) + 4, len(good), len(EXPECTED))
    assert sum(fetched.counts.values()) == fetched.listed
    assert next(iter(fetched.counts.items())) == ("fetched", len(good))
    # Nothing of the faulty ones is left but what the next run goes on with.
    media = catalogue.folder / "media" / "trailers"
    assert {path for path in media.iterdir() if path.is_file()} == set(clips.values())
    parts = [path.name for path in (media / ".partial").rglob("*") if path.is_file()]
    assert set(parts) <= {"clip.mp4.part"}


def test_the_next_run_asks_only_for_what_may_have_changed(catalogue: Catalogue, server: Server, run: Run) -> None:
    lines = [server.url("good", "a"), server.url("404", "gone"), server.url("500", "late"), "file:///etc/passwd"]
    run(*lines, tries=1)
    before = len(server.log)
    assert run(*lines, tries=1).asked == 1
    assert [asked.path for asked in server.log[before:]] == ["/500/late.mp4"]
    assert run(*lines, tries=1, retry_missing=True).asked == 2
    assert asked(server, "gone") == 2
    # Another address of the same item is another matter.
    server.clips["gone"] = server.clips["b"]
    again = run(f"gone.mp4\t{server.url('good', 'gone')}", server.url("good", "a"))
    assert (again.unknown, again.listed) == (1, 1)
    run(server.url("good", "gone"))
    assert rows_of(catalogue)["gone.mp4"].reason is None


def test_an_item_with_a_clip_is_left_alone(catalogue: Catalogue, server: Server, run: Run, tmp_path: Path) -> None:
    from triptych.catalogue.sources.folder import Folder

    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "a.mp4").write_bytes(server.clips["b"])
    catalogue.add(Folder(path=tmp_path / "own"))
    fetched = run(server.url("good", "a"))
    assert fetched.counts == {"has a clip": 1}
    assert server.log == []


def test_two_items_with_one_address_share_one_fetch(catalogue: Catalogue, server: Server, run: Run) -> None:
    catalogue.add(Titles(["x", "y", "z"]))
    url = server.url("good", "a")
    assert run(f"x\t{url}", f"y\t{url}").arrived == 2
    before = len(server.log)
    late = run(f"x\t{url}", f"y\t{url}", f"z\t{url}")
    assert (late.arrived, late.asked, len(server.log)) == (1, 0, before)
    assert len({clip.path for clip in catalogue.clips()}) == 1
    assert rows_of(catalogue)["z"].duration_s is not None


def test_a_fetched_file_that_was_deleted_is_fetched_again(catalogue: Catalogue, server: Server, run: Run) -> None:
    run(server.url("good", "a"))
    path = Path(catalogue.clips()[0].path)
    path.unlink()
    run(server.url("good", "a"))
    assert path.exists()


def test_private_addresses_are_not_asked_unless_allowed(catalogue: Catalogue, server: Server, run: Run) -> None:
    fetched = run(server.url("good", "a"), allow_private=False)
    assert fetched.counts == {"refused address": 1}
    assert server.log == []
    assert run(server.url("good", "a")).counts == {"fetched": 1}


def test_a_host_that_asks_for_long_is_left_alone(catalogue: Catalogue, server: Server, run: Run) -> None:
    run(server.url("closed", "a"), *(server.url("good", f"x{k}") for k in range(6)), workers=1)
    rows = rows_of(catalogue)
    assert len(server.log) == 1
    assert {row.reason for row in rows.values()} == {Reason.RATE_LIMITED}
    assert sorted(row.tries for row in rows.values()) == [0, 0, 0, 0, 0, 0, 1]


def test_a_host_that_goes_on_saying_no_is_asked_ever_later_and_then_no_more(
    catalogue: Catalogue, server: Server, run: Run
) -> None:
    lines = [server.url("limit", f"x{k}") for k in range(9)]
    assert run(*lines, workers=1, tries=9, longest_wait_s=0.3).counts == {"rate limited": 9}
    times = [asked.at for asked in server.log]
    gaps = [late - early for early, late in pairwise(times)]
    # After 0.05, 0.1 and 0.2 s it would be 0.4 s, which is longer than anyone waits.
    assert all(gap >= least for gap, least in zip(gaps, (0.05, 0.1, 0.2), strict=True))


def test_an_address_that_was_refused_is_asked_when_that_is_allowed(
    catalogue: Catalogue, server: Server, run: Run
) -> None:
    catalogue.add(Titles(["x"]))
    line = f"x\t{server.url('good', 'a')}"
    assert run(line, allow_private=False).counts == {"refused address": 1}
    assert run(line).counts == {"fetched": 1}


def test_a_broken_yt_dlp_is_said_once(
    catalogue: Catalogue, server: Server, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken" / "yt_dlp").mkdir(parents=True)
    (tmp_path / "broken" / "yt_dlp" / "__init__.py").write_text("raise RuntimeError('half an upgrade')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "broken"))
    with pytest.raises(FetchError, match="half an upgrade"):
        run(server.url("good", "a"))
    assert server.log == []


def test_a_host_that_is_not_there_is_not_asked_for_ever(catalogue: Catalogue, run: Run, server: Server) -> None:
    base = server.base
    server.shutdown()
    server.server_close()
    fetched = run(*(f"{base}/good/x{k}.mp4" for k in range(MANY_VAIN + 10)), tries=1, workers=1)
    assert fetched.counts == {"network": MANY_VAIN + 10}
    assert fetched.tries == MANY_VAIN


def test_no_more_than_asked_for(catalogue: Catalogue, server: Server, run: Run) -> None:
    lines = [server.url("good", name) for name in ("a", "b")]
    assert run(*lines, limit=1).counts == {"fetched": 1, "not tried": 1}
    assert run(*lines, limit=0).asked == 0
    assert run(*lines).counts == {"fetched": 2}


def test_limits_on_size_are_kept_while_it_comes(catalogue: Catalogue, server: Server, run: Run) -> None:
    assert run(server.url("good", "a"), max_mb=0.02).counts == {"too large": 1}
    assert not any((catalogue.folder / "media" / "trailers" / ".partial").iterdir())


def test_what_arrived_but_was_not_looked_at_is_not_asked_for(catalogue: Catalogue, server: Server, run: Run) -> None:
    url = server.url("good", "a")
    (Depot(catalogue.folder).room(url) / "clip.mp4").write_bytes(server.clips["a"])
    fetched = run(url)
    assert (fetched.arrived, fetched.tries, server.log) == (1, 0, [])


def test_a_rest_that_does_not_fit_is_fetched_anew(catalogue: Catalogue, server: Server, run: Run) -> None:
    url = server.url("good", "a")
    (Depot(catalogue.folder).room(url) / "clip.mp4.part").write_bytes(b"\x00" * 1000)
    run(url)
    assert Path(catalogue.clips()[0].path).read_bytes() == server.clips["a"]
    assert rows_of(catalogue)["a.mp4"].tries == 2


def test_a_folder_that_cannot_be_written_stops_the_run(catalogue: Catalogue, server: Server, run: Run) -> None:
    (catalogue.folder / "media").touch()
    with pytest.raises(CatalogueUnwritable):
        run(server.url("good", "a"))


def test_settings_that_make_no_sense() -> None:
    for given in ({"workers": 0}, {"tries": 0}, {"max_mb": 0}, {"timeout_s": float("nan")}, {"min_s": 9, "max_s": 8}):
        with pytest.raises(UsageError):
            Settings(**given)  # pyright: ignore[reportArgumentType]


class Titles:
    def __init__(self, ids: list[str]) -> None:
        self.ids = ids

    def read(self, folder: Path) -> Addition:
        return Addition(items=[Item(item_id=item_id) for item_id in self.ids])


def test_a_stall_is_ended_and_the_next_try_goes_on_there(catalogue: Catalogue, server: Server, run: Run) -> None:
    server.clips.update(hung=server.clips["a"], late=server.clips["long"])
    lines = [server.url("stall", "hung"), server.url("stall-once", "late")]
    fetched = run(*lines, timeout_s=3.0, tries=2, max_s=20.0)
    assert fetched.counts == {"fetched": 1, "stalled": 1}
    assert any(asked.start > 10_000 and asked.status == 206 for asked in server.log)
    assert Path(catalogue.clips()[0].path).read_bytes() == server.clips["long"]
    part = next((catalogue.folder / "media" / "trailers" / ".partial").glob("*/clip.mp4.part"))
    assert server.clips["a"].startswith(part.read_bytes())


def test_each_try_waits_for_its_turn(tmp_path: Path) -> None:
    slept: list[float] = []
    attempt = Attempt(
        depot=Depot(tmp_path),
        settings=Settings(),
        pace=Pace(per_second=0.5, clock=lambda: 0.0, sleep=slept.append),
        stopped=threading.Event(),
    )
    ended = Fetcher(Settings())
    ended.end()
    for k in range(3):
        tried = attempt.made(ended, f"https://example.org/{k}", "x")
        assert tried.verdict is not None
        assert tried.verdict.reason is Reason.CRASHED
    assert slept == [2.0, 4.0]
