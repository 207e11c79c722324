"""Users: what a source tells of them. Whoever only acts need not be here."""

from __future__ import annotations

import pyarrow as pa

USERS = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("age", pa.int32()),  # [years], or the least of a band of ages
        pa.field("gender", pa.string()),
        pa.field("occupation", pa.string()),
        pa.field("region", pa.string()),  # such as a postal code
    ]
)
