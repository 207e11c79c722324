"""Are the files that hold the same content found, and no others?

    python benchmarks/duplicates.py MEDIA  a folder with the clips named in LISTED, beside any others

Whether or not there is a folder, forty clips are generated, and each is encoded anew in five ways: smaller, with black
bars, lighter, without its first two seconds, louder. A pair counts as found when both stand in one group; as false
when they do and hold different content. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any

import av
import numpy as np

from triptych.catalogue.catalogue import Catalogue
from triptych.catalogue.sources.folder import Folder
from triptych.catalogue.sources.synthetic import Settings, make_clip
from triptych.curation.duplicates import Found, find
from triptych.errors import SourceError
from triptych.features.extraction import extract
from triptych.features.registry import profile

#: Groups of the same content in MEDIA.
LISTED = (
    ("mdn_rabbit.mp4", "mdn_rabbit.webm", "mdn_rabbit320.mp4"),
    ("mdn_frog.mp4", "mdn_frog.webm"),
    ("mdn_elf.mp4", "mdn_elf.webm"),
    ("cc0_flower.mp4", "cc0_flower.webm"),
    ("bbb_480p_30s.mp4", "mpy_big_buck_bunny_0_30.webm"),
)
#: Not among the listed, but true: pieces of the same film, of its sound alone, or lying on its side; one test pattern.
ALSO_TRUE = (
    (
        "bbb_480p_30s.mp4",
        "mpy_big_buck_bunny_0_30.webm",
        "synthetic_truncated_bbb.webm",
        "bbb_audio_only_frag.mp4",
        "mb_multiple-aac-tracks.mp4",
        "mb_rotate-buck-bunny.mp4",
    ),
    ("decord_corrupted.mp4", "tc_av1_video.mkv"),
)


@dataclass(frozen=True, kw_only=True)
class Change:
    """How a file is made anew from another one."""

    width: int = 320
    height: int = 180
    bar_px: int = 0
    light: float = 1.0
    skip_s: float = 0.0
    gain: float = 1.0
    suffix: str = ".mp4"


CHANGES = {
    "smaller": Change(width=240, height=136, suffix=".webm"),
    "barred": Change(bar_px=30),
    "lighter": Change(light=1.1),
    "cut": Change(skip_s=2.0),
    "louder": Change(gain=1.8, suffix=".webm"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("media", nargs="?", type=Path)
    parser.add_argument("--clips", type=int, default=40)
    arguments = parser.parse_args()
    report: dict[str, Any] = {"benchmark": "duplicates"}
    with tempfile.TemporaryDirectory() as folder:
        if arguments.media is not None:
            wanted = {name for group in LISTED for name in group}
            if missing := sorted(name for name in wanted if not (arguments.media / name).is_file()):
                raise SourceError(f"{str(arguments.media)!r} lacks {', '.join(missing)}.")
            report["media"] = measured(Path(folder) / "a", arguments.media, LISTED, ALSO_TRUE)
        media = Path(folder) / "media"
        groups = generated(media, arguments.clips)
        report["generated"] = measured(Path(folder) / "b", media, groups, ())
    print(json.dumps(report))


def measured(
    folder: Path, media: Path, listed: tuple[tuple[str, ...], ...], also: tuple[tuple[str, ...], ...]
) -> dict[str, Any]:
    catalogue = Catalogue.init(folder)
    catalogue.add(Folder(path=media))
    began = time.perf_counter()
    made = extract(catalogue, extractors=profile("duplicates"))
    extracted_s, began = time.perf_counter() - began, time.perf_counter()
    found = find(catalogue)
    compared_s = time.perf_counter() - began
    wanted, true = pairs(listed), pairs(also)
    held = pairs(group.item_ids for group in found.groups())
    for missed in sorted(wanted - held):
        print(f"  not found: {' ~ '.join(missed)}", file=sys.stderr)
    for wrong in sorted(held - wanted - true):
        print(f"  false: {' ~ '.join(wrong)}", file=sys.stderr)
    tell(found)
    return {
        "clips": made.clips_decoded,
        "listed": len(wanted),
        "found": len(wanted & held),
        "also_true": len(true - wanted),
        "also_found": len((true - wanted) & held),
        "false": len(held - wanted - true),
        "shared_sound": len(found.shared_sound),
        "extract_s": round(extracted_s, 2),
        "compare_s": round(compared_s, 2),
    }


def tell(found: Found) -> None:
    for pair in found.shared_sound:
        print(f"  shared sound: {pair.evidence}", file=sys.stderr)


def pairs(groups: Any) -> set[tuple[str, str]]:
    return {pair for group in groups for pair in combinations(sorted(group), 2)}


def generated(folder: Path, count: int) -> tuple[tuple[str, ...], ...]:
    """Clips and what is made of them. No tables, so that nothing is written of any of them."""
    folder.mkdir()
    groups: list[tuple[str, ...]] = []
    for index in range(count):
        made = make_clip(folder / "made", index, settings=Settings()).clip
        made = made.rename(folder / made.name)
        names = [made.name]
        for name, change in CHANGES.items():
            target = folder / f"{made.stem}-{name}{change.suffix}"
            reencode(made, target, change)
            names.append(target.name)
        groups.append(tuple(names))
    return tuple(groups)


def reencode(source: Path, target: Path, change: Change) -> None:
    webm = target.suffix == ".webm"
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        pictures, sound = old.streams.video[0], old.streams.audio[0]
        video = new.add_stream("libvpx" if webm else "libx264", rate=pictures.average_rate)
        video.width, video.height = change.width, change.height + 2 * change.bar_px
        video.pix_fmt = "yuv420p"
        video.options = {"b": "300k"} if webm else {"crf": "27"}
        audio = new.add_stream("libopus" if webm else "aac", rate=48_000)
        audio.layout = "mono"
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=48_000)
        shown = said = 0
        for frame in old.decode(pictures, sound):
            at_s = frame.time or 0.0
            if isinstance(frame, av.VideoFrame):
                if at_s < change.skip_s - 1e-6:
                    continue
                rgb = frame.reformat(change.width, change.height, "rgb24").to_ndarray()
                rgb = np.clip(rgb * change.light, 0, 255).astype(np.uint8)
                rgb = np.pad(rgb, ((change.bar_px, change.bar_px), (0, 0), (0, 0)))
                made = av.VideoFrame.from_ndarray(rgb, format="rgb24")
                made.pts, made.time_base = shown, 1 / Fraction(pictures.average_rate or 15)
                shown += 1
                new.mux(video.encode(made.reformat(format="yuv420p")))
                continue
            for part in resampler.resample(frame):
                samples = np.clip(part.to_ndarray() * change.gain, -1, 1).astype(np.float32)
                skip = min(max(round((change.skip_s - at_s) * 48_000), 0), samples.shape[1])
                if skip == samples.shape[1]:
                    continue
                piece = av.AudioFrame.from_ndarray(
                    np.ascontiguousarray(samples[:, skip:]), format="fltp", layout="mono"
                )
                piece.sample_rate, piece.pts, piece.time_base = 48_000, said, Fraction(1, 48_000)
                said += piece.samples
                new.mux(audio.encode(piece))
        new.mux(video.encode(None))
        new.mux(audio.encode(None))


if __name__ == "__main__":
    main()
