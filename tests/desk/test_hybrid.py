"""The desk with the hybrid itself: fitted, kept, opened again, and brought up to date."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import numpy as np
import pytest

from tests.desk import world
from triptych.catalogue.catalogue import Catalogue
from triptych.desk import kinds
from triptych.desk.desk import Desk
from triptych.desk.fitting import fit
from triptych.desk.standing import Standing
from triptych.desk.who import Who
from triptych.explain.sentence import sentence

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
ON = date(2026, 3, 2)
EVERYBODY = (Who(user="u0"), Who(user="u1"), Who(likes=("farm-0", "farm-5")), Who(text="a dark starship"), Who())


@pytest.fixture(scope="module")
def fitted(fake: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Catalogue, Standing]]:
    with pytest.MonkeyPatch.context() as patch:
        where = "triptych.models.hybrid"
        patch.setattr(kinds, "KINDS", {"hybrid": (f"{where}.hybrid:Hybrid", f"{where}.fitted:Fitted")})
        catalogue = world.made(tmp_path_factory.mktemp("hybrid") / "films")
        yield catalogue, fit(catalogue, kinds.settings_of("hybrid")(seed=1), at=AT).standing


def test_what_was_kept_answers_as_what_was_fitted(fitted: tuple[Catalogue, Standing]) -> None:
    catalogue, made = fitted
    fresh, opened = Desk(catalogue, made), Desk.open(catalogue)
    everyone = np.arange(-1, world.USERS)
    assert np.array_equal(opened.standing.fitted.scores(everyone), made.fitted.scores(everyone))
    for who in EVERYBODY:
        assert opened.recommend(who, on=ON) == fresh.recommend(who, on=ON)
        for one in opened.why(who, opened.recommend(who, on=ON, n=3)):
            assert sentence(one).endswith(".")


def test_what_is_new_is_folded_in(fitted: tuple[Catalogue, Standing]) -> None:
    catalogue, _ = fitted
    desk = Desk.open(catalogue)
    new = [world.film("space", 6), world.film("farm", 6)]
    catalogue.add(world.Offered(items=new, rows=[("ann", "space-0", 5.0, 1), ("ann", "space-1", 5.0, 2)]))
    world.measure(catalogue, new)
    found = desk.refresh(at=AT)
    assert (found.items, found.users, found.rows) == (("farm-6", "space-6"), ("ann",), 2)
    for who in (*EVERYBODY, Who(user="ann"), Who(likes=("space-6",))):
        listed = desk.recommend(who, on=ON, n=14)
        assert {"farm-6", "space-6"} <= {*listed.item_ids, *who.likes}
        assert desk.why(who, listed)
    again = Desk.open(catalogue)
    assert again.refresh(at=AT) == found
    for who in (*EVERYBODY, Who(user="ann")):
        assert again.recommend(who, on=ON) == desk.recommend(who, on=ON)
