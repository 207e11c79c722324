"""Audit: what a record shows of the ways in which an experiment fools itself."""

from __future__ import annotations

from triptych.evaluate.audit.checks import CHECKS, audit
from triptych.evaluate.audit.findings import Audit, Finding

__all__ = ["CHECKS", "Audit", "Finding", "audit"]
