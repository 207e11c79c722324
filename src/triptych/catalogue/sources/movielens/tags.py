"""Tags: the words of ``tags.dat`` and ``tags.csv``, read as columns: the larger generations have two million."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow as pa

from triptych.catalogue.ids import LONGEST
from triptych.catalogue.sources.movielens.account import Account
from triptych.catalogue.sources.movielens.textfile import TextFile
from triptych.catalogue.tags import TAG_KEY, TAGS
from triptych.errors import SourceError

_OURS = {"userid": "user_id", "movieid": "item_id", "tag": "tag", "timestamp": "timestamp"}
_ORDER = ("userid", "movieid", "tag", "timestamp")
#: A character that no text file holds, so that each line is one cell.
_NEVER = "\x1f"
_CONTROL = r"[\x00-\x1f\x7f-\x9f\x{2028}\x{2029}]"


def read_tags(layout: str, path: Path, account: Account) -> pa.Table:
    """As TAGS, a tag that a user gave an item twice once, at its later time.

    A tag may hold separators and quotes of its own, which not every file marks; the three numbers around it
    cannot, so whatever they leave of a line is the tag.
    """
    file = TextFile.open(path, account)
    names, separator = (_ORDER, "::") if layout == "dat" else (file.header(), ",")
    if missing := [name for name in _ORDER[:3] if name not in names]:
        raise SourceError(f"{file.name!r} has no column {' and no '.join(missing)}.")
    account.unused |= set(names) - {*_ORDER}
    frame = _lines(file.text).slice(0 if layout == "dat" else 1)
    fields = frame.select(
        pl.col("line").str.extract_groups(_pattern(names, separator)).struct.rename_fields(list(names)).alias("fields")
    ).unnest("fields")
    whole = pl.all_horizontal(pl.col("userid", "movieid", "tag").is_not_null())
    account.count(fields.filter(~whole).height, file.name, f"lines that are not {separator.join(names)}")
    tidy = fields.filter(whole).select(
        _id("userid"),
        _id("movieid"),
        _tag(quoted=layout == "csv"),
        (_seconds() if "timestamp" in names else pl.lit(None, pl.Int64)).alias("timestamp"),
    )
    faults = {
        "tags without a user, an item or a word": pl.any_horizontal(pl.col(*TAG_KEY) == ""),
        f"tags with a word, user or item longer than {LONGEST:,} characters": pl.any_horizontal(
            pl.col(*TAG_KEY).str.len_chars() > LONGEST
        ),
        "tags with a negative time": pl.col("timestamp").fill_null(0) < 0,
    }
    for reason, test in faults.items():
        bad = tidy.select(test.alias("bad"))["bad"]
        account.count(int(bad.sum()), file.name, reason)
        tidy = tidy.filter(~bad)
    once = tidy.unique(list(TAG_KEY), keep="last", maintain_order=True)
    account.count(tidy.height - once.height, file.name, "tags repeated by a later line of the same user and item")
    return once.to_arrow().cast(TAGS)


def _lines(text: str) -> pl.DataFrame:
    if not text.strip():
        return pl.DataFrame({"line": []}, schema={"line": pl.String})
    raw = text.replace(_NEVER, " ").lstrip("\n").encode()
    frame = pl.read_csv(
        raw, has_header=False, separator=_NEVER, quote_char=None, infer_schema=False, new_columns=["line"]
    )
    return frame.filter(pl.col("line").str.strip_chars().fill_null("") != "")


def _pattern(names: tuple[str, ...], separator: str) -> str:
    """The fields of a line by the place of their names, the tag being whatever the others leave."""
    others = r'"?([^:]*?)"?' if separator == "::" else r'"?([^",]*)"?'
    return rf"^\s*{separator.join('(.*)' if name == 'tag' else others for name in names)}\s*$"


def _id(name: str) -> pl.Expr:
    return pl.col(name).str.strip_chars().str.replace(r"^(\d+)\.0+$", "$1").alias(_OURS[name])


def _tag(*, quoted: bool) -> pl.Expr:
    cell = pl.col("tag").str.strip_chars()
    if quoted:
        inner = cell.str.slice(1).str.head(-1).str.replace_all('""', '"', literal=True)
        marked = cell.str.starts_with('"') & cell.str.ends_with('"') & (cell.str.len_chars() > 1)
        cell = pl.when(marked).then(inner).otherwise(cell)
    return cell.str.replace_all(_CONTROL, " ").str.strip_chars().alias("tag")


def _seconds() -> pl.Expr:
    return pl.col("timestamp").str.strip_chars().cast(pl.Float64, strict=False).cast(pl.Int64, strict=False)
