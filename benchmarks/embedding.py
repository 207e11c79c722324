"""DINOv2-base pictures a second, on the CPU and on each GPU there is, beside the device's own matmul ceiling.

    python benchmarks/embedding.py
    python benchmarks/embedding.py --pictures 2048 --weights dinov2-base

Without --weights the network is made from the published configuration with random numbers: the speed is the same, and
nothing is fetched. Pictures of 455 × 256 go in as bytes, as a reel gives them, and vectors come out: transfer, cutting,
scaling and the way back are inside the time. Batch sizes are tried in turn and the best is reported.

The ceiling is a large square torch.matmul, timed in the same run in the same dtype. The fraction is the network's
floating-point operations a second, counted from its configuration, over those of the matmul.
The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from triptych.features.backbones.network import ATTENTION, Network, load, preparation_of
from triptych.features.backbones.preparation import Preparation
from triptych.features.backbones.running import one_thread, quiet
from triptych.features.backbones.weights import describe

#: facebook/dinov2-base: the defaults of transformers' Dinov2Config, and pictures of 518 pixels when it was trained.
IMAGE_PX = 518
PREPARATION = Preparation(short_side_px=256, crop_px=224, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
#: Batch sizes, pictures, side of the matmul. On a CPU few pictures, on one thread as workers run.
CPU_BATCHES, CPU_PICTURES, CPU_SIDE = (1, 4, 16), 16, 2048
GPU_BATCHES, GPU_PICTURES, GPU_SIDE = (16, 32, 64, 128, 256, 512), 2048, 8192
RUNS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--weights", default="", help="a folder, or a hub id; random numbers if not given")
    parser.add_argument("--pictures", type=int, help="how many go through; 16 on a CPU and 2,048 on a GPU if not given")
    arguments = parser.parse_args()
    results: dict[str, Any] = {}
    devices = [f"cuda:{k}" for k in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    for device, dtype in [("cpu", "float32"), *((gpu, dtype) for gpu in devices for dtype in ("bfloat16", "float32"))]:
        results[f"{device} {dtype}"] = measured(arguments.weights, device, dtype, arguments.pictures)
    if not devices:
        say("no GPU is at hand: nothing was measured on one")
    print(
        json.dumps(
            {"benchmark": "embedding", "torch": torch.__version__, "gpus": len(devices), "runs": RUNS, **results}
        )
    )


def measured(weights: str, device: str, dtype: str, count: int | None) -> dict[str, Any]:
    network, preparation, config = made(weights, device, dtype)
    on_cpu = device == "cpu"
    batches = CPU_BATCHES if on_cpu else GPU_BATCHES
    count = count or (CPU_PICTURES if on_cpu else GPU_PICTURES)
    rgb = np.random.default_rng(0).integers(0, 256, (count, 256, 455, 3), np.uint8)
    flops = flops_of(config, preparation.crop_px)
    ceiling = matmul_flops(device, dtype, CPU_SIDE if on_cpu else GPU_SIDE)
    rates: dict[int, float] = {}
    for batch in [one for one in batches if one <= count]:
        take = rgb[: max(batch, count // 4)] if on_cpu else rgb

        def way(take: np.ndarray = take, batch: int = batch) -> None:
            network.vectors(take, preparation=preparation, batch=batch)

        rates[batch] = len(take) / seconds_of(way, device, runs=1 if on_cpu else RUNS)
    best = max(rates, key=lambda one: rates[one])
    share = rates[best] * flops / ceiling
    name = platform.processor() or platform.machine() if on_cpu else torch.cuda.get_device_name(device)
    say(
        f"{device} {dtype}: {rates[best]:.2f} pictures/s at {best} together, {flops / 1e9:.1f} GFLOP each, "
        f"{share:.0%} of the matmul's {ceiling / 1e12:.2f} TFLOP/s ({name}{', one thread' if on_cpu else ''})"
    )
    return {
        "device": name,
        "threads": 1 if on_cpu else None,
        "pictures": count,
        "pictures_per_s": {str(batch): round(rate, 2) for batch, rate in rates.items()},
        "best_batch": best,
        "gflop_per_picture": round(flops / 1e9, 2),
        "matmul_tflops": round(ceiling / 1e12, 3),
        "fraction_of_ceiling": round(share, 3),
    }


def made(weights: str, device: str, dtype: str) -> tuple[Network, Preparation, Any]:
    """The network, how its pictures are made ready, and its configuration."""
    from transformers import Dinov2Config, Dinov2Model

    if weights:
        found = describe(weights)
        config = Dinov2Config(**dict(found.config()))
        return load("dinov2", found, device, dtype), preparation_of("dinov2", found), config
    config = Dinov2Config(image_size=IMAGE_PX)
    config._attn_implementation = ATTENTION
    with quiet(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = Dinov2Model(config).eval().requires_grad_(False).to(device=device, dtype=getattr(torch, dtype))
    return Network(family="dinov2", module=module, device=device, dtype=dtype), PREPARATION, config


def flops_of(config: Any, crop_px: int) -> float:
    """Floating-point operations for one picture, two for each multiply and add of the matrix products.

    With t tokens of width d (t = (crop / patch)² + 1), each layer has four products d → d, the two of the MLP, d → 4 d
    and back, and two for the attention's scores and their use: 2 t (4 d² + 2 · ratio · d²) + 4 t² d. Before them comes
    the projection of the patches. Norms, GELU and softmax are not counted.
    """
    d, patches = config.hidden_size, (crop_px // config.patch_size) ** 2
    t = patches + 1
    layer = 2 * t * (4 + 2 * config.mlp_ratio) * d * d + 4 * t * t * d
    return config.num_hidden_layers * layer + 2 * patches * 3 * config.patch_size**2 * d


def matmul_flops(device: str, dtype: str, side: int) -> float:
    """Floating-point operations a second of a square product, the best of several; on a CPU on one thread."""
    a, b = (torch.randn((side, side), device=device).to(getattr(torch, dtype)) for _ in range(2))
    if device != "cpu":
        return 2 * side**3 / seconds_of(lambda: a @ b, device, runs=20, best=True)
    with one_thread():
        return 2 * side**3 / seconds_of(lambda: a @ b, device, runs=5, best=True)


def seconds_of(way: Callable[[], object], device: str, *, runs: int, best: bool = False) -> float:
    """The middle one of several runs, or the shortest; after one that is not counted.

    On a CPU seconds of its one core, so that other work on the machine does not count.
    """

    def settled() -> float:
        if device == "cpu":
            return time.process_time()
        torch.cuda.synchronize(device)
        return time.perf_counter()

    way()
    taken: list[float] = []
    for _ in range(runs):
        started = settled()
        way()
        taken.append(settled() - started)
    return min(taken) if best else statistics.median(taken)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
