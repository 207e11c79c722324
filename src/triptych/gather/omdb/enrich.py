"""Enrich: fill what the items of a catalogue lack with what OMDb knows."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.records import Item
from triptych.catalogue.sources.source import Addition
from triptych.errors import FetchError
from triptych.gather.omdb.client import Omdb
from triptych.gather.omdb.match import Match, match
from triptych.gather.omdb.metadata import Account, Metadata, Status
from triptych.gather.omdb.reply import Kind

FIELDS = (
    "plot",
    "people",
    "directors",
    "languages",
    "countries",
    "runtime_min",
    "certificate",
    "poster",
    "genres",
    "released_at",
    "imdb_id",
    "imdb_rating",
    "imdb_votes",
    "year",
)
_EMPTY: tuple[object, ...] = (None, "", ())
_SOURCE = "omdb"


@dataclass(frozen=True, kw_only=True)
class Enriched:
    """What one run did. ``complete`` items lacked nothing and were not asked about; ``left`` were not come to.

    ``filled`` counts items by field. ``asked`` questions went to the server, ``recalled`` ones the cache answered.
    ``stopped`` says why the run ended early, if it did.
    """

    items: int
    found: int = 0
    missing: int = 0
    ambiguous: int = 0
    failed: int = 0
    complete: int = 0
    left: int = 0
    filled: Mapping[str, int] = field(default_factory=dict[str, int])
    asked: int = 0
    recalled: int = 0
    stopped: str = ""
    ambiguities: tuple[Account, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Filled:
    """A source of items that are known already, with more in them."""

    items: Sequence[Item]

    def read(self, folder: Path) -> Addition:
        return Addition(items=self.items)


def enrich(
    catalogue: Catalogue,
    client: Omdb,
    *,
    overwrite: bool = False,
    limit: int | None = None,
    batch: int = 50,
    workers: int = 4,
    failures: int = 20,
    progress: Callable[[int, int, str], None] | None = None,
) -> Enriched:
    """Ask for each item, fill its empty fields (with ``overwrite`` all that OMDb knows), and account for it.

    ``limit`` items at most are asked for, those first that never were. Every ``batch`` items are one commit; the
    writer lock is not held while the network is waited for, and what was answered is in the client's cache by then,
    so that a run that is killed asks nothing twice. A spent request limit ends the run, see ``Enriched.stopped``;
    so many ``failures`` in a row end it with FetchError, as does a key that OMDb does not take.
    """
    with catalogue.writing("enrich"):
        pass  # a catalogue that cannot be written should say so before anything is fetched
    items = catalogue.items()
    run = _Run(catalogue, client, overwrite=overwrite, failures=failures)
    lacking = [item for item in items if overwrite or _lacks(item)]
    turns = sorted(lacking, key=run.turn)[:limit]
    asked, recalled = client.asked, client.recalled
    with ThreadPoolExecutor(workers, thread_name_prefix="enrich") as pool:
        try:
            for start in range(0, len(turns), batch):
                for done in run.batch(pool, turns[start : start + batch]):
                    if progress is not None:
                        failed = run.counts[Status.FAILED]
                        progress(start + done, len(turns), f"{failed} failed" if failed else "")
                if run.over.is_set():
                    break
        except BaseException:
            run.over.set()
            client.stop()
            raise
    if run.fault:
        raise FetchError(run.fault)
    return Enriched(
        items=len(items),
        found=run.counts[Status.FOUND],
        missing=run.counts[Status.MISSING],
        ambiguous=run.counts[Status.AMBIGUOUS],
        failed=run.counts[Status.FAILED],
        complete=len(items) - len(lacking),
        left=len(lacking) - run.counts.total(),
        filled={name: run.filled[name] for name in FIELDS if run.filled[name]},
        asked=client.asked - asked,
        recalled=client.recalled - recalled,
        stopped=run.stopped,
        ambiguities=tuple(run.ambiguities),
    )


class _Run:
    """What one run has come to so far. ``fault`` is what it ends with where its end is an error."""

    def __init__(self, catalogue: Catalogue, client: Omdb, *, overwrite: bool, failures: int) -> None:
        self._catalogue, self._client, self._overwrite, self._failures = catalogue, client, overwrite, failures
        self._metadata = Metadata(catalogue.tables)
        self._before = {account.item_id: account for account in self._metadata.read() if account.source == _SOURCE}
        self._row = 0
        self.over = threading.Event()
        self.stopped = self.fault = ""
        self.counts: Counter[Status] = Counter()
        self.filled: Counter[str] = Counter()
        self.ambiguities: list[Account] = []

    def turn(self, item: Item) -> int:
        """Those that were never asked about come first, then those where it failed."""
        account = self._before.get(item.item_id)
        return 0 if account is None else 1 if account.status is Status.FAILED else 2

    def batch(self, pool: ThreadPoolExecutor, items: Sequence[Item]) -> Iterator[int]:
        """Ask for all of them, and commit what was answered. How many are done, one by one."""
        futures = [pool.submit(self._look, item) for item in items]
        answered: list[tuple[Item, Match]] = []
        for item, future in zip(items, futures, strict=True):
            found = future.result()
            if found is not None and found.over is None:
                answered.append((item, found))
                yield len(answered)
            self._judge(found)
        self._commit(answered)

    def _look(self, item: Item) -> Match | None:
        if self.over.is_set():
            return None
        found = match(self._client, item)
        if found.over is not None:
            self.over.set()  # here already, so that no other thread asks in vain
        return found

    def _judge(self, found: Match | None) -> None:
        """Whether the run is at its end."""
        if found is None or self.stopped or self.fault:
            return
        self._row = self._row + 1 if found.status is Status.FAILED else 0
        if found.over is Kind.LIMIT:
            self.stopped = (
                f"OMDb answers no more for now ({found.reason}). What it said is kept; run the same command again "
                "tomorrow, and it goes on from there."
            )
        elif found.over is Kind.KEY:
            self.fault = f"OMDb does not take the key ({found.reason}). Get one: https://www.omdbapi.com/apikey.aspx"
        elif self._row >= self._failures:
            self.fault = (
                f"OMDb failed {self._row} times in a row, the last time because {found.reason}. What it said before is "
                "kept; run the same command again later."
            )
        if self.stopped or self.fault:
            self.over.set()

    def _commit(self, answered: Sequence[tuple[Item, Match]]) -> None:
        with self._catalogue.writing("enrich"):
            # As they are now: while the network was waited for another may have written, or removed, some.
            known = set(self._catalogue.item_ids())
            present = [(item.item_id, found) for item, found in answered if item.item_id in known]
            fresh = self._catalogue.items([item_id for item_id, _ in present])
            changed: list[Item] = []
            accounts: list[Account] = []
            for item, (_, found) in zip(fresh, present, strict=True):
                fuller, filled = _fuller(item, found, overwrite=self._overwrite)
                self.filled.update(filled)
                changed += [fuller] if filled else []
                accounts.append(self._account(item.item_id, found, filled))
            # Accounts first: after a kill between the two an item still lacks something, and is asked about again;
            # one that lacks nothing any more never would be, and nobody would know where it came from.
            self._metadata.write([account for account in accounts if account != self._before.get(account.item_id)])
            if changed:
                self._catalogue.add(_Filled(items=changed))
        self._before |= {account.item_id: account for account in accounts}
        self.counts.update(found.status for _, found in answered)

    def _account(self, item_id: str, found: Match, filled: Sequence[str]) -> Account:
        """The account as it stands now: the one from before where nothing is new."""
        imdb_id = found.film.imdb_id if found.film else ""
        old = self._before.get(item_id)
        if old is not None and old.status is Status.FOUND and found.status is Status.FAILED:
            return old  # a failure takes nothing back
        earlier = old.filled if old is not None and old.imdb_id == imdb_id else ()
        account = Account(
            item_id=item_id,
            source=_SOURCE,
            status=found.status,
            matched_by=found.matched_by,
            imdb_id=imdb_id,
            filled=tuple(name for name in FIELDS if name in earlier or name in filled),
            reason=found.reason,
            at=time.time(),
        )
        if found.status is Status.AMBIGUOUS:
            self.ambiguities.append(account)
        return old if old is not None and replace(account, at=old.at) == old else account


def _lacks(item: Item) -> bool:
    return any(getattr(item, name) in _EMPTY for name in FIELDS)


def _fuller(item: Item, found: Match, *, overwrite: bool) -> tuple[Item, tuple[str, ...]]:
    """The item with what the film has and it has not, and the names of those fields."""
    if found.film is None:
        return item, ()
    offered = {name: getattr(found.film.fields, name) for name in FIELDS}
    taken = {
        name: value
        for name, value in offered.items()
        if value not in _EMPTY and value != getattr(item, name) and (overwrite or getattr(item, name) in _EMPTY)
    }
    return replace(item, **taken), tuple(taken)
