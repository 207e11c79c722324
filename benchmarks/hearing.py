"""What 90 s of sound cost to hear, beside librosa called feature by feature, and how far the two differ.

    python benchmarks/hearing.py          a generated clip with a score, noises and speech-like bursts; kept under
                                          build/bench for the next time
    python benchmarks/hearing.py CLIP     one of yours, of 10 s or more

Ours is the reel with the sound that the `light` profile hears, opened once, and then each of its extractors in the
order of the profile: what several need, such as the spectrogram, is charged to the first. Theirs is as one would write
it with librosa: a call for each measure, and each call takes the samples and makes a transform of its own.

All is in seconds of one core (CPU time of the process, one thread everywhere), as medians after a warm-up. The goals:
ours at 150 times real time without decoding, and for what both measure in less than a third of librosa's seconds; no
value that both give further apart than 1e-4. Start-up is what a process takes from its start to its first whole panel
beyond what that panel takes later; librosa's with and without the compiled code that numba keeps. The last line is
JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

SECONDS = 90.0
RATE_HZ = 22050
TIMES_REAL, RATIO, APART = 150, 3, 1e-4
CROSSING = ("mfcc", "tonnetz", "onset_strength")
#: Which of librosa's measures ours of that title gives too.
BOTH = {
    "hearing/acoustic": (
        "rms",
        "zero_crossings",
        "mfcc",
        "centroid",
        "bandwidth",
        "rolloff",
        "contrast",
        "flatness",
    ),
    "hearing/harmony": ("chroma", "tonnetz"),
    "hearing/rhythm": ("onset_strength", "tempo", "beats", "harmonic_percussive"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("clip", nargs="?", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--reference-runs", type=int, default=3)
    parser.add_argument("--first", choices=["ours", "theirs"], help="what a fresh process does; used by itself")
    arguments = parser.parse_args()
    if os.environ.get("OMP_NUM_THREADS") != "1":
        # Read when numpy is loaded, so it is set for a process of its own.
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **threads})
    if arguments.first:
        first(arguments.first, arguments.clip)
        return
    path: Path = arguments.clip or generated(Path("build/bench") / "hearing")
    result = compare(path, arguments.runs, arguments.reference_runs)
    print(json.dumps({"benchmark": "hearing", "runs": arguments.runs, **result}))


@dataclass(kw_only=True, eq=False)
class Laps:
    """CPU seconds by what they were spent on."""

    seconds: dict[str, float] = field(default_factory=dict[str, float])

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        started = time.process_time()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.process_time() - started


def compare(path: Path, runs: int, reference_runs: int) -> dict[str, Any]:
    y = samples_of(path)
    duration_s = len(y) / RATE_HZ
    if duration_s < 10:
        raise SystemExit(f"{path} has {duration_s:.1f} s of sound; 10 s or more say something of speed.")
    say(f"\n{path.name}: {duration_s:.1f} s of sound")
    apart = differences(path, y)
    say(f"  {'largest difference to librosa':<34}{'relative':>10}   goal {APART:g}")
    for name, value in apart.items():
        say(f"  {name:<34}{value:>10.1e}")
    titles = panel()
    found = medians(lambda laps: ours(path, laps), runs, warm=1)
    reference = medians(lambda laps: theirs(y, laps), reference_runs, warm=1)
    table("ours", found, duration_s)
    table("librosa, one by one", reference, duration_s)
    decoding_s = found["decode"]
    panel_s = sum(found.values()) - decoding_s
    both = [title for title in BOTH if title in titles]
    ours_s = sum(found[title] for title in both)
    theirs_s = sum(reference[name] for title in both for name in BOTH[title])
    plain_s = theirs_s - (reference["harmonic_percussive"] if "hearing/rhythm" in both else 0.0)
    say(
        f"the panel of {len(titles)}: {duration_s / panel_s:.0f} × real time (goal {TIMES_REAL}), "
        f"{duration_s / (panel_s + decoding_s):.0f} × with decoding"
    )
    say(
        f"what both measure ({', '.join(title.removeprefix('hearing/') for title in both)}): {ours_s:.3f} s against "
        f"{theirs_s:.3f}, {theirs_s / ours_s:.1f} times as fast (goal {RATIO}); without librosa's separation of "
        f"harmonic and percussive {plain_s / ours_s:.1f}"
    )
    starts = startup(path, y)
    starts["ours"] -= panel_s
    for name in ("librosa", "librosa, nothing compiled yet"):
        starts[name] -= sum(reference.values())
    for name, value in starts.items():
        say(f"  start-up, {name:<31}{value:>9.2f} s")
    return {
        "clip": path.name,
        "duration_s": round(duration_s, 2),
        "apart": {name: float(f"{value:.2e}") for name, value in apart.items()},
        "ours_s": rounded(found),
        "theirs_s": rounded(reference),
        "times_real": round(duration_s / panel_s, 1),
        "times_real_with_decoding": round(duration_s / (panel_s + decoding_s), 1),
        "both": both,
        "ratio": round(theirs_s / ours_s, 2),
        "ratio_without_separation": round(plain_s / ours_s, 2),
        "startup_s": rounded(starts),
    }


def panel() -> list[str]:
    from triptych.features import registry

    return [title for title in registry.PROFILES["light"] if title.startswith("hearing/")]


def medians(way: Callable[[Laps], None], runs: int, *, warm: int) -> dict[str, float]:
    taken: list[dict[str, float]] = []
    for run in range(-warm, runs):
        laps = Laps()
        way(laps)
        if run >= 0:
            taken.append(laps.seconds)
    return {name: statistics.median(seconds[name] for seconds in taken) for name in taken[0]}


def ours(path: Path, laps: Laps) -> None:
    from triptych.catalogue.records import Item
    from triptych.features import registry
    from triptych.features.extractor import Showing
    from triptych.features.measure import wanted
    from triptych.media.loader import open_reel

    extractors = registry.ready([registry.build(title) for title in panel()])
    with laps("decode"):
        reel = open_reel(path, wanted(extractors), threads=1)
    showing = Showing(item=Item(item_id="x"), reel=reel)
    for extractor in extractors:
        with laps(extractor.recipe.title):
            [feature] = extractor.extract([showing])
        if feature.values is None:
            say(f"  {extractor.recipe.title}: {feature.reason}")


def theirs(y: np.ndarray, laps: Laps) -> None:
    """Each measure from the samples, and of its frames the mean and the deviation."""
    import librosa
    import librosa.beat
    import librosa.effects
    import librosa.feature
    import librosa.onset

    of = librosa.feature
    measures: dict[str, Callable[[], np.ndarray]] = {
        "rms": lambda: of.rms(y=y),
        "zero_crossings": lambda: of.zero_crossing_rate(y),
        "mfcc": lambda: of.mfcc(y=y, sr=RATE_HZ, n_mfcc=20),
        "centroid": lambda: of.spectral_centroid(y=y, sr=RATE_HZ),
        "bandwidth": lambda: of.spectral_bandwidth(y=y, sr=RATE_HZ),
        "rolloff": lambda: of.spectral_rolloff(y=y, sr=RATE_HZ),
        "contrast": lambda: of.spectral_contrast(y=y, sr=RATE_HZ),
        "flatness": lambda: of.spectral_flatness(y=y),
        "chroma": lambda: of.chroma_stft(y=y, sr=RATE_HZ, tuning=0),
        # By itself it would make a constant-Q transform, which ours has not.
        "tonnetz": lambda: of.tonnetz(chroma=of.chroma_stft(y=y, sr=RATE_HZ, tuning=0)),
        "onset_strength": lambda: librosa.onset.onset_strength(y=y, sr=RATE_HZ),
        "tempo": lambda: of.tempo(y=y, sr=RATE_HZ),
        "beats": lambda: librosa.beat.beat_track(y=y, sr=RATE_HZ)[1],
        "harmonic_percussive": lambda: np.stack([of.rms(y=part)[0] for part in librosa.effects.hpss(y)]),
    }
    for name, measure in measures.items():
        with laps(name):
            rows = measure()
            _ = rows.mean(axis=-1), rows.std(axis=-1)


def differences(path: Path, y: np.ndarray) -> dict[str, float]:
    """The largest over frames that are heard, of our spectrogram and of librosa's functions of the sound less its mean.

    Relative to the value; where values cross zero or come down to it (CROSSING), to the root mean square of theirs over
    the clip, coefficient by coefficient.
    Librosa is given float64: of float32 its own rounding moves the quietest bins, and so the contrast, by up to 5e-3.
    """
    import librosa
    import librosa.feature
    import librosa.onset

    from triptych.features.hearing import banks, listening, spectrogram
    from triptych.features.hearing.harmony import tonnetz
    from triptych.media.loader import open_reel

    seen = open_reel(path, listening.needs(RATE_HZ).want, threads=1).once(spectrogram.spectrogram_of)
    if not isinstance(seen, spectrogram.Spectrogram):
        raise SystemExit(f"{path}: {seen.reason}.")
    wide, of = y.astype(np.float64), librosa.feature
    wide -= wide.mean()
    wide /= 10 ** (seen.peak_db / 20)  # floors (flatness, zero crossings) are re the peak
    mel_db = librosa.power_to_db(of.melspectrogram(y=wide, sr=RATE_HZ), ref=np.max)
    chroma = of.chroma_stft(y=wide, sr=RATE_HZ, tuning=0)
    frames = librosa.util.frame(wide, frame_length=spectrogram.N_FFT, hop_length=spectrogram.HOP)
    shift, heard = spectrogram.N_FFT // (2 * spectrogram.HOP), seen.audible
    rises = seen.rising[:-shift]
    pairs: dict[str, tuple[np.ndarray, np.ndarray]] = {
        "mfcc": (seen.mel_db @ banks.dct_basis(20, 128).T, of.mfcc(S=mel_db, n_mfcc=20).T),
        "chroma": (seen.chroma, chroma.T),
        "tonnetz": (tonnetz(seen.chroma), of.tonnetz(chroma=chroma).T),
        "contrast": (seen.contrast, of.spectral_contrast(y=wide, sr=RATE_HZ).T),
        "centroid": (seen.centroid_hz, of.spectral_centroid(y=wide, sr=RATE_HZ)[0]),
        "bandwidth": (seen.bandwidth_hz, of.spectral_bandwidth(y=wide, sr=RATE_HZ)[0]),
        "rolloff": (seen.rolloff_hz, of.spectral_rolloff(y=wide, sr=RATE_HZ)[0]),
        "flatness": (seen.flatness, of.spectral_flatness(y=wide)[0]),
        "zero_crossings": (seen.zero_crossings, of.zero_crossing_rate(wide)[0]),
    }
    pairs = {name: (one[heard], other[heard]) for name, (one, other) in pairs.items()}
    onset = librosa.onset.onset_strength(y=wide, sr=RATE_HZ)
    pairs["onset_strength"] = (seen.onset_db[:-shift][rises], onset[shift:][rises])
    inner = slice(shift, shift + frames.shape[1])
    level = 10 ** (seen.level_db / 20)
    pairs["rms, less the frame's mean"] = (level[inner][heard[inner]], frames.std(axis=0)[heard[inner]])
    pairs["rms (an offset counts in librosa's)"] = (level[heard], of.rms(y=wide)[0][heard])
    return {name: apart(*pair, crossing=name in CROSSING) for name, pair in pairs.items()}


def apart(one: np.ndarray, other: np.ndarray, *, crossing: bool) -> float:
    scale = np.sqrt((other**2).mean(axis=0)) if crossing else np.abs(other)
    return float((np.abs(one - other) / np.maximum(scale, 1e-12)).max())


def samples_of(path: Path) -> np.ndarray:
    from triptych.features.hearing.listening import needs
    from triptych.media.loader import open_reel

    sound = open_reel(path, needs(RATE_HZ).want, threads=1).sound_at(RATE_HZ)
    if sound is None:
        raise SystemExit(f"{path} has no sound track.")
    return sound.samples


def startup(path: Path, y: np.ndarray) -> dict[str, float]:
    """CPU seconds of a process that measures one clip and ends, without those of decoding it."""
    with TemporaryDirectory() as folder:
        kept = Path(folder) / "y.npy"
        np.save(kept, y)
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}

        def process(who: str, given: Path) -> float:
            command = [sys.executable, __file__, "--first", who, str(given)]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            return float(done.stdout.split()[-1])

        return {
            "ours": process("ours", path),
            "librosa, nothing compiled yet": process("theirs", kept),
            "librosa": process("theirs", kept),
        }


def first(who: str, path: Path) -> None:
    laps = Laps()
    if who == "ours":
        ours(path, laps)
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs(np.load(path), laps)
    print(time.process_time() - laps.seconds.get("decode", 0.0))


def generated(folder: Path) -> Path:
    """A trailer of the synthetic source, small in picture."""
    from triptych.catalogue.sources.synthetic import Settings, make_clip

    folder.mkdir(parents=True, exist_ok=True)
    say(f"Clip of {SECONDS:g} s, generated under {folder} unless it is there …")
    settings = Settings(seed=2025, seconds=SECONDS, width_px=160, height_px=90, rate_fps=12)
    return make_clip(folder, 0, settings=settings).clip


def table(title: str, seconds: dict[str, float], duration_s: float) -> None:
    total_s = sum(seconds.values())
    say(f"  {title:<22}{'CPU s':>9}{'share':>8}{'× real time':>13}")
    for name, value in [*seconds.items(), ("total", total_s)]:
        say(f"  {name:<22}{value:>9.3f}{value / total_s:>8.1%}{duration_s / max(value, 1e-9):>13.1f}")


def rounded(seconds: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in seconds.items()}


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
