"""MovieLens: the ratings, films, users, tags and genome of every generation that GroupLens published.

- :class:`MovieLens` adds a folder of any generation to a catalogue.
- :func:`recognises` tells whether a folder is one, :func:`generation_at` which.
- :func:`genome` reads the tag genome, a feature of films: :func:`has_genome` tells whether there is one.
"""

from __future__ import annotations

from triptych.catalogue.sources.movielens.generation import Generation, generation_at, recognises
from triptych.catalogue.sources.movielens.genome import Genome, genome, has_genome
from triptych.catalogue.sources.movielens.movielens import MovieLens

__all__ = ["Generation", "Genome", "MovieLens", "generation_at", "genome", "has_genome", "recognises"]
