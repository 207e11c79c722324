"""Study: what a TOML file may say, what is told of one that says something else, and how one extends another."""

from __future__ import annotations

from pathlib import Path

import pytest

from triptych.errors import UnknownName, UsageError
from triptych.studies.study import Study, built_in_names
from triptych.studies.variant import Variant, merged

LEAST = """
name = "least"
title = "The least there can be"
[[protocol]]
name = "cold"
kind = "ranking"
split = "cold-items"
folds = 2
[[table]]
name = "one"
title = "One"
[[table.row]]
name = "all"
[[table.row]]
name = "half"
weights = { seeing = 0.5, reading = 1 }
"""


@pytest.mark.parametrize("name", built_in_names())
def test_the_built_in_studies_are_read_and_name_what_they_compare(name: str) -> None:
    study = Study.built_in(name)
    assert study.name == name
    assert study.claims
    for table in study.tables:
        assert table.against in [row.name for row in table.rows]
        assert len({row.digest for row in table.rows}) == len(table.rows)


def test_one_that_extends_another_has_its_own_over_it() -> None:
    base, own = Study.built_in("seeing-hearing-reading"), Study.built_in("seeing-hearing-reading-ml-100k")
    assert own.protocols == base.protocols
    assert own.table("ablation").rows[0].fusion["scalings"] == {"seeing/avf": "ranks"}
    assert [table.name for table in own.tables] == [table.name for table in base.tables]
    assert own.table("visual") != base.table("visual")
    assert own.claims == base.claims
    text = LEAST.replace('name = "least"', 'extends = "seeing-hearing-reading-ml-100k"\nname = "least"')
    with pytest.raises(UsageError, match="extends another itself"):
        Study.of_toml(text)


def test_names_decide_no_number_and_settings_do() -> None:
    a, b = (Variant.of({"name": name, "weights": {"seeing": 0.5}}, "row") for name in ("a", "b"))
    assert a.digest == b.digest
    assert Variant.of({"name": "a", "weights": {"seeing": 0.25}}, "row").digest != a.digest
    assert Variant.of({"name": "a", "select": {}}, "row").digest != Variant.of({"name": "a"}, "row").digest


def test_a_row_departs_from_the_baseline_in_what_it_names() -> None:
    below = {"fusion": {"method": "late", "scaling": "ranks"}, "weights": {"seeing": 1}}
    above = {"fusion": {"method": "average"}, "weights": {"hearing": 1}}
    assert merged(below, above) == {
        "fusion": {"method": "average", "scaling": "ranks"},
        "weights": {"hearing": 1},
    }
    told = LEAST + '\n[baseline.fusion]\nmethod = "late"\n'
    assert all(row.fusion == {"method": "late"} for row in Study.of_toml(told).tables[0].rows)


def test_features_are_chosen_by_title_pattern_and_panel() -> None:
    titles = ["hearing/loud", "reading/plot", "seeing/colour", "seeing/colour-fine"]
    row = Variant.of({"name": "a", "features": ["seeing/colour*", "hearing"], "without": ["seeing/colour-fine"]}, "row")
    assert row.chosen(titles) == ["hearing/loud", "seeing/colour"]
    with pytest.raises(UsageError, match="leaves no feature"):
        Variant.of({"name": "a", "without": ["*"]}, "row").chosen(titles)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "least"', "name = least", "is no TOML"),
        ('title = "The least there can be"', "", "has no title"),
        ("folds = 2", "folds = 1", "give folds = 2 or more"),
        ("folds = 2", 'folds = "2"', "takes a whole number"),
        ("folds = 2", "folds = true", "takes a whole number"),
        ('kind = "ranking"', 'kind = "rankings"', "'ranking'"),
        ('split = "cold-items"', 'split = "all"', "must hold something back"),
        ('kind = "ranking"', 'kind = "item-based"', "its split is all, cold-users or cold-both"),
        ("[[table]]", '[[table]]\nagainst = "none"', "no row"),
        ("[[table]]", '[[table]]\nmetric = ["auc"]', "'metrics'"),
        ('name = "half"', 'name = "all"', "two rows are called 'all'"),
        ("seeing = 0.5", "smell = 0.5", "the panels are"),
        ("seeing = 0.5", "seeing = -1", "0 or above"),
        ('name = "half"', 'name = "half"\nmetric = "manhattan"', "'euclidean'"),
        ("[[protocol]]", '[data]\nsource = "movielens"\nfolder = "../secret"\n[[protocol]]', "lead into the folder"),
        ("[[protocol]]", '[data]\nsource = "movielens"\nfolder = "/etc"\n[[protocol]]', "lead into the folder"),
        ("[[protocol]]", '[data]\nsource = "movielens"\n[[protocol]]', "names no folder"),
        ("[[protocol]]", "[tuning]\nbudget = 0\n[[protocol]]", "1 or more"),
    ],
)
def test_what_a_study_may_not_say_is_told_with_its_place(old: str, new: str, said: str) -> None:
    assert old in LEAST
    with pytest.raises(UsageError, match=said):
        Study.of_toml(LEAST.replace(old, new, 1))


def test_claims_and_brackets_are_of_rows_that_there_are() -> None:
    claim = '\n[[claim]]\nsays = "x"\ntable = "one"\nrow = "{}"\nagainst = "all"\nmetric = "auc"\n'
    assert Study.of_toml(LEAST + claim.format("ease")).claims[0].sign == "higher"
    with pytest.raises(UnknownName, match="'half'"):
        Study.of_toml(LEAST + claim.format("hlaf"))


def test_an_unknown_study_and_a_file_that_is_none_are_told(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="seeing-hearing-reading"):
        Study.built_in("seeing-hearing")
    with pytest.raises(UsageError, match="is no study"):
        Study.read(tmp_path / "absent.toml")
    (tmp_path / "latin.toml").write_bytes(b'name = "\xe9"')
    with pytest.raises(UsageError, match="UTF-8"):
        Study.read(tmp_path / "latin.toml")
