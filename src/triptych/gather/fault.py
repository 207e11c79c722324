"""Fault: why one try to fetch something came to nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a server said: ``headers`` by lower-case name; ``body`` is decoded from its content encoding."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Fault(Exception):
    """Whether another try makes sense, how long the server asked to wait for it, and what it said if that matters.

    Between the parts of the client only: what leaves it is a FetchError.
    """

    def __init__(self, what: str, *, again: bool, wait_s: float = 0.0, answer: Answer | None = None) -> None:
        super().__init__(what)
        self.again, self.wait_s, self.answer = again, wait_s, answer
