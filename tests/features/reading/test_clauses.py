"""Clauses: plot-like sentences with a truth of their own, by rules; the same by a small trained parser."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.worlds import parsed
from triptych.features.reading import pipeline
from triptych.features.reading.clauses import clause_of, clause_of_tree

#: Sentence → subject, verb and object; None where there is nothing to be found.
TRUTH: dict[str, tuple[str, str, str] | None] = {
    "John Hammond invited four individuals.": ("John Hammond", "invited", "individuals"),
    "A retired detective hunts a serial killer in Chicago.": ("detective", "hunts", "killer"),
    "Two brothers inherit their father's farm.": ("brothers", "inherit", "farm"),
    "When a storm hits the island, the guests find a body in the cellar.": ("guests", "find", "body"),
    "In 1943, a young pilot falls in love with a nurse.": ("pilot", "falls in", "love"),
    "Sarah, a lonely widow, opens a small bakery in Vermont.": ("Sarah", "opens", "bakery"),
    "The crew of a damaged submarine must reach the surface before dawn.": ("crew", "reach", "surface"),
    "He is forced to leave the village.": ("He", "forced to leave", "village"),
    "A group of thieves plans to rob the largest casino in Las Vegas.": ("group", "plans to rob", "casino"),
    "Dr. Helen Stone discovers an ancient virus beneath the ice.": ("Dr. Helen Stone", "discovers", "virus"),
    "Her husband has secretly sold the house.": ("husband", "sold", "house"),
    "The king was murdered by his own brother.": ("king", "murdered by", "brother"),
    "Ten years later, Frank returns to his home town.": ("Frank", "returns to", "town"),
    "One night a masked stranger kidnaps the mayor's daughter.": ("stranger", "kidnaps", "daughter"),
    "A man who lost his memory searches for his wife.": ("man", "searches for", "wife"),
    "The film tells the story of a blind musician.": ("film", "tells", "story"),
    "Maria gives him a mysterious key.": ("Maria", "gives", "key"),
    "They live in a small fishing village on the coast of Ireland.": ("They", "live in", "village"),
    "Jack is a con man with a heart of gold.": ("Jack", "is", "man"),
    "The orphan becomes the most powerful wizard in the kingdom.": ("orphan", "becomes", "wizard"),
    "Meanwhile, the police arrest the wrong man.": ("police", "arrest", "man"),
    "An alien disguised as a teacher takes over the school.": ("alien", "takes over", "school"),
    "After the death of his mother, Tom moves to New York.": ("Tom", "moves to", "New York"),
    "Four friends, who have not met for years, spend a weekend in the mountains.": ("friends", "spend", "weekend"),
    "The general orders his men to attack the bridge.": ("general", "orders", "men"),
    "She starts working for a ruthless lawyer.": ("She", "starts working for", "lawyer"),
    "Nobody believes her story.": ("Nobody", "believes", "story"),
    "Although he hates violence, the farmer buys a gun.": ("farmer", "buys", "gun"),
    "The scientist's greatest invention destroys the city.": ("invention", "destroys", "city"),
    "Rocky Balboa fights the champion of the world.": ("Rocky Balboa", "fights", "champion"),
    "Determined to win, Alice trains a wild horse.": ("Alice", "trains", "horse"),
    "A tough, cynical reporter investigates the murder of a senator.": ("reporter", "investigates", "murder"),
    "His only friend is a talking dog.": ("friend", "is", "dog"),
    "Bonnie and Clyde rob banks across Texas.": ("Bonnie", "rob", "banks"),
    "The boy doesn't trust his new teacher.": ("boy", "trust", "teacher"),
    "Agent Smith is sent to Berlin to find the traitor.": ("Agent Smith", "sent to", "Berlin"),
    "Vincent wants to become a painter.": ("Vincent", "wants to become", "painter"),
    "The town that once banned dancing now hosts a festival.": ("town", "hosts", "festival"),
    "Soldiers burned the village.": ("Soldiers", "burned", "village"),
    "Lucy finds herself in a parallel world.": ("Lucy", "finds", "herself"),
    "A shy librarian named Ruth writes letters to a prisoner.": ("librarian", "writes", "letters"),
    "The young couple is haunted by the ghost of a child.": ("couple", "haunted by", "ghost"),
    "As the war ends, a Jewish family hides in an attic.": ("family", "hides in", "attic"),
    "Max (Mel Gibson) drives a truck through the desert.": ("Max", "drives", "truck"),
    "He sets out to avenge his family.": ("He", "sets out to avenge", "family"),
    "It's the story of a girl from the slums.": ("It", "is", "story"),
    "But soon the hunters become the hunted, and only one survives.": ("hunters", "become", "hunted"),
    "Everyone at the party has a secret.": ("Everyone", "has", "secret"),
    # Nothing to be found
    "A comedy about love, death and taxes.": None,
    "Based on a true story.": None,
    "Who killed the governor?": None,
    "The plan fails.": None,
    "He believes that his son is alive.": None,
    "": None,
    "彼は古い家に住んでいる。": None,
    "Der alte Mann lebt allein in einem Haus am Meer.": None,
}


def triple(sentence: str) -> tuple[str, str, str] | None:
    found = clause_of(sentence)
    return None if found is None else (found.subject, found.verb, found.object)


@pytest.mark.parametrize("sentence", TRUTH)
def test_the_rules_find_subject_verb_and_object(sentence: str) -> None:
    assert triple(sentence) == TRUTH[sentence]


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("The spy steals the plans.", "object"),
        ("The spy is a woman.", "attribute"),
        ("The spy escapes to Vienna.", "oblique"),
    ],
)
def test_it_says_of_which_kind_the_object_is(sentence: str, kind: str) -> None:
    found = clause_of(sentence)
    assert found is not None
    assert found.kind == kind


@pytest.mark.parametrize(
    "text", ["a " * 50_000, "((((" * 5_000, "'s " * 3_000, ", and " * 3_000, "\ud800 \x00 says \x07", "of of of"]
)
def test_nothing_breaks_it(text: str) -> None:
    clause_of(text)


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> pipeline.Pipeline:
    return pipeline.describe(str(parsed.saved(tmp_path_factory.mktemp("parsed") / "en_tiny")))


@pytest.mark.parametrize(
    ("sentence", "truth"),
    [
        ("John Hammond invited four individuals.", ("John Hammond", "invited", "individuals")),
        ("The boy finds a map.", ("boy", "finds", "map")),
        ("The agent works for NASA.", ("agent", "works for", "NASA")),
        ("The gang decides to rob a bank.", ("gang", "decides to rob", "bank")),
        ("The girl sleeps.", None),
    ],
)
def test_a_parser_finds_the_same(parser: pipeline.Pipeline, sentence: str, truth: tuple[str, str, str] | None) -> None:
    found = clause_of_tree(pipeline.load(parser)(sentence))
    assert (None if found is None else (found.subject, found.verb, found.object)) == truth == triple(sentence)


def test_a_pipeline_is_known_by_its_content(tmp_path: Path) -> None:
    folder = parsed.saved(tmp_path / "one")
    first = pipeline.describe(str(folder))
    assert (first.name, first.version) == ("en_pipeline", "0.0.0")
    elsewhere = pipeline.describe(str(parsed.saved(tmp_path / "two")))
    assert elsewhere.recipe == first.recipe
    (folder / "parser" / "model").write_bytes(b"other")
    assert pipeline.describe(str(folder)).recipe != first.recipe
    with pytest.raises(pipeline.ExtractionError, match="is not the one that was expected"):
        pipeline.load(first)


def test_a_pipeline_that_is_not_there_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(pipeline.UsageError, match="Run: python -m spacy download en_core_web_xx"):
        pipeline.describe("en_core_web_xx")
    with pytest.raises(pipeline.UsageError, match=r"no meta\.json"):
        pipeline.describe(str(tmp_path))
    (tmp_path / "meta.json").write_text("[]")
    with pytest.raises(pipeline.ExtractionError, match=r"not the meta\.json"):
        pipeline.describe(str(tmp_path))
