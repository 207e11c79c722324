"""Do clips of the same content in two encodings have each other as nearest neighbour?

    python benchmarks/pairs.py MEDIA       the folder with the clips named in PAIRS

Searched by seeing alone, by hearing alone where both have sound, and fused. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from triptych.errors import SourceError

TRIPTYCH = [sys.executable, "-c", "from triptych.cli.main import run; run()"]
#: Groups of the same content; within a group of three, each one's nearest must be of the group.
GROUPS = (
    ("mdn_rabbit.mp4", "mdn_rabbit.webm", "mdn_rabbit320.mp4"),
    ("mdn_frog.mp4", "mdn_frog.webm"),
    ("mdn_elf.mp4", "mdn_elf.webm"),
    ("cc0_flower.mp4", "cc0_flower.webm"),
    ("bbb_480p_30s.mp4", "mpy_big_buck_bunny_0_30.webm"),
)
SEARCHES = {"seeing": ["--panels", "seeing"], "hearing": ["--panels", "hearing"], "fused": []}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("media", type=Path)
    arguments = parser.parse_args()
    wanted = sorted(name for group in GROUPS for name in group)
    if missing := [name for name in wanted if not (arguments.media / name).is_file()]:
        raise SourceError(f"{str(arguments.media)!r} lacks {', '.join(missing)}.")
    found: dict[str, dict[str, int]] = {}
    with tempfile.TemporaryDirectory() as folder:
        catalogue = str(Path(folder) / "catalogue")
        for command in (["init"], ["add", str(arguments.media)], ["extract"], ["fuse"]):
            triptych(command[0], catalogue, *command[1:])
        for search, options in SEARCHES.items():
            lists = json.loads(triptych("similar", catalogue, *wanted, "-n", "1", *options, "--json"))
            nearest = {row["item_id"]: row["similar"][0]["item_id"] if row["similar"] else "" for row in lists}
            groups = [group for group in GROUPS if all(nearest[name] for name in group)]
            kept = sum(all(nearest[name] in group for name in group) for group in groups)
            clips = [name for group in groups for name in group]
            right = sum(nearest[name] in group for group in groups for name in group)
            found[search] = {"groups": len(groups), "mutual": kept, "clips": len(clips), "right": right}
            print(f"{search}: {kept} of {len(groups)} groups, {right} of {len(clips)} clips", file=sys.stderr)
            for group in groups:
                for name in group:
                    if nearest[name] not in group:
                        print(f"  {name} → {nearest[name]}", file=sys.stderr)
    print(json.dumps({"benchmark": "pairs", **found}))


def triptych(*arguments: str) -> str:
    return subprocess.run([*TRIPTYCH, *arguments], stdout=subprocess.PIPE, check=True, text=True).stdout


if __name__ == "__main__":
    main()
