"""Predictors: every rating model there is, by the name it is asked for; imported where it is asked for, not before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from triptych.errors import MissingExtra, UnknownName, UsageError
from triptych.models.predictor import RatingModel


@dataclass(frozen=True, kw_only=True)
class Family:
    """``settings``: ``module:Class``, frozen, each of whose fields may be set. ``preset``: by which the class is asked
    through ``Class.preset(name, **settings)``, "" where it is called itself. ``needs``: packages, of the extra
    ``extra``. ``says``: in a line."""

    settings: str
    says: str
    preset: str = ""
    needs: tuple[str, ...] = ()
    extra: str = ""


_CF = "triptych.models.collaborative"
_KNN = f"{_CF}.knn:RatingKNN"
_CONTENT = "triptych.models.content_rating"
_DEEP = "triptych.models.deep_cf.deep_cf:DeepCf"


def _fm(preset: str, says: str) -> Family:
    return Family(settings="triptych.models.fm.fm:FM", preset=preset, says=says, needs=("myfm",), extra="fm")


def _net(settings: str, says: str, preset: str = "") -> Family:
    return Family(settings=settings, preset=preset, says=says, needs=("torch", "safetensors"), extra="train")


PREDICTORS: Mapping[str, Family] = {
    "random": Family(settings=f"{_CF}.guess:Guess", says="drawn from a normal of the training ratings"),
    "bias": Family(settings=f"{_CF}.bias:Bias", says="the mean, and what a user and an item are off it"),
    "user-knn": Family(settings=_KNN, preset="user-knn", says="like users' ratings, each less the user's mean"),
    "user-knn-z": Family(settings=_KNN, preset="user-knn-z", says="the same in standard deviations of each user"),
    "item-knn": Family(settings=_KNN, preset="item-knn", says="the user's ratings of like items"),
    "item-knn-z": Family(settings=_KNN, preset="item-knn-z", says="the same in standard deviations of each item"),
    "reg-svd": Family(settings=f"{_CF}.reg_svd:RegSVD", says="biases and factors, by gradient descent"),
    "svd++": Family(settings=f"{_CF}.svd_plus_plus:SVDPlusPlus", says="the same, and factors of what a user rated"),
    "als": Family(settings=f"{_CF}.rating_als:RatingALS", says="biases and factors, by alternating least squares"),
    "item-ridge": Family(
        settings=f"{_CF}.item_ridge:ItemRidge", says="each item's ratings regressed on its raters' others"
    ),
    "libfm": _fm("libfm", "a Bayesian factorisation of ids"),
    "fm-content": _fm("fm-content", "ids and what is known of items"),
    "fm": _fm("fm", "ids, histories, items, users and the day"),
    "gaussian": Family(
        settings="triptych.models.gaussian:Gaussian", says="likeness of items learned from all users, and the mood"
    ),
    "genre-cont": Family(
        settings=f"{_CONTENT}.content_knn:ContentKNN", preset="genre-cont", says="the user's ratings of like genres"
    ),
    "content-knn": Family(
        settings=f"{_CONTENT}.content_knn:ContentKNN", preset="content-knn", says="the same by any content"
    ),
    "content-weighted": Family(
        settings=f"{_CONTENT}.weighted:ContentWeighted", says="all of the user's ratings, weighted by similarity"
    ),
    "deep-cf": _net(_DEEP, "a network of user and item factors", "deep-cf"),
    "lstm-av-cont": _net(_DEEP, "a network of sight and sound in time", "lstm-av-cont"),
    "dcf-av-cont-1": _net(_DEEP, "both in one", "dcf-av-cont-1"),
    "dcf-av-cont-2": _net(_DEEP, "both, pretrained apart", "dcf-av-cont-2"),
    "rating-siamese": _net(
        "triptych.models.rating_siamese.rating_siamese:RatingSiamese",
        "encoders of what is seen, heard and read, joined to what a user liked",
    ),
    "blend": Family(settings="triptych.models.blend:Blend", says="a weighted sum of others, weighed on validation"),
    "best": Family(
        settings="triptych.models.blend:Blend",
        preset="best",
        says="the best there is here",
        needs=("myfm",),
        extra="fm",
    ),
}


def model_of(name: str, settings: Mapping[str, Any] | None = None, *, where: str = "predict") -> RatingModel:
    """The model called ``name`` with some of its settings. UnknownName for what there is not, MissingExtra where a
    package is missing."""
    if name not in PREDICTORS:
        raise UnknownName("rating model", name, PREDICTORS)
    family = PREDICTORS[name]
    for package in family.needs:
        if find_spec(package) is None:
            raise MissingExtra(f"The model {name}", family.extra, missing=package)
    module, _, called = family.settings.partition(":")
    made: Any = getattr(import_module(module), called)
    asked, known = dict(settings or {}), [one.name for one in fields(made) if one.init and one.name != "name"]
    for setting in asked:
        if setting not in known:
            raise UnknownName(f"setting of {name} in {where}", setting, known)
    try:
        return made.preset(family.preset, **asked) if family.preset else made(name=name, **asked)
    except (TypeError, ValueError, AttributeError) as fault:  # a number where there is text, a list where a table is
        raise UsageError(f"the settings of {name} in {where} cannot be read: {fault}.") from fault


def seeded(name: str, settings: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """The settings with a seed of their own, where the model draws anything at all."""
    module, _, called = PREDICTORS[name].settings.partition(":")
    draws = "seed" in {one.name for one in fields(getattr(import_module(module), called))}
    return {**settings, "seed": seed} if draws else dict(settings)
