"""Audience: what is known of the users of a catalogue, as far as a source told it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from triptych.curation.distributions import Histogram, Summary, Tally, histogram, summary
from triptych.curation.material import tally_of


@dataclass(frozen=True, kw_only=True)
class Audience:
    """``described`` users have a row; each field is known of as many as its tally or summary says. Regions are
    only counted: where someone lives is nobody's business here."""

    described: int
    age: Summary | None
    ages: Histogram | None
    genders: Tally
    occupations: Tally
    with_region: int


def audience_of(users: pa.Table) -> Audience:
    ages = np.array([age for age in users["age"].to_pylist() if age is not None], np.float64)
    return Audience(
        described=users.num_rows,
        age=summary(ages),
        ages=histogram(ages, step=5),
        genders=tally_of(users["gender"].to_pylist()),
        occupations=tally_of(users["occupation"].to_pylist()),
        with_region=sum(bool(region) for region in users["region"].to_pylist()),
    )
