"""Reduce: many entries become few, as learned from declared training rows."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from triptych.errors import MissingExtra, UsageError
from triptych.fusion.normalise import Arrays, same_width, single, training_rows, varies
from triptych.fusion.step import F32, Mask

F64 = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]

#: Rows are worked on so many at a time, the last ones too: the last bits of a product of matrices hang on its height,
#: and a row must come out the same alone as among others.
HEIGHT = 256
#: Of the rows that seem nearest, so many more than needed are measured exactly.
SLACK = 8
#: Sums of shares that differ by no more are one.
_ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class PCA:
    """``(x − mean) · Cᵀ``: how far a row lies along the directions in which the training rows vary most.

    ``mean``: float64 ``[d]``. ``components``: C, float64 ``[k, d]``, orthonormal rows, the greatest variance first,
    each with its largest entry positive. ``variances``: float64 ``[k]``, along each; ``total``: of all entries
    together. Nothing is scaled here: scale first, or the entry with the largest numbers is the first component.
    Entries that vary by no more than rounding count for nothing.
    """

    mean: F64
    components: F64
    variances: F64
    total: float

    @classmethod
    def fit(cls, values: F32, mask: Mask, *, components: int | None = None, share: float | None = None) -> PCA:
        """Learn from the rows of ``values`` ``[n, d]`` that are present: exactly so many components, or as few as
        keep this share of the variance, in 0…1."""
        _one_of(components, share)
        rows = training_rows(values, mask, what="components")
        count, width = rows.shape
        _enough(count)
        mean, std = rows.mean(axis=0), rows.std(axis=0)
        varied = varies(mean, std)
        rows -= mean
        rows[:, ~varied] = 0
        squares, found = _along_products(rows.T @ rows) if width <= count else _along_rows(rows)
        squares = squares[: _rank(squares, max(count, width), count)]
        total = float(np.linalg.norm(rows)) ** 2
        kept = _kept(squares, total, components, share)
        return cls.of(mean, found[:kept], squares[:kept], total, count, varied)

    @classmethod
    def of(cls, mean: F64, found: F64, squares: F64, total: float, count: int, varied: Mask) -> PCA:
        """From directions ``[k, d]`` of either sign; ``squares`` and ``total`` are sums over ``count`` rows."""
        directions = np.where(varied, found, 0)
        largest = np.abs(directions).argmax(axis=1)
        signs = np.sign(directions[np.arange(len(directions)), largest])
        return cls(
            mean=mean,
            components=np.ascontiguousarray(directions * signs[:, None]),
            variances=squares / (count - 1),
            total=total / (count - 1),
        )

    @property
    def shares(self) -> F64:
        """Of the variance of the training rows, what each component keeps; ``[k]``, at most 1 together."""
        return self.variances / self.total

    def __call__(self, values: F32, mask: Mask) -> F32:
        """float32 ``[n, k]``; masked rows are 0."""
        same_width(values, len(self.mean))
        placed = np.zeros((len(values), len(self.components)), np.float32)
        for rows, block in _blocks(values, mask):
            placed[rows] = single((block - self.mean) @ self.components.T)[: len(rows)]
        return placed

    def arrays(self) -> Arrays:
        total = np.array([self.total])
        return {"mean": self.mean, "components": self.components, "variances": self.variances, "total": total}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> PCA:
        return cls(
            mean=np.array(arrays["mean"], np.float64),
            components=np.array(arrays["components"], np.float64, order="C"),
            variances=np.array(arrays["variances"], np.float64),
            total=float(arrays["total"][0]),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class IncrementalPCA:
    """PCA of rows that are looked at in batches, and do not fit into memory at once: ``values`` may be a memory map.

    No more than ``4 · batch × d`` numbers are held at a time, a few times over. Where a row has at most ``4 · batch``
    entries, their d × d sums of products fit into that, and it is the PCA of all rows but for rounding.
    Where it has more, the strongest directions are carried on after each batch, as many as a batch has rows (Ross et
    al. 2008, *Incremental learning for robust visual tracking*): a component can be off by what was dropped, and the
    share that is kept is at least what is told.
    """

    pca: PCA

    @classmethod
    def fit(cls, values: F32, mask: Mask, *, share: float = 0.95, batch: int = 1024) -> IncrementalPCA:
        """Learn from the rows of ``values`` ``[n, d]`` that are present, keeping this share of their variance."""
        _one_of(None, share)
        if batch < 2:
            raise UsageError(f"a batch of {batch} rows has no spread to learn from; give 2 rows or more.")
        places = np.flatnonzero(mask)
        width = values.shape[1]
        seen, mean, squares = 0, np.zeros(width), np.zeros(width)
        narrow = width <= 4 * batch
        products = np.zeros((width, width)) if narrow else np.zeros((0, width))
        for start in range(0, len(places), batch):
            rows = values[places[start : start + batch]].astype(np.float64)
            own = rows.mean(axis=0)
            rows -= own
            # What the two means are apart is variance too: one more row.
            shift = np.sqrt(seen * len(rows) / (seen + len(rows))) * (mean - own)
            squares += np.square(rows).sum(axis=0) + np.square(shift)
            mean += (own - mean) * len(rows) / (seen + len(rows))
            seen += len(rows)
            rows = np.concatenate([rows, shift[None]])
            products = products + rows.T @ rows if narrow else _strongest(np.concatenate([products, rows]), batch)
        _enough(seen)
        varied = varies(mean, np.sqrt(squares / seen))
        total = float(squares[varied].sum())
        along, found = _along_products(products) if narrow else _along_rows(products)
        along = along[: _rank(along, max(seen, width), seen) if total else 0]
        if total and (told := float(along.sum() / total)) < share - _ROUNDING and not narrow:
            raise UsageError(
                f"{len(along)} components, all that batches of {batch} rows carry, keep {told:.1%} of the variance and "
                f"not {share:.1%}. Give larger batches, or ask for a smaller share."
            )
        kept = _kept(along, total, None, share)
        return cls(pca=PCA.of(mean, found[:kept], along[:kept], total, seen, varied))

    def __call__(self, values: F32, mask: Mask) -> F32:
        """float32 ``[n, k]``; masked rows are 0."""
        return self.pca(values, mask)

    def arrays(self) -> Arrays:
        """Those of the PCA that it comes to."""
        return self.pca.arrays()

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> IncrementalPCA:
        return cls(pca=PCA.from_arrays(arrays))


@dataclass(frozen=True, kw_only=True, eq=False)
class UMAP:
    """A map on which rows that are near each other stay near (McInnes et al. 2018, *UMAP: uniform manifold
    approximation and projection for dimension reduction*), learned from the training rows.

    What the package fits can be kept only as a pickle, so the training rows and their places on the map are kept
    instead. A row that is one of them stands at its place. Any other stands at the weighted mean of the places of its
    k nearest, where x is at the distance dᵢ from the i-th, and at R from the nearest after those (Franke and Nielson
    1980, *Smooth interpolation of large sets of scattered data*)::

        y = Σ wᵢ yᵢ / Σ wᵢ        wᵢ = ((R − dᵢ) / dᵢ)²        i = 1 … k

    So a row that moves a little moves a little on the map, also where one of its neighbours becomes another; and no
    new row ever leaves the map. If the nearest are all at one distance, they weigh alike.

    ``rows``: float32 ``[m, d]``, no two alike. ``places``: float32 ``[m, e]``. ``neighbours``: k.
    """

    rows: F32
    places: F32
    neighbours: int

    @classmethod
    def fit(
        cls,
        values: F32,
        mask: Mask,
        *,
        components: int = 2,
        neighbours: int = 15,
        min_distance: float = 0.1,
        seed: int = 0,
    ) -> UMAP:
        """Learn from the rows of ``values`` ``[n, d]`` that are present; rows that are alike count once.

        One seed gives one map, on one machine and release; the price is that a single core works on it.
        """
        _one_of(components, None)
        if neighbours < 2:
            raise UsageError(f"{neighbours} neighbours were asked for; a map is drawn from 2 or more of each row.")
        ready()
        present = values[mask]
        first: dict[bytes, int] = {}
        for k, row in enumerate(present):
            first.setdefault(_bits(row), k)
        rows = present[list(first.values())]
        fewest = max(neighbours, components + 1) + 1
        if len(rows) < fewest:
            raise UsageError(
                f"a map in {components} components by {neighbours} neighbours needs {fewest} unlike training rows or "
                f"more; there are {len(rows)}. Ask for fewer, or give more rows."
            )
        with warnings.catch_warnings():
            # It says that TensorFlow is not there, which only a part takes that is not used here.
            warnings.filterwarnings("ignore", message="Tensorflow not installed", category=ImportWarning)
            import umap
        mapper: Any = umap.UMAP(
            n_components=components, n_neighbors=neighbours, min_dist=min_distance, random_state=seed, n_jobs=1
        )
        with warnings.catch_warnings():
            # The package calls others by names that those are about to drop; that is between them.
            warnings.simplefilter("ignore", FutureWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            places = np.array(mapper.fit_transform(rows), np.float32)
        return cls(rows=rows, places=places, neighbours=neighbours)

    @cached_property
    def _known(self) -> Mapping[bytes, int]:
        return {_bits(row): k for k, row in enumerate(self.rows)}

    def __call__(self, values: F32, mask: Mask) -> F32:
        """float32 ``[n, e]``; masked rows are 0."""
        same_width(values, self.rows.shape[1])
        placed = np.zeros((len(values), self.places.shape[1]), np.float32)
        fresh = mask.copy()
        for k in np.flatnonzero(mask):
            place = self._known.get(_bits(values[k]))
            if place is not None:
                placed[k], fresh[k] = self.places[place], False
        if not fresh.any():
            return placed
        training = self.rows.astype(np.float64)
        lengths = np.square(training).sum(axis=1)
        for rows, block in _blocks(values, fresh):
            # The squared distances less |x|²; cheap and rounded, so only to find who may be among the nearest.
            rough = lengths - 2 * (block @ training.T)
            for k, row, far in zip(rows, block, rough, strict=False):
                placed[k] = self._between(row, training, far)
        return placed

    def _between(self, row: F64, training: F64, rough: F64) -> F64:
        """The place ``[e]`` of a row that is none of the training."""
        many = min(self.neighbours + 1 + SLACK, len(training))
        likely = np.sort(np.argpartition(rough, many - 1)[:many])
        far = np.sqrt(np.square(training[likely] - row).sum(axis=1))
        nearest = np.argsort(far, kind="stable")[: self.neighbours + 1]
        near, limit = far[nearest[:-1]], far[nearest[-1]]
        weights = np.square((limit - near) / near)
        weights = weights / weights.sum() if weights.any() else np.full(len(near), 1 / len(near))
        return weights @ self.places[likely[nearest[:-1]]].astype(np.float64)

    def arrays(self) -> Arrays:
        return {"rows": self.rows, "places": self.places, "neighbours": np.array([self.neighbours], np.int64)}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> UMAP:
        return cls(
            rows=np.array(arrays["rows"], np.float32, order="C"),
            places=np.array(arrays["places"], np.float32),
            neighbours=int(arrays["neighbours"][0]),
        )


def _bits(row: F32) -> bytes:
    """Rows with the same are the same. Adding 0 makes of −0, the same number in other bits, 0."""
    return (row.astype(np.float32) + np.float32(0)).tobytes()


def ready() -> None:
    """Raise MissingExtra if the package that draws maps is not installed; nothing is imported."""
    if find_spec("umap") is None:
        raise MissingExtra("UMAP", "umap", missing="umap-learn")


def _one_of(components: int | None, share: float | None) -> None:
    if (components is None) == (share is None):
        raise UsageError("give either how many components to keep, or the share of the variance, and not both.")
    if components is not None and components < 1:
        raise UsageError(f"{components} components were asked for; ask for 1 or more.")
    if share is not None and not 0 < share <= 1:
        raise UsageError(f"a share of {share:g} of the variance was asked for; it is above 0 and at most 1.")


def _enough(count: int) -> None:
    if count < 2:
        raise UsageError(f"components are learned from 2 training rows or more; {count} is present.")


def _along_products(products: F64) -> tuple[F64, F64]:
    """Of rows with these sums of products ``[d, d]``: sums of squares along the directions ``[d, d]`` in which they
    vary, the greatest first."""
    rising, columns = np.linalg.eigh(products)
    return rising[::-1], columns.T[::-1]


def _along_rows(rows: F64) -> tuple[F64, F64]:
    """The same, where there are fewer rows than entries."""
    _, singular, found = np.linalg.svd(rows, full_matrices=False)
    return np.square(singular), found


def _strongest(rows: F64, most: int) -> F64:
    """At most so many rows ``[k, d]`` whose sums of products are those of ``rows`` but for the weakest directions."""
    _, turns = np.linalg.eigh(rows @ rows.T)
    return turns.T[::-1][:most] @ rows


def _rank(squares: F64, size: int, count: int) -> int:
    """In how many directions rows vary by more than rounding; never in as many as there are rows."""
    if len(squares) == 0:
        return 0
    return min(int((squares > squares[0] * size * np.finfo(np.float64).eps).sum()), count - 1)


def _kept(squares: F64, total: float, components: int | None, share: float | None) -> int:
    """How many of the components, whose ``squares`` these are, to keep."""
    if len(squares) == 0:
        raise UsageError("the training rows are all alike but for rounding; there is no direction that they vary in.")
    if components is not None:
        if components > len(squares):
            raise UsageError(
                f"{components} components were asked for, and the training rows vary in {len(squares)} directions. Ask "
                "for at most so many, or for a share of the variance."
            )
        return components
    told = np.cumsum(squares) / total
    return min(int(np.searchsorted(told, (share or 1) - _ROUNDING)) + 1, len(squares))


def _blocks(values: F32, mask: Mask) -> Iterator[tuple[Places, F64]]:
    """The rows that are present, ``HEIGHT`` at a time: where they stand, and they, float64 ``[HEIGHT, d]``.

    The same array each time; below the rows it is 0.
    """
    places = np.flatnonzero(mask)
    block = np.zeros((HEIGHT, values.shape[1]))
    for start in range(0, len(places), HEIGHT):
        own = places[start : start + HEIGHT]
        block[: len(own)] = values[own]
        block[len(own) :] = 0
        yield own, block
