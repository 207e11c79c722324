"""``triptych recommend``."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from triptych.cli.catalogue_argument import CatalogueFolder
from triptych.cli.model_order import Reranked, asked_of
from triptych.cli.output import Json, emit, printable, progress, say, table
from triptych.errors import UsageError

if TYPE_CHECKING:
    from triptych.desk.desk import Desk
    from triptych.desk.who import Who
    from triptych.programme.arranged import Arranged
    from triptych.programme.programme import Programme


def command(
    catalogue: CatalogueFolder,
    user: Annotated[list[str] | None, typer.Option(help="For this user; may be given again.")] = None,
    likes: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ITEM_ID,…", help="For somebody who likes these items, the latest last; may be given again."
        ),
    ] = None,
    text: Annotated[str | None, typer.Option(help="For somebody who says what it is to be like.")] = None,
    clip: Annotated[Path | None, typer.Option(help="For somebody who likes this clip, which may be any file.")] = None,
    every: Annotated[bool, typer.Option("--all", help="The list of every user, into the file --out.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="With --all: a .csv, .tsv or .parquet of user_id, rank, item_id, score.")
    ] = None,
    n: Annotated[int | None, typer.Option("-n", min=1, help="How many places; 10 if nothing is said.")] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION", help='Only items of which this holds, such as "year>=1990"; may be given again.'
        ),
    ] = None,
    diversify: Annotated[
        str | None, typer.Option(metavar="HOW[:STRENGTH]", help="calibrated, or mmr, such as mmr:0.5.")
    ] = None,
    explore: Annotated[
        float | None, typer.Option(min=0, help="Places for new titles: so many, or a share below 1.")
    ] = None,
    seen: Annotated[bool, typer.Option("--seen", help="List what the user had, too.")] = False,
    programme: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Settings of the list, as TOML; options stand over them.")
    ] = None,
    on: Annotated[
        str | None, typer.Option(metavar="DATE", help="For this day, such as 2026-10-31; else today.")
    ] = None,
    why: Annotated[bool, typer.Option("--why", help="Say of each item why, in a sentence.")] = False,
    model: Annotated[str, typer.Option(help="Which model.")] = "hybrid",
    rerank: Reranked = None,
    as_json: Json = False,
) -> None:
    """Recommend to a user, or to whoever says what they like; or to all users, into a file.

    Titles, users and ratings that came since the fit are folded in. With nobody named, it is for a stranger.

    Example: triptych recommend films --user 42 -n 5 --why

    Example: triptych recommend films --text "a slow, dark space film" --where "year>=1990"

    Example: triptych recommend films --all --out lists.csv
    """
    from triptych.catalogue.catalogue import Catalogue
    from triptych.desk.desk import Desk

    _check(user, likes, text, clip, every=every, out=out, why=why)
    day = _day(on)
    chosen = _programme(programme, n=n, where=where, diversify=diversify, explore=explore, seen=seen)
    desk = Desk.open(Catalogue.open(catalogue), model=model, programme=chosen, rerank=rerank is not False)
    asked_of(desk, rerank)
    for sentence in desk.refresh(at=datetime.now(UTC)).told:
        say(sentence)
    if out is not None:
        _write_all(desk, out, on=day, as_json=as_json)
        return
    found = [(who, desk.recommend(who, on=day)) for who in _whom(desk, user, likes, text, clip)]
    reasons = [_sentences(desk, who, arranged) if why else [] for who, arranged in found]
    if as_json:
        emit([_told(desk, who, arranged, own) for (who, arranged), own in zip(found, reasons, strict=True)])
        return
    for who, arranged in found:
        for note in (*arranged.notes, arranged.short):
            if note:
                say(f"{printable(who.told)}: {note}")
    rows = [
        [
            who.user or who.told,
            placed.rank,
            placed.item_id,
            _title(desk, placed.item_id),
            placed.score,
            placed.chosen_by,
        ]
        + own[k : k + 1]
        for (who, arranged), own in zip(found, reasons, strict=True)
        for k, placed in enumerate(arranged.placed)
    ]
    table(["for", "rank", "item_id", "title", "score", "by", *(["why"] if why else [])], rows)


def _check(
    user: Sequence[str] | None,
    likes: Sequence[str] | None,
    text: str | None,
    clip: Path | None,
    *,
    every: bool,
    out: Path | None,
    why: bool,
) -> None:
    from triptych.desk.user_lists import checked

    somebody = bool(likes or text is not None or clip is not None)
    if every and (user or somebody):
        raise UsageError("--all is for every user there is; leave --user, --likes, --text and --clip away.")
    if every and out is None:
        raise UsageError("--all makes a list for every user; say where to write them: --out lists.csv")
    if out is not None and not every:
        raise UsageError("--out is where --all writes the lists of every user. Give --all, or leave --out away.")
    if every and why:
        raise UsageError("--why says of each item why, which files of lists have no room for. Ask for users by --user.")
    if user and somebody:
        raise UsageError(
            "--user is known by what they did; --likes, --text and --clip are for somebody who is no user."
        )
    if text is not None and not text.strip():
        raise UsageError("the text is empty; say what it is to be like, such as 'a slow, dark space film'.")
    if out is not None:
        checked(out)


def _whom(
    desk: Desk, user: Sequence[str] | None, likes: Sequence[str] | None, text: str | None, clip: Path | None
) -> list[Who]:
    from triptych.desk.who import Who

    if user:
        return [Who(user=one) for one in dict.fromkeys(user)]
    items: list[str] = []
    for one in likes or ():  # an id may have a comma of its own
        items += [one] if one in desk.items else [part.strip() for part in one.split(",") if part.strip()]
    return [Who(likes=tuple(items), text=text or "", clip=clip)]


def _day(text: str | None) -> date:
    if text is None:
        return datetime.now().astimezone().date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no day; write it like 2026-10-31.") from None


def _programme(
    path: Path | None,
    *,
    n: int | None,
    where: Sequence[str] | None,
    diversify: str | None,
    explore: float | None,
    seen: bool,
) -> Programme:
    """That of the file, or the usual one, and over it what was said."""
    from triptych.programme.programme import Programme

    base = Programme() if path is None else Programme.read(path)
    told: dict[str, Any] = {"n": n, "explore": explore, "seen": seen or None}
    if explore is not None and explore == int(explore):
        told["explore"] = int(explore)
    if where:
        told["where"] = [*base.where, *where]
    if diversify is not None:
        how, colon, strength = diversify.partition(":")
        told["diversify"] = how
        if colon:
            try:
                told["strength"] = float(strength)
            except ValueError:
                raise UsageError(f"{diversify!r} is no way to diversify; write it like mmr:0.5.") from None
    given = {name: value for name, value in told.items() if value is not None}
    return Programme.of({**base.told(), **given}, source="the programme")


def _write_all(desk: Desk, out: Path, *, on: date, as_json: bool) -> None:
    from triptych.desk.user_lists import write

    began = time.perf_counter()
    users, lists, whose = len(desk.user_ids), 0, ""
    with progress("recommend", "users") as report:

        def batches() -> Iterator[list[Arranged]]:
            nonlocal lists, whose
            done = 0
            for batch in desk.recommend_all(on=on):
                yield batch
                done += len(batch)
                lists += sum(bool(one.placed) for one in batch)
                whose = batch[0].scored_by
                report(done, users, "")

        rows = write(out, batches())
    told = {
        "out": str(out),
        "model": desk.manifest["name"],
        "version": desk.manifest["version"],
        "on": on.isoformat(),
        "scored_by": whose,
        "n": desk.programme.n,
        "users": users,
        "lists": lists,
        "rows": rows,
        "seconds": round(time.perf_counter() - began, 3),
    }
    if as_json:
        emit(told)
        return
    table(list(told), [list(told.values())])


def _sentences(desk: Desk, who: Who, arranged: Arranged) -> list[str]:
    from triptych.explain.sentence import sentence

    return [sentence(one) for one in desk.why(who, arranged)]


def _title(desk: Desk, item_id: str) -> str:
    item = desk.items.get(item_id)
    return "" if item is None else item.title


def _told(desk: Desk, who: Who, arranged: Arranged, reasons: Sequence[str]) -> dict[str, Any]:
    return {
        "user": who.user or None,
        "likes": list(who.likes),
        "text": who.text or None,
        "clip": None if who.clip is None else str(who.clip),
        "model": desk.manifest["name"],
        "version": desk.manifest["version"],
        "on": arranged.on.isoformat(),
        "scored_by": arranged.scored_by,
        "items": [
            {
                "item_id": placed.item_id,
                "title": _title(desk, placed.item_id),
                "rank": placed.rank,
                "score": placed.score,
                "base": placed.base,
                "boosts": dict(placed.boosts),
                "chosen_by": placed.chosen_by,
                **({"why": reasons[k]} if reasons else {}),
            }
            for k, placed in enumerate(arranged.placed)
        ],
        "candidates": arranged.candidates,
        "left_out": dict(arranged.left_out),
        "notes": [note for note in (*arranged.notes, arranged.short) if note],
    }
