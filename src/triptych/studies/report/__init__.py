"""Report: the results of a study for those who look (HTML), those who read (Markdown) and machines (JSON)."""

from triptych.studies.report.body import to_json
from triptych.studies.report.files import write

__all__ = ["to_json", "write"]
