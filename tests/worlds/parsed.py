"""Parsed: a small spaCy pipeline that has learned a dozen sentences by heart, in about a second."""

from __future__ import annotations

import atexit
import random
import warnings
from functools import lru_cache
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

#: Words with their heads and labels, then the names with theirs: (text, heads, dependencies, entities).
_INVITED = ([1, 2, 2, 4, 2, 2], "compound nsubj ROOT nummod dobj punct")
_FINDS = ([1, 2, 2, 4, 2, 2], "det nsubj ROOT det dobj punct")
_WORKS = ([1, 2, 2, 2, 3, 2], "det nsubj ROOT prep pobj punct")
_SENTENCES = (
    ("John Hammond invited four individuals .", *_INVITED, [("John Hammond", "PERSON")]),
    ("Ellen Ripley destroys two ships .", *_INVITED, [("Ellen Ripley", "PERSON")]),
    ("Mary Jones invited four friends .", *_INVITED, [("Mary Jones", "PERSON")]),
    ("The boy finds a map .", *_FINDS, []),
    ("A girl steals the money .", *_FINDS, []),
    ("The agent works for NASA .", *_WORKS, [("NASA", "ORG")]),
    ("The girl lives in Paris .", *_WORKS, [("Paris", "GPE")]),
    ("The boy works in London .", *_WORKS, [("London", "GPE")]),
    ("Anna lives near the river .", [1, 1, 1, 4, 2, 1], "nsubj ROOT prep det pobj punct", [("Anna", "PERSON")]),
    ("The gang decides to rob a bank .", [1, 2, 2, 4, 2, 6, 4, 2], "det nsubj ROOT aux xcomp det dobj punct", []),
    ("The man is a spy .", [1, 2, 2, 4, 2, 2], "det nsubj ROOT det attr punct", []),
    ("The girl sleeps .", [1, 2, 2, 2], "det nsubj ROOT punct", []),
)


@lru_cache(maxsize=1)
def pipeline() -> Any:
    import spacy
    from spacy.training import Example

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        random.seed(0)
        spacy.util.fix_random_seed(0)
        language = spacy.blank("en")
        config = {"@architectures": "spacy.HashEmbedCNN.v2", "width": 32, "depth": 2, "embed_size": 500}
        config |= {"window_size": 1, "maxout_pieces": 2, "subword_features": True, "pretrained_vectors": None}
        language.add_pipe("parser", config={"model": {"tok2vec": config}, "min_action_freq": 1})
        language.add_pipe("ner", config={"model": {"tok2vec": config}})
        examples = []
        for text, heads, labels, names in _SENTENCES:
            document = language.make_doc(text)
            spans = [(text.index(name), text.index(name) + len(name), label) for name, label in names]
            truth = {"heads": heads, "deps": labels.split(), "entities": spans}
            examples.append(Example.from_dict(document, truth))
        optimizer = language.initialize(lambda: examples)
        for _ in range(45):
            language.update(examples, sgd=optimizer, drop=0.0)
    return language


def saved(folder: Path) -> Path:
    """The pipeline in a folder, as a user would have it."""
    pipeline().to_disk(folder)
    return folder


@lru_cache(maxsize=1)
def folder() -> Path:
    """The folder of one, made once. Not to be changed."""
    at = Path(mkdtemp(prefix="triptych-parsed-"))
    atexit.register(rmtree, at)
    return saved(at / "pipeline")
