"""How long does it take to find pairs for a Siamese network among many ratings?

    python benchmarks/mining.py             generated ratings
    python benchmarks/mining.py DATA        a folder that holds ml-100k as well

1. Ten million candidates, drawn from the ratings, looked up, sifted by genres and told apart: CPU seconds of one core,
   beside a loop in Python that does the same with some of them.
2. Pairs asked for: 25,000, as in the thesis, and ten million different ones; how many there are to be found depends on
   the ratings, and how many candidates were looked at is told.
3. The Jaccard similarity of ten million pairs.
4. MovieLens 100K: all pairs that there are, and of 25,000 what genres alone tell: by AUC, how well the Jaccard
   similarity, and the popularity of the second film, tell alike pairs from unlike ones.

The last line is JSON. It fails where ten million candidates take longer than the goal.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

MANY = 10_000_000
USERS, ITEMS, RATINGS, GENRES = 60_000, 14_000, 6_000_000, 20
PAPER, LOOPED = 25_000, 20_000
MOST_S = 10.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", nargs="?", type=Path)
    parser.add_argument("--pairs", type=int, default=MANY)
    arguments = parser.parse_args()
    if os.environ.get("OMP_NUM_THREADS") != "1":
        # Read when numpy is loaded, so it is set for a process of its own.
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **threads})
    history, genres = generated()
    say(f"{len(history):,} ratings of {ITEMS:,} films by {USERS:,} users.")
    found: dict[str, Any] = {"benchmark": "mining", "ratings": len(history)}
    found["candidates"] = candidates(history, genres)
    found["asked"] = asked(history, genres, arguments.pairs)
    found["jaccard"] = overlaps(genres)
    folder = arguments.data / "ml-100k" if arguments.data else None
    if folder is not None and (folder / "u.data").is_file():
        found["movielens"] = told_by_genres(folder)
    else:
        say("No folder with ml-100k was given: what genres tell of its pairs is passed over.")
    found["peak_gib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)
    took = found["candidates"]["cpu_s"]
    missed = [] if took <= MOST_S else [f"ten million candidates took {took} s, more than {MOST_S}"]
    print(json.dumps({**found, "missed": missed}))
    sys.exit(bool(missed))


def candidates(history: Any, genres: np.ndarray) -> dict[str, Any]:
    """Alike pairs of a hybrid strategy, by candidate: the same way that pairs are generated, and a loop."""
    from triptych.models.siamese import pairs

    # So many pairs that ten million candidates have to be looked at.
    n = 100_000
    while True:
        start = time.process_time()
        made = pairs.generate(history, genres, n=n, balance=1.0, by="user")
        took = time.process_time() - start
        looked_at = sum(one["looked_at"] for one in made.told["alike"]["by_stratum"])
        if looked_at >= MANY:
            break
        n = int(n * min(max(MANY / looked_at, 1.1), 4))
    loop = looped(history, genres)
    seconds = round(took * MANY / looked_at, 2)
    say(
        f"{looked_at:,} candidates, {len(made):,} different pairs: {took:.2f} s; ten million: {seconds} s; in a loop "
        f"{loop * MANY:.0f} s ({loop * looked_at / took:.0f} times)."
    )
    return {"looked_at": looked_at, "found": len(made), "cpu_s": seconds, "loop_s": round(loop * MANY, 1)}


def looped(history: Any, genres: np.ndarray) -> float:
    """CPU seconds for each candidate, drawn and judged one by one, once the likes of users stand ready."""
    likes: dict[int, list[int]] = {}
    some = history.users < 2000
    rows = zip(history.users[some].tolist(), history.items[some].tolist(), history.values[some].tolist(), strict=True)
    for user, item, value in rows:
        if value >= 4:
            likes.setdefault(user, []).append(item)
    users = [user for user, own in likes.items() if len(own) > 1]
    sets = [set(np.flatnonzero(row).tolist()) for row in genres]
    rng = np.random.default_rng(0)
    draws = rng.random((LOOPED, 3)).tolist()
    start = time.process_time()
    kept: set[tuple[int, int]] = set()
    for a, b, c in draws:
        own = likes[users[int(a * len(users))]]
        one, other = own[int(b * len(own))], own[int(c * len(own))]
        if one == other:
            continue
        either = len(sets[one] | sets[other])
        if either and len(sets[one] & sets[other]) / either >= 0.25:
            kept.add((min(one, other), max(one, other)))
    return (time.process_time() - start) / LOOPED


def asked(history: Any, genres: np.ndarray, many: int) -> list[dict[str, Any]]:
    from triptych.models.siamese import pairs

    made: list[dict[str, Any]] = []
    for n in (PAPER, many):
        for strategy in pairs.STRATEGIES:
            start = time.process_time()
            one = pairs.generate(history, genres, n=n, strategy=strategy)
            took = round(time.process_time() - start, 2)
            strata = [row for kind in ("alike", "unlike") for row in one.told[kind]["by_stratum"]]
            looked_at = sum(row["looked_at"] for row in strata)
            say(f"{n:,} pairs, {strategy}: {len(one):,} found of {looked_at:,} candidates in {took} s.")
            made.append({"asked": n, "strategy": strategy, "found": len(one), "looked_at": looked_at, "cpu_s": took})
    return made


def overlaps(genres: np.ndarray) -> dict[str, float]:
    from triptych.models.siamese.pairs import jaccard

    a, b = np.random.default_rng(0).integers(len(genres), size=(2, MANY))
    start = time.process_time()
    jaccard(genres, a, b)
    took = round(time.process_time() - start, 2)
    say(f"Jaccard of {MANY:,} pairs: {took} s.")
    return {"cpu_s": took}


def told_by_genres(folder: Path) -> dict[str, Any]:
    from triptych.models.siamese import diagnosis, pairs

    history, genres = movielens(folder)
    found: dict[str, Any] = {}
    for strategy in pairs.STRATEGIES:
        start = time.process_time()
        every = pairs.generate(history, genres, n=MANY, strategy=strategy)
        took = round(time.process_time() - start, 2)
        some = pairs.generate(history, genres, n=PAPER, strategy=strategy)
        near = pairs.jaccard(genres, some.first, some.second).astype(np.float64)
        found[strategy] = {
            "all": len(every),
            "cpu_s": took,
            "auc_by_jaccard": round(diagnosis.auc(-near, some.alike), 4),
            "auc_by_popularity": round(diagnosis.auc(-history.item_counts[some.second].astype(float), some.alike), 4),
        }
        say(f"MovieLens 100K, {strategy}: {found[strategy]}")
    return found


def generated() -> tuple[Any, np.ndarray]:
    rng = np.random.default_rng(0)
    users = np.searchsorted(np.cumsum(power(USERS, 0.6)), rng.random(RATINGS))
    items = np.searchsorted(np.cumsum(power(ITEMS, 0.8)), rng.random(RATINGS))
    keys = rng.permutation(np.unique(users.astype(np.int64) * ITEMS + items))
    values = rng.choice(np.arange(1, 6), len(keys), p=[0.06, 0.11, 0.27, 0.34, 0.22]).astype(np.float32)
    genres = (rng.random((ITEMS, GENRES)) < power(GENRES, 0.7) * 2.2).astype(np.float32)
    return history_of(keys // ITEMS, keys % ITEMS, values, USERS, ITEMS), genres


def power(n: int, falls: float) -> np.ndarray:
    shares = np.arange(5, n + 5) ** -falls
    return shares / shares.sum()


def movielens(folder: Path) -> tuple[Any, np.ndarray]:
    rows = np.loadtxt(folder / "u.data", dtype=np.int64)
    lines = (folder / "u.item").read_text(encoding="latin-1").splitlines()
    genres = np.array([[int(one) for one in line.split("|")[5:]] for line in lines], np.float32)
    values = rows[:, 2].astype(np.float32)
    return history_of(rows[:, 0] - 1, rows[:, 1] - 1, values, 943, len(genres)), genres


def history_of(users: np.ndarray, items: np.ndarray, values: np.ndarray, n_users: int, n_items: int) -> Any:
    from triptych.catalogue.history import UNTIMED, History

    return History(
        user_ids=tuple(str(k + 1) for k in range(n_users)),
        item_ids=tuple(str(k + 1) for k in range(n_items)),
        users=users.astype(np.int32),
        items=items.astype(np.int32),
        values=values,
        times=np.full(len(values), UNTIMED, np.int64),
    )


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
