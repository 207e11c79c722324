"""Deferred: a package whose own code runs when something in it is first asked for, and not when it is imported."""

from __future__ import annotations

import importlib.util
import sys
from threading import RLock
from types import ModuleType
from typing import Any

_LOCK = RLock()


def defer(name: str) -> None:
    """Let later imports of the package ``name``, and of modules inside it, go without running its ``__init__``.

    It is run as soon as a name is wanted that the package does not have yet. One that is not installed stays
    missing, and one that is imported already stays as it is.
    """
    if name in sys.modules:
        return
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None or spec.submodule_search_locations is None:
        return
    package = importlib.util.module_from_spec(spec)
    package.__class__ = _Deferred
    sys.modules[name] = package


class _Deferred(ModuleType):
    """What stands in ``sys.modules`` until then; afterwards the very object is an ordinary module."""

    def __getattr__(self, name: str) -> Any:
        with _LOCK:  # another thread waits for the whole package rather than see half of it
            loader = self.__spec__.loader if self.__spec__ else None
            if type(self) is _Deferred and loader and "__begun__" not in self.__dict__:
                self.__dict__["__begun__"] = True  # what it imports may look back at it
                try:
                    loader.exec_module(self)
                    object.__setattr__(self, "__class__", ModuleType)
                finally:
                    del self.__dict__["__begun__"]
        if name in self.__dict__:
            return self.__dict__[name]
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
