"""Who: somebody who is to be recommended to, by what there is to know them by."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from triptych.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Who:
    """A user by their id; or one who has none, by what they like: items (``likes``, the latest last), a ``text`` that
    says what it is to be like, a ``clip``, or several of these. Nothing at all is a stranger.

    >>> Who().stranger, Who(likes=("alien", "heat")).told
    (True, 'who likes alien, heat')
    """

    user: str = ""
    likes: tuple[str, ...] = ()
    text: str = ""
    clip: Path | None = None

    def __post_init__(self) -> None:
        if isinstance(self.likes, str):
            raise UsageError(f"likes are given as ids, one after another; write [{self.likes!r}].")
        object.__setattr__(self, "likes", tuple(dict.fromkeys(self.likes)))
        object.__setattr__(self, "text", self.text.strip())
        if self.user and (self.likes or self.text or self.clip is not None):
            raise UsageError(
                f"user {self.user!r} is known by what they did; give a user, or likes, a text and a clip for somebody "
                "who is none."
            )

    @property
    def stranger(self) -> bool:
        return not (self.user or self.likes or self.text or self.clip is not None)

    @property
    def told(self) -> str:
        """As a phrase."""
        if self.user:
            return f"user {self.user}"
        parts = [
            f"who likes {', '.join(self.likes)}" if self.likes else "",
            f"who asks for {self.text!r}" if self.text else "",
            f"who likes the clip {self.clip.name}" if self.clip is not None else "",
        ]
        return " and ".join(part for part in parts if part) or "a stranger"
