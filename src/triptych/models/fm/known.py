"""Known: what the factorisation machine may read of a rating to come, and since when that is known."""

from __future__ import annotations

from collections.abc import Mapping

ALWAYS = "before the first rating: it is written in the catalogue"
TRAINING = "from the training ratings alone"
REQUEST = "when the list is asked for"

#: Of each thing that is read, when it is known.
KNOWN: Mapping[str, str] = {
    "user ids": TRAINING,
    "item ids": TRAINING,
    "user histories": f"{TRAINING}: which items a user rated, not how",
    "item histories": f"{TRAINING}: which users rated an item, not how",
    "fields of items": ALWAYS,
    "fields of users": "before the first rating: a user told it when signing up",
    "day": f"{REQUEST}: the day of the rating to come; what that day is like, {TRAINING}",
    "user-day": f"{REQUEST}: the same, of the user alone",
    "user-moment": f"{REQUEST}: the second of the rating to come, and what else the user rated in it, {TRAINING}",
    "hour": REQUEST,
    "weekday": REQUEST,
    "user-age": f"{REQUEST}: how long after the user's first training rating",
}
#: What is never read, though a catalogue may hold it.
LEFT_OUT: Mapping[str, str] = {
    "imdb_rating": "collected long after the ratings, from another audience",
    "imdb_votes": "the same",
}
