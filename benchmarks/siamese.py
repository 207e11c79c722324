"""How long is an epoch of 25,000 pairs on cached features, and how much of it goes to fetching them?

    python benchmarks/siamese.py                          the networks of the thesis, and one over a catalogue's panels
    python benchmarks/siamese.py --pairs 5000 --frames 64 a fifth of an epoch, larger spectrograms
    python benchmarks/siamese.py --device cuda            on an accelerator

The thesis tells 1.5 hours for an epoch of 25,000 on a T4 (§5.2), where spectrograms and low-level features were
computed anew for each batch. Here 2,000 items have made-up features, all of what the thesis's towers take: 16 frames ×
384, 5, VGGish 128, BERT 768, TF-IDF 5,000, language, year, and mel spectrograms, of whose size it says nothing: 64
bands × 32 frames, which take half of the time (64 × 64: one and a half times as long in all). The catalogue's towers
take features as wide as those of real trailers and plots: 107 of seeing, 128 of hearing, 850 of reading.

An epoch is one of the trainer: steps by AdamW, batches of 16 pairs, and judging 4,412 pairs that were held back. All of
the 1,454,028 parameters (2,172,844 with hybrid fusion) are trained. One epoch is run before the clock starts, cut to a
tenth. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from triptych.models.siamese import presets
from triptych.models.siamese.drill import Aim, Drill
from triptych.models.siamese.inputs import Inputs
from triptych.models.siamese.network import Network, Plan, parameters
from triptych.models.siamese.pairs import Pairs
from triptych.models.trainer import Trainer
from triptych.spaces.blocks import Blocks

ITEMS, GENRES, HELD = 2000, 18, 4412
#: Seconds for 25,000 pairs on the machine of the thesis.
THESIS_S = 1.5 * 3600
CATALOGUE = {"seeing": 107, "hearing": 128, "reading": 850}


@dataclass(frozen=True, kw_only=True)
class Row:
    name: str
    towers: str
    of: str


ROWS = (
    Row(name="pair-cosine, thesis", towers="thesis", of="pair-cosine"),
    Row(name="triplet-cosine, thesis", towers="thesis", of="triplet-cosine"),
    Row(name="pair-cosine, catalogue", towers="catalogue", of="pair-cosine"),
    Row(name="triplet-cosine, catalogue", towers="catalogue", of="triplet-cosine"),
)


def thesis(bands: int, frames: int) -> Inputs:
    g = torch.Generator().manual_seed(0)
    rare = torch.rand(ITEMS, 5000, generator=g) < 0.01
    return Inputs.of_paper(
        {
            "frames": torch.randn(ITEMS, 16, 384, generator=g),
            "low_level": torch.rand(ITEMS, 5, generator=g),
            "vggish": torch.randn(ITEMS, 128, generator=g),
            "spectrogram": torch.randn(ITEMS, 1, bands, frames, generator=g),
            "bert": torch.randn(ITEMS, 768, generator=g),
            "tfidf": torch.rand(ITEMS, 5000, generator=g) * rare,
            "language": torch.randint(0, 160, (ITEMS,), generator=g),
            "year": torch.rand(ITEMS, 1, generator=g),
        }
    )


def catalogue() -> Inputs:
    rng = np.random.default_rng(0)
    values = tuple(rng.normal(size=(ITEMS, width)).astype(np.float32) for width in CATALOGUE.values())
    mask = rng.random((ITEMS, len(CATALOGUE))) < (0.6, 0.6, 1.0)
    values = tuple(np.where(mask[:, [k]], part, 0) for k, part in enumerate(values))
    return Inputs.of_blocks(Blocks(panels=tuple(CATALOGUE), values=values, mask=mask))


def drawn(n: int, seed: int, *, alike: float) -> Pairs:
    rng = np.random.default_rng(seed)
    first = rng.integers(ITEMS, size=n)
    second = (first + rng.integers(1, ITEMS, size=n)) % ITEMS
    return Pairs(first=first, second=second, alike=np.arange(n) < alike * n, users=np.full(n, -1))


def epoch(row: Row, inputs: Inputs, pairs: int, device: str, threads: int) -> dict[str, Any]:
    preset = presets.preset(row.of)
    widths = inputs.widths if row.towers == "catalogue" else {}
    net = Network(Plan(fusion=preset.fusion, metric=preset.metric, widths=widths))
    genres = (np.random.default_rng(1).random((ITEMS, GENRES)) < 0.12).astype(np.float32)
    told: dict[str, Any] = {}
    for number, n in enumerate((max(pairs // 10, 64), pairs)):
        # Of triplets all pairs that teach are alike ones, of contrastive ones half.
        teaching = drawn(n, number, alike=1.0 if preset.loss == "triplet" else 0.5)
        aim = Aim(loss=preset.loss, metric=preset.metric, margin=preset.margin, batch=preset.batch)
        drill = Drill(net, inputs, pairs=teaching, held=drawn(HELD, 9, alike=0.5), genres=genres, aim=aim)
        trainer = Trainer(
            epochs=1, rates=preset.rates, weight_decay=preset.weight_decay, device=device, threads=threads
        )
        cpu = time.process_time()
        told = dict(trainer.train(drill).epochs[0])
        told["cpu_s"] = time.process_time() - cpu
    return {
        "name": row.name,
        "parameters": parameters(net)[-1]["parameters"],
        "pairs": pairs,
        "epoch_s": round(told["seconds"], 2),
        "training_s": round(told["training_s"], 2),
        "judging_s": round(told["judging_s"], 2),
        "cpu_s": round(told["cpu_s"], 2),
        "pairs_per_s": round(pairs / told["training_s"]),
        "loading_share": round(told["loading_s"] / told["training_s"], 4),
        "mined": round(told["mined"], 3) if "mined" in told else None,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=25_000, help="of an epoch")
    parser.add_argument("--bands", type=int, default=64, help="of a mel spectrogram")
    parser.add_argument("--frames", type=int, default=32, help="of a mel spectrogram")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2, help="of torch, on the CPU")
    parser.add_argument("--only", default="", help="rows whose name holds this")
    asked = parser.parse_args()
    inputs = {"thesis": thesis(asked.bands, asked.frames), "catalogue": catalogue()}
    print(f"{ITEMS} items, {asked.pairs} pairs, spectrograms of {asked.bands} × {asked.frames}, {asked.device}")
    print(
        f"{'network':28} {'parameters':>10} {'epoch s':>8} {'CPU s':>8} {'pairs/s':>8} {'loading':>8} {'× thesis':>9}"
    )
    rows: list[dict[str, Any]] = []
    for row in ROWS:
        if asked.only not in row.name:
            continue
        told = epoch(row, inputs[row.towers], asked.pairs, asked.device, asked.threads)
        told["times_thesis"] = round(THESIS_S * asked.pairs / 25_000 / told["epoch_s"], 1)
        rows.append(told)
        print(
            f"{told['name']:28} {told['parameters']:>10,} {told['epoch_s']:>8.1f} {told['cpu_s']:>8.1f} "
            f"{told['pairs_per_s']:>8,} {told['loading_share']:>8.1%} {told['times_thesis']:>9,}"
        )
        sys.stdout.flush()
    settings = {"items": ITEMS, "bands": asked.bands, "frames": asked.frames, "device": asked.device}
    print(json.dumps({"benchmark": "siamese", **settings, "threads": asked.threads, "rows": rows}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
