"""Search: settings of a rating model chosen on validation rows, the same number of trials for every model."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from triptych.catalogue.history import History
from triptych.errors import UnknownName, UsageError
from triptych.models.background import Field
from triptych.models.predictor import Asked, RatingLessons, RatingModel
from triptych.models.predictors import model_of, seeded
from triptych.models.proposals import propose
from triptych.models.trials import Params, Trial, Trials, key_of
from triptych.models.tuning import Explored, best_of, explore

#: How settings are proposed: the cells of the grid, or what an estimator expects to do well, between its ends.
METHODS = ("grid", "tpe")

Told = Callable[[Trial, int, int], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class Searched(Explored):
    """``model``: with the settings that were given and those that were ``chosen``. ``method``: one of
    :data:`METHODS`."""

    model: RatingModel
    method: str

    def to_json(self) -> dict[str, Any]:
        return {**super().to_json(), "method": self.method}


def search(
    name: str,
    lessons: RatingLessons,
    *,
    grid: Mapping[str, Sequence[Any]],
    settings: Params | None = None,
    budget: int | None = None,
    extend: int = 0,
    method: str = "grid",
    seed: int = 0,
    folder: Path | None = None,
    progress: Told | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Searched:
    """Of the rating model called ``name``: fitted on training rows, scored by minus its RMSE on validation rows, which
    are those of ``lessons``, or else a tenth of the training rows, the same for every model of one ``seed``.

    ``grid``: values of each setting; ``settings``: those that stand. ``method`` "grid" tries its cells, see
    :func:`~triptych.models.tuning.explore`; "tpe" (extra ``tune``) proposes by what was found so far (Bergstra and
    others, 2011): of settings that are numbers in order anything between the ends, ``budget`` trials in all.
    ``folder`` keeps each trial as it is done: what was killed goes on, and tries nothing twice.
    """
    if method not in METHODS:
        raise UnknownName("method of search", method, METHODS)
    fixed, values = dict(settings or {}), {setting: tuple(given) for setting, given in grid.items()}
    if both := sorted(set(fixed) & set(values)):
        raise UsageError(f"{', '.join(both)} of {name} cannot both be set and be searched for; leave out one.")
    learned, held = lessons.held_back(seed=seed)
    inner = replace(lessons, train=learned, validation=held)

    def made(params: Params) -> RatingModel:
        own = {**fixed, **params}
        return model_of(name, own if "seed" in own else seeded(name, own, seed))

    def score(params: Params) -> float:
        return -rmse(made(params), inner, held)

    identity = {
        "model": name,
        "key": made({}).key,
        "grid": {setting: list(given) for setting, given in values.items()},
        "method": method,
        "seed": seed,
        "lessons": fingerprint(inner),
    }
    kept = None if folder is None else Trials(folder, identity)
    with nullcontext(dict[str, Trial]()) if kept is None else kept.held() as done:

        def told(trial: Trial, number: int, of: int) -> None:
            if kept is not None and key_of(trial.params) not in done:
                kept.keep(trial)
            if progress is not None:
                progress(trial, number, of)

        if method == "grid":
            trials, edges = explore(
                score,
                values,
                check=made,
                budget=budget,
                extend=extend,
                seed=seed,
                done=done,
                progress=told,
                clock=clock,
            )
        else:
            trials, edges = propose(
                score, values, check=made, budget=budget, seed=seed, done=done, progress=told, clock=clock
            )
    chosen = best_of(trials).params
    return Searched(
        name=name,
        model=made(chosen),
        method=method,
        chosen=chosen,
        grid=values,
        cells=prod(map(len, values.values())),
        budget=budget,
        extend=extend if method == "grid" else 0,
        seed=seed,
        trials=trials,
        edges=edges,
        train_rows=len(learned),
        validation_rows=len(held),
        chosen_on="held-back" if lessons.validation is None else "validation",
    )


def rmse(model: RatingModel, lessons: RatingLessons, judged: History) -> float:
    """Of the model fitted to ``lessons``, over the rows of ``judged``."""
    said = model.fit(lessons).predict(Asked.of(judged)).mean
    return float(np.sqrt(np.mean((said - judged.values) ** 2)))


def fingerprint(lessons: RatingLessons) -> str:
    """Of all that is taught: the same of the same rows, scale and background in the same order."""
    found = hashlib.blake2b(digest_size=16)

    def told(*parts: Any) -> None:
        for part in parts:
            rows: Any = part.tocsr() if sp.issparse(part) else part
            held = (rows.data, rows.indices, rows.indptr) if sp.issparse(rows) else (rows,)
            for one in held:
                body = np.ascontiguousarray(one)
                found.update(f"{body.dtype}{body.shape}".encode())
                found.update(body.data)

    rows = (lessons.train, *(() if lessons.validation is None else (lessons.validation,)))
    found.update(json.dumps([lessons.scale, len(rows), rows[0].user_ids, rows[0].item_ids]).encode())
    for one in rows:
        told(one.users, one.items, one.values, one.times)
    known = lessons.background
    fields: list[tuple[str, Field]] = [
        (f"{unit} {name}", one)
        for unit, named in (("items", known.items), ("users", known.users))
        for name, one in sorted(named.items())
    ]
    for name, one in fields:
        found.update(json.dumps([name, one.names]).encode())
        told(one.values, one.mask)
    for title, one in sorted(known.sequences.items()):
        found.update(title.encode())
        told(*one.values, *one.times_s)
    return found.hexdigest()
