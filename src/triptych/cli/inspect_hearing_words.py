"""Inspect hearing words: what is heard of one item in sentences, and the few words beside each lane."""

from __future__ import annotations

from triptych.cli.inspect_hearing import SURE, Hearing
from triptych.cli.inspect_lane import clock
from triptych.cli.report_figure import plural
from triptych.drawing.axis import share_text

#: What a lane says where there is nothing to hear; why, stands in the caption.
STATES = {"missing": "no sound track", "silent": "silent", "broken": "cannot be decoded"}


def lufs_text(value: float) -> str:
    """
    >>> lufs_text(-23.04)
    '−23.0 LUFS'
    """
    return f"{value:.1f} LUFS".replace("-", "−")


def loudness_text(told: Hearing, *, short: bool = False) -> str:
    """Over the whole clip; empty where it was not measured."""
    if told.integrated_lufs is None or told.range_lu is None:
        return ""
    whole = lufs_text(told.integrated_lufs)
    return whole if short else f"{whole} over all, range {told.range_lu:.1f} LU"


def tempo_text(told: Hearing) -> str:
    """The tempo, as surely as it is known.

    >>> tempo_text(Hearing(state="heard", bpm=119.8, certainty=0.9)), tempo_text(Hearing(state="heard"))
    ('120 beats a minute', 'no steady beat')
    """
    if told.bpm is None:
        return "no steady beat"
    return f"{'' if told.certainty >= SURE else 'perhaps '}{told.bpm:.0f} beats a minute"


def speech_text(told: Hearing, *, short: bool = False) -> str:
    """How much is spoken, or why nobody knows; ``short``: as much of that as stands beside a lane."""
    if told.speech_s is None or told.speech_share is None:
        why = told.without.get("speech", "not known")
        if short and "pip install" in why:
            return f"not listened for: {why[why.index('pip install') :]}"
        return "not known" if short else why
    if not told.speech_s:
        return "nobody speaks"
    return f"{share_text(told.speech_share)} of the time"


def heard_opening(told: Hearing | None) -> str:
    """The sound in one sentence; empty without a clip, or where the opening says it all."""
    if told is None or told.state != "heard":
        return ""
    parts: list[str] = []
    if told.loudness:
        parts.append(loudness_text(told))
    if told.speech_s:
        parts.append(f"somebody speaks for {speech_text(told)}")
    elif told.speech_s is not None:
        parts.append("nobody speaks")
    if told.moments:
        parts.append(tempo_text(told))
    return f"Heard: {'; '.join(parts)}." if parts else ""


def hearing_says(told: Hearing | None) -> str:
    """What the lanes of the sound show, for those who do not see them and for those who do."""
    if told is None:
        return ""
    if told.state != "heard":
        return f"Nothing is heard: {told.reason.rstrip('.')}."
    says: list[str] = []
    if told.loudness:
        at_s, most = max(told.loudness, key=lambda point: point[1])
        says.append(
            f"Loudness is that of BS.1770, by 400 ms: {loudness_text(told)} (the dashed line is the first of these); "
            f"it is loudest at {clock(at_s, fine=True)}, {lufs_text(most)}."
        )
    if told.speech_s:
        says.append(
            f"Somebody speaks in {plural(len(told.speech_s), 'stretch', 'stretches')}, {speech_text(told)}, by Silero."
        )
    elif told.speech_s is not None:
        says.append("Nobody speaks, as far as Silero can tell.")
    if told.moments:
        says.append(f"What each half second sounds like is a guess by three cues: {kinds_text(told)}.")
    if told.bpm is not None and told.certainty >= SURE:
        says.append(f"The beat goes at {tempo_text(told)}; {plural(len(told.beats_s), 'beat')} are ticked.")
    elif told.bpm is not None:
        says.append(f"There may be a beat, {told.bpm:.0f} a minute, but it is not steady enough to be sure.")
    elif told.moments:
        says.append("There is no steady beat.")
    if told.harmonic_share is not None and told.percussive_share is not None:
        says.append(
            f"Of the energy {share_text(told.harmonic_share)} is harmonic, held as voices and strings are (upwards), "
            f"and {share_text(told.percussive_share)} percussive, struck as drums are (downwards); the rest is neither."
        )
    for name, why in told.without.items():
        says.append(f"No {name}: {why.rstrip('.')}.")
    return " ".join(says)


def kinds_text(told: Hearing) -> str:
    """How much of the clip is of each kind, the most first."""
    whole = sum(one.end_s - one.start_s for one in told.moments) or 1.0
    shares = {
        kind: sum((one.end_s - one.start_s) * getattr(one, kind) for one in told.moments) / whole
        for kind in ("speech", "music", "other", "silent")
    }
    named = {"other": "something else", "silent": "silence"}
    return ", ".join(
        f"{share_text(share)} {named.get(kind, kind)}"
        for kind, share in sorted(shares.items(), key=lambda pair: -pair[1])
        if share >= 0.0005
    )
