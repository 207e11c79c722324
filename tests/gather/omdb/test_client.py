"""Questions and the cache: what is kept, what is not, what is told of the key."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.gather.omdb.servers import KEY, FakeOmdb, Request, Site, film, questions, serving
from triptych.errors import UsageError
from triptych.gather.omdb.cache import Cache
from triptych.gather.omdb.client import Omdb
from triptych.gather.omdb.reply import Kind
from triptych.gather.pace import Pace
from triptych.gather.web import Manners, Web

DAY_S = 86_400.0


def web(**more: Any) -> Web:
    given = {"manners": Manners(read_s=0.3, tries=2, most_bytes=100_000), "sleep": lambda seconds: None, **more}
    return Web(rng=np.random.default_rng(0), **given)


@contextmanager
def asking(
    answer: Callable[[Request], None], folder: Path, *, key: str = KEY, now: Callable[[], float] = lambda: 0.0
) -> Iterator[tuple[Omdb, Site]]:
    with serving(answer) as site, web() as client:
        yield Omdb(client, key=key, cache=Cache(folder, now=now), address=site.address), site


def answering(body: str | bytes, **headers: Any) -> Callable[[Request], None]:
    return lambda request: request.reply(body, **headers)


TOY = film("tt0114709", "Toy Story")


def test_an_answer_is_asked_for_once(tmp_path: Path) -> None:
    with asking(FakeOmdb(films=[TOY]), tmp_path) as (client, site):
        first, second = client.by_id("tt0114709"), client.by_id("tt0114709")
        assert first == second
        assert first.kind is Kind.FOUND
        assert len(site.seen) == 1
        assert (client.asked, client.recalled) == (1, 1)


def test_threads_that_ask_the_same_send_one_question(tmp_path: Path) -> None:
    with asking(FakeOmdb(films=[TOY]), tmp_path) as (client, site):
        threads = [threading.Thread(target=client.by_id, args=("tt0114709",)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(site.seen) == 1


def test_no_film_is_remembered_for_a_month(tmp_path: Path) -> None:
    now = [0.0]
    fake = FakeOmdb(films=[])
    with asking(fake, tmp_path, now=lambda: now[0]) as (client, site):
        assert client.by_id("tt0114709").kind is Kind.MISSING
        now[0] = 29 * DAY_S
        assert client.by_id("tt0114709").kind is Kind.MISSING
        assert len(site.seen) == 1
        fake.films.append(TOY)
        now[0] = 31 * DAY_S
        assert client.by_id("tt0114709").kind is Kind.FOUND
        now[0] = 3100 * DAY_S
        assert client.by_id("tt0114709").kind is Kind.FOUND
        assert len(site.seen) == 2


DEEP = "[" * 100_000

RUBBISH = {
    "HTML": (answering("<html>Cloudflare</html>", Content_Type="text/html"), "bytes of text/html that are no JSON"),
    "nothing": (answering(""), "0 bytes of text that are no JSON"),
    "half": (answering(json.dumps(TOY)[:-20]), "no JSON"),
    "a list": (answering("[]"), "JSON that is no object"),
    "a word": (answering('"True"'), "JSON that is no object"),
    "no response": (answering("{}"), "does not say whether"),
    "NaN": (answering('{"Response": "True", "imdbRating": NaN}'), "no JSON"),
    "no UTF-8": (answering(b'{"Response": "\xff\xfe"}'), "does not say whether"),
    "too deep": (answering(DEEP[:90_000]), "no JSON"),
    "huge": (answering(b" " * 200_000), "larger than 100,000 bytes"),
    "another film": (answering(json.dumps(film("tt0000001", "x"))), "of tt0000001 when asked of tt0114709"),
    "a wrong type": (answering(json.dumps(TOY | {"Plot": ["x"]})), "whose Plot is list"),
    "an error of its own": (answering('{"Response": "False", "Error": "Error getting data."}'), "Error getting data"),
    "no reason": (answering('{"Response": "False"}'), "without a reason"),
    "a wrong reason": (answering('{"Response": "False", "Error": [1]}'), "without a reason"),
    "a broken line": (lambda request: request.truncate(b'{"Resp', 500), "2 tries"),
    "silence": (lambda request: request.stall(), r"read timeout.*2 tries"),
    "404": (answering("no", status=404), "404"),
    "500": (answering("no", status=500), "500"),
    "a film that is forbidden": (answering(json.dumps(TOY), status=403), "with the status 403"),
}


@pytest.mark.parametrize(("answer", "reason"), RUBBISH.values(), ids=RUBBISH)
def test_rubbish_is_a_failure_with_its_reason_and_is_not_kept(
    answer: Callable[[Request], None], reason: str, tmp_path: Path
) -> None:
    with asking(answer, tmp_path) as (client, site):
        reply = client.by_id("tt0114709")
        assert reply.kind is Kind.FAILED
        assert re.search(reason, reply.reason), reply.reason
        asked = len(site.seen)
        client.by_id("tt0114709")
        assert len(site.seen) == 2 * asked
    assert KEY not in reply.reason
    assert not list(tmp_path.rglob("*"))


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (answering('{"Response":"False","Error":"Request limit reached!"}', status=401), Kind.LIMIT),
        (answering('{"Response":"False","Error":"Request limit reached!"}'), Kind.LIMIT),
        (answering("<h1>Too many</h1>", status=429, Retry_After="3600"), Kind.LIMIT),
        (answering('{"Response":"False","Error":"Invalid API key!"}', status=401), Kind.KEY),
        (answering('{"Response":"False","Error":"No API key provided."}', status=401), Kind.KEY),
        (answering('{"Response":"False","Error":"Too many results."}'), Kind.BROAD),
        (answering('{"Response":"False","Error":"Incorrect IMDb ID."}'), Kind.MISSING),
    ],
)
def test_what_omdb_says_no_with(answer: Callable[[Request], None], kind: Kind, tmp_path: Path) -> None:
    with asking(answer, tmp_path) as (client, _):
        assert client.by_id("tt0114709").kind is kind
    assert bool(list(tmp_path.rglob("*.json"))) == (kind in (Kind.BROAD, Kind.MISSING))


def test_a_spent_quota_of_our_own_is_a_limit_too(tmp_path: Path) -> None:
    with serving(FakeOmdb(films=[TOY])) as site, web(pace=Pace(per_second=1000, per_day=1)) as client:
        omdb = Omdb(client, key=KEY, cache=Cache(tmp_path), address=site.address)
        assert omdb.by_id("tt0114709").kind is Kind.FOUND
        assert omdb.by_id("tt0000001").kind is Kind.LIMIT
        assert omdb.by_id("tt0114709").kind is Kind.FOUND


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[: len(text) // 2],
        lambda text: "[]",
        lambda text: text.replace("tt0114709", "tt0114710"),
        lambda text: text.replace('"format": 1', '"format": 99'),
        lambda text: text.replace('"Plot": "The plot of Toy Story."', '"Plot": {}'),
        lambda text: "[" * 100_000,
    ],
    ids=["empty", "half", "a list", "of another film", "another format", "a wrong type", "too deep"],
)
def test_a_damaged_file_is_fetched_again(damage: Callable[[str], str], tmp_path: Path) -> None:
    with asking(FakeOmdb(films=[TOY]), tmp_path) as (client, site):
        client.by_id("tt0114709")
        (kept,) = tmp_path.glob("*.json")
        whole = kept.read_text()
        kept.write_text(damage(whole))
        assert client.by_id("tt0114709").kind is Kind.FOUND
        assert len(site.seen) == 2
        assert json.loads(kept.read_text()) == json.loads(whole)


def test_the_key_goes_into_the_request_and_nowhere_else(tmp_path: Path) -> None:
    """Not even where the server says it back."""
    key = "a1b2c3d4"
    echo = film("tt0114709", f"Toy {key}", Poster=f"https://img.example.org/?apikey={key}&i=tt0114709")
    with asking(FakeOmdb(films=[echo], key=key), tmp_path, key=key) as (client, site):
        reply = client.by_id("tt0114709")
        assert f"apikey={key}" in site.seen[0]
        assert key not in repr(client) + repr(vars(reply))
    with asking(answering(f'{{"Response":"False","Error":"Bad key {key}"}}'), tmp_path, key=key) as (client, _):
        assert key not in client.by_id("tt0000002").reason
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(kept) == 1
    assert all(key not in path.read_text() + path.name for path in kept)


def test_what_is_asked_arrives_as_it_was_meant(tmp_path: Path) -> None:
    odd = "Cats & Dogs? 50% #1 + é=ü"
    with asking(FakeOmdb(films=[]), tmp_path) as (client, site):
        client.search(odd)
        client.by_title(odd, 1995)
    assert sorted(questions(site.seen)) == [
        "/?s=Cats+%26+Dogs%3F+50%25+%231+%2B+%C3%A9%3D%C3%BC&type=movie",
        "/?t=Cats+%26+Dogs%3F+50%25+%231+%2B+%C3%A9%3D%C3%BC&y=1995&type=movie&plot=full",
    ]


@pytest.mark.parametrize("key", ["", " ", "k\n", " k", "k\x00"])
def test_a_key_that_is_none(key: str, tmp_path: Path) -> None:
    with web() as client, pytest.raises(UsageError, match="key"):
        Omdb(client, key=key, cache=Cache(tmp_path))


@pytest.mark.parametrize("address", ["", "omdbapi.com", "file:///x", "http://", "http://h/?apikey=s3cret", "http://[x"])
def test_an_address_that_is_none(address: str, tmp_path: Path) -> None:
    with web() as client, pytest.raises(UsageError, match="no address to ask") as caught:
        Omdb(client, key=KEY, cache=Cache(tmp_path), address=address)
    assert "s3cret" not in str(caught.value)
