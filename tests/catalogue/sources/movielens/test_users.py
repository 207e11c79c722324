"""Users: described once, or refused by line."""

from __future__ import annotations

from pathlib import Path

from triptych.catalogue.sources.movielens.account import Account
from triptych.catalogue.sources.movielens.users import read_users
from triptych.catalogue.users import USERS


def test_lines_that_are_no_users(tmp_path: Path) -> None:
    path = tmp_path / "u.user"
    path.write_text(
        "1|24|M|technician|85711\n2|x|F|other|1\n3|53|F|wri\n1|25|M|technician|85711\n4||||\n|9|F|other|1\n"
    )
    account = Account()
    found = read_users("u", path, account)
    assert found.schema.equals(USERS)
    assert [tuple(row.values()) for row in found.to_pylist()] == [
        ("1", 24, "M", "technician", "85711"),
        ("4", None, "", "", ""),
    ]
    assert [refusal.what for refusal in account.refused] == [f"u.user line {k}" for k in (2, 3, 4, 6)]


def test_an_unknown_occupation_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "users.dat"
    path.write_text("1::F::1::20::48067\n2::M::56::21::70072\n")
    account = Account()
    assert read_users("dat", path, account)["occupation"].to_pylist() == ["writer"]
    assert "a number from 0 to 20" in account.refused[0].reason
