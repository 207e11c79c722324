"""Do clips of the same content in two encodings have each other as nearest neighbour?

    python benchmarks/pairs.py MEDIA       a folder with the clips named in GROUPS; without it, eight clips are
                                           generated, and each is encoded anew, smaller, as VP8 and Opus

Searched by seeing alone, by hearing alone where all of a group have sound, and by both; and by each feature of seeing
and hearing that is a vector, z-scored over all clips: is a re-encoding nearer than any other clip of the set? The last
line is JSON.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import av
import numpy as np

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.sources.synthetic import Settings, make_clip
from triptych.errors import SourceError
from triptych.features.bits import is_packed
from triptych.features.store import FeatureStore

TRIPTYCH = [sys.executable, "-c", "from triptych.cli.main import run; run()"]
#: Groups of the same content; within a group of three, each one's nearest must be of the group. By a feature of sound
#: the last is missed where bbb_audio_only_frag is nearest: that is the same film's sound without its pictures.
GROUPS = (
    ("mdn_rabbit.mp4", "mdn_rabbit.webm", "mdn_rabbit320.mp4"),
    ("mdn_frog.mp4", "mdn_frog.webm"),
    ("mdn_elf.mp4", "mdn_elf.webm"),
    ("cc0_flower.mp4", "cc0_flower.webm"),
    ("bbb_480p_30s.mp4", "mpy_big_buck_bunny_0_30.webm"),
)
#: Not by reading: a file without a title is called by its name, and these have the names of their twins.
SEARCHES = {
    "seeing": ["--panels", "seeing"],
    "hearing": ["--panels", "hearing"],
    "fused": ["--panels", "seeing=1,hearing=1"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("media", nargs="?", type=Path)
    arguments = parser.parse_args()
    found: dict[str, dict[str, int]] = {}
    with tempfile.TemporaryDirectory() as folder:
        media, every_group = arguments.media, GROUPS
        if media is None:
            media = Path(folder) / "media"
            every_group = generated(media)
        wanted = sorted(name for group in every_group for name in group)
        if missing := [name for name in wanted if not (media / name).is_file()]:
            raise SourceError(f"{str(media)!r} lacks {', '.join(missing)}.")
        catalogue = str(Path(folder) / "catalogue")
        for command in (["init"], ["add", str(media)], ["extract"], ["fuse"]):
            triptych(command[0], catalogue, *command[1:])
        for search, options in SEARCHES.items():
            lists = json.loads(triptych("similar", catalogue, *wanted, "-n", "1", *options, "--json"))
            nearest = {row["item_id"]: row["similar"][0]["item_id"] if row["similar"] else "" for row in lists}
            groups = [group for group in every_group if all(nearest[name] for name in group)]
            kept = sum(all(nearest[name] in group for name in group) for group in groups)
            clips = [name for group in groups for name in group]
            right = sum(nearest[name] in group for group in groups for name in group)
            found[search] = {"groups": len(groups), "mutual": kept, "clips": len(clips), "right": right}
            print(f"{search}: {kept} of {len(groups)} groups, {right} of {len(clips)} clips", file=sys.stderr)
            for group in groups:
                for name in group:
                    if nearest[name] not in group:
                        print(f"  {name} → {nearest[name]}", file=sys.stderr)
        features = by_feature(Path(catalogue), every_group)
    print(json.dumps({"benchmark": "pairs", **found, "features": features}))


def by_feature(catalogue: Path, every_group: tuple[tuple[str, ...], ...]) -> dict[str, dict[str, int]]:
    """For each feature of seeing and hearing, of how many clips the nearest is one of its group."""
    store = FeatureStore(Catalogue.open(catalogue).tables)
    group_of = {name: group for group in every_group for name in group}
    found: dict[str, dict[str, int]] = {}
    for recipe in store.recipes():
        if recipe.panel == "reading" or is_packed(recipe) or store.holds_sequences(recipe):
            continue
        table = store.read(recipe)
        item_ids = np.array(table.item_ids)[table.present]
        values = table.values[table.present].astype(np.float64)
        spread = values.std(axis=0)
        scaled = values * np.where(spread > 1e-9, 1 / np.maximum(spread, 1e-9), 0)
        apart = np.linalg.norm(scaled[:, None] - scaled[None], axis=2)
        np.fill_diagonal(apart, np.inf)
        nearest = dict(zip(item_ids.tolist(), item_ids[apart.argmin(axis=1)].tolist(), strict=True))
        # A group of which one has no sound, or is silent, cannot be found by hearing.
        asked = [name for name, group in group_of.items() if all(one in nearest for one in group)]
        right = [name for name in asked if nearest[name] in group_of[name]]
        found[recipe.title] = {"clips": len(asked), "right": len(right), "of": len(item_ids)}
        missed = ", ".join(f"{name} → {nearest[name]}" for name in asked if name not in right)
        print(f"{recipe.title}: {len(right)} of {len(asked)} clips {missed}", file=sys.stderr)
    return found


def generated(folder: Path) -> tuple[tuple[str, ...], ...]:
    """Eight clips and their re-encodings. No tables, so that nothing is written of any of them."""
    folder.mkdir()
    groups: list[tuple[str, ...]] = []
    for index in range(8):
        made = make_clip(folder / "made", index, settings=Settings()).clip
        made = made.rename(folder / made.name)
        reencode(made, made.with_suffix(".webm"))
        groups.append((made.name, made.with_suffix(".webm").name))
    return tuple(groups)


def reencode(source: Path, target: Path) -> None:
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        pictures, sound = old.streams.video[0], old.streams.audio[0]
        video = new.add_stream("libvpx", rate=pictures.average_rate)
        video.width, video.height, video.pix_fmt, video.bit_rate = 240, 136, "yuv420p", 200_000
        audio = new.add_stream("libopus", rate=48_000, layout="mono")
        resampler = av.AudioResampler(format="s16", layout="mono", rate=48_000)
        for frame in old.decode(pictures, sound):
            if isinstance(frame, av.VideoFrame):
                small = frame.reformat(240, 136, "yuv420p")
                small.pict_type = 0  # the encoder chooses its own keyframes
                new.mux(video.encode(small))
            else:
                for part in resampler.resample(frame):
                    new.mux(audio.encode(part))
        new.mux(video.encode(None))
        new.mux(audio.encode(None))


def triptych(*arguments: str) -> str:
    return subprocess.run([*TRIPTYCH, *arguments], stdout=subprocess.PIPE, check=True, text=True).stdout


if __name__ == "__main__":
    main()
