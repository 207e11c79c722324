"""Seconds to ``import triptych`` and to ``triptych --help``, and what must not be loaded by then.

The last line is JSON; the exit status says whether anything heavy was loaded, never whether it was quick.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import time

HEAVY = ("torch", "librosa", "transformers", "lightgbm", "ray", "lancedb", "av", "cv2", "polars", "pyarrow")
RUNS = 7
PROBE = f"import sys; print([name for name in {HEAVY!r} if name in sys.modules])"


def main() -> None:
    imports: list[float] = []
    helps: list[float] = []
    for _ in range(RUNS):
        timed = run("-X", "importtime", "-c", "import triptych")
        line = timed.stderr.strip().splitlines()[-1]
        found = re.match(r"import time:\s*\d+ \|\s*(\d+) \| triptych$", line)
        assert found is not None, line
        imports.append(int(found[1]) / 1e6)
        started = time.perf_counter()
        run("-c", "import sys; sys.argv = ['triptych', '--help']; from triptych.cli.main import run; run()")
        helps.append(time.perf_counter() - started)
    by_import = json.loads(run("-c", f"import triptych; {PROBE}").stdout.replace("'", '"'))
    by_help = json.loads(run("-c", f"import triptych.cli.main; {PROBE}").stdout.replace("'", '"'))
    result = {
        "benchmark": "startup",
        "import_s": round(statistics.median(imports), 4),
        "help_s": round(statistics.median(helps), 4),
        "heavy_after_import": by_import,
        "heavy_after_help": by_help,
    }
    print(json.dumps(result))
    sys.exit(bool(by_import or by_help))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=True)


if __name__ == "__main__":
    main()
