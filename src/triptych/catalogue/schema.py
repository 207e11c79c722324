"""Schema: items and clips as the tables have them. Apart from the records, which load nothing."""

from __future__ import annotations

import pyarrow as pa

ITEMS = pa.schema(
    [
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("title", pa.string()),
        pa.field("year", pa.int32()),
        pa.field("released_at", pa.string()),
        pa.field("runtime_min", pa.float64()),
        pa.field("genres", pa.list_(pa.string())),
        pa.field("plot", pa.string()),
        pa.field("people", pa.list_(pa.string())),
        pa.field("directors", pa.list_(pa.string())),
        pa.field("languages", pa.list_(pa.string())),
        pa.field("countries", pa.list_(pa.string())),
        pa.field("certificate", pa.string()),
        pa.field("url", pa.string()),
        pa.field("poster", pa.string()),
        pa.field("imdb_id", pa.string()),
        pa.field("tmdb_id", pa.string()),
        pa.field("imdb_rating", pa.float64()),
        pa.field("imdb_votes", pa.int64()),
    ]
)
#: Those fields that are lists.
LISTS = ("genres", "people", "directors", "languages", "countries")
CLIPS = pa.schema(
    [
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("path", pa.string()),
        pa.field("bytes", pa.int64()),
        pa.field("fingerprint", pa.string()),
    ]
)
