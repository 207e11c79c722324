"""Layout: which fields of an item, a user, an interaction and a tag stand where in atomic files."""

from __future__ import annotations

from collections.abc import Mapping

#: The format of the manifest beside an export.
FORMAT = "recbole"
#: How cells of an export are written, see :mod:`triptych.interchange.percent`.
ESCAPE = "percent"

#: Fields of an item as an export has them. Text of more than one word is a sequence of its words.
ITEM: Mapping[str, str] = {
    "item_id": "token",
    "title": "token_seq",
    "year": "token",
    "released_at": "token",
    "runtime_min": "float",
    "genres": "token_seq",
    "plot": "token_seq",
    "people": "token_seq",
    "directors": "token_seq",
    "languages": "token_seq",
    "countries": "token_seq",
    "certificate": "token",
    "url": "token",
    "poster": "token",
    "imdb_id": "token",
    "tmdb_id": "token",
    "imdb_rating": "float",
    "imdb_votes": "float",
}
LISTS = ("genres", "people", "directors", "languages", "countries")
WHOLE = ("year", "imdb_votes")
FRACTIONS = ("runtime_min", "imdb_rating")

USER: Mapping[str, str] = {
    "user_id": "token",
    "age": "token",
    "gender": "token",
    "occupation": "token",
    "region": "token",
}
EVENT: Mapping[str, str] = {
    "user_id": "token",
    "item_id": "token",
    "rating": "float",
    "timestamp": "float",
    "kind": "token",
}
#: RecBole reads such a file only when it is asked for (additional_feat_suffix).
TAG: Mapping[str, str] = {"user_id": "token", "item_id": "token", "tag": "token_seq", "timestamp": "float"}

#: What other data sets call them: their name → ours. A name of ours that is there already stands.
ALIASES: Mapping[str, str] = {
    "movie_id": "item_id",
    "itemid": "item_id",
    "movieid": "item_id",
    "asin": "item_id",
    "userid": "user_id",
    "movie_title": "title",
    "name": "title",
    "item_name": "title",
    "release_year": "year",
    "release_date": "released_at",
    "runtime": "runtime_min",
    "class": "genres",
    "genre": "genres",
    "categories": "genres",
    "category": "genres",
    "description": "plot",
    "overview": "plot",
    "actors": "people",
    "cast": "people",
    "director": "directors",
    "language": "languages",
    "country": "countries",
    "zip_code": "region",
    "zip": "region",
}
