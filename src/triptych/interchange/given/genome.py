"""Genome: the tag genome of a folder of MovieLens as an offering."""

from __future__ import annotations

from pathlib import Path

from triptych.catalogue.sources.movielens import genome, has_genome
from triptych.catalogue.sources.movielens.generation import generation_at
from triptych.interchange.offering import Offering, digest_of

#: What the feature is called.
TITLE = "reading/tag-genome"
FILES = ("genome-scores.csv", "genome-tags.csv")


def genome_of(path: Path) -> Offering | None:
    """The offering, or None where the folder has no genome."""
    if not has_genome(path):
        return None
    found = genome(path)
    files = [file for name in FILES if (file := generation_at(path).file(name)) is not None]
    return Offering(
        ids=found.item_ids,
        values=found.relevance,
        facts={"file": FILES[0], "digest": digest_of(files), "columns": len(found.tags)},
        notes=tuple(f"{refusal.what}: {refusal.reason}" for refusal in found.refused),
    )
