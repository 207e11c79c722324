"""Tags: words that users gave to items."""

from __future__ import annotations

import pyarrow as pa

TAGS = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("tag", pa.string(), nullable=False),
        pa.field("timestamp", pa.int64()),  # [s since 1970]
    ]
)
TAG_KEY = ("user_id", "item_id", "tag")
