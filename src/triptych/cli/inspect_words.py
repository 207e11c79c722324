"""Inspect words: what is told of one item in sentences, for the page, the sheet and the terminal."""

from __future__ import annotations

from triptych.cli.inspect_hearing_words import hearing_says
from triptych.cli.inspect_lane import clock
from triptych.cli.inspection import ClipFacts, Inspection
from triptych.cli.report_figure import plural
from triptych.drawing.axis import share_text


def at_text(seconds: float) -> str:
    """
    >>> at_text(61.26)
    '1:01.3'
    """
    return clock(seconds, fine=True)


def opening(found: Inspection) -> str:
    """The clip in two or three sentences."""
    clip = found.clip
    if clip is None:
        return "The catalogue has no clip of this item, so there is nothing to see. What is stored of it stands below."
    if clip.picture is None:
        told = f"{_length(clip.duration_s)} of sound; the clip has no picture track."
    elif "picture" in clip.faults:
        told = "The clip has a picture track, but no picture of it could be decoded."
    elif found.shot_facts is None:
        told = f"{_length(clip.duration_s)}, of which no picture could be shown."
    else:
        facts = found.shot_facts
        told = f"{_length(clip.duration_s)} in {plural(facts.count, 'shot')}"
        told += f", {facts.mean_s:.1f} s long on average." if facts.count > 1 else "."
    if found.rejected:
        lost_s = clip.duration_s - clip.left_s
        names = dict.fromkeys(span.words for span in found.rejected)
        told += f" {lost_s:.1f} s are not of the film itself and left out: {'; '.join(names)}."
    elif found.colours:
        told += " All of it is of the film itself: no black, card or credits at either end."
    if not clip.sounds:
        told += " It has no sound track." if clip.picture else ""
    elif found.hearing is not None and found.hearing.state == "broken":
        told += " Its sound could not be decoded."
    elif found.hearing is not None and found.hearing.state == "silent":
        told += " Its sound track is silent."
    return told


def notes(found: Inspection) -> list[str]:
    """What went wrong in decoding, a sentence each."""
    if found.clip is None:
        return []
    faults = [f"The {track} cannot be read: {words}" for track, words in found.clip.faults.items()]
    return [*faults, *(f"{words[:1].upper()}{words[1:].rstrip('.')}." for words in found.clip.warnings)]


def facts(found: Inspection) -> list[tuple[str, str]]:
    """Names and words: the item, the file, its tracks."""
    item, clip = found.item, found.clip
    told = [("Item", item.item_id)]
    if clip is None:
        return told
    told.append(("File", f"{clip.path}, {clip.bytes / 1e6:,.2f} MB"))
    if clip.picture is not None:
        told.append(("Picture", picture_words(clip)))
    told += [("Sound", sound_words(clip, k)) for k in range(len(clip.sounds))]
    if clip.declared_s is not None and abs(clip.declared_s - clip.duration_s) > 0.5:
        told.append(("Length", f"the file claims {clip.declared_s:.1f} s; there are {clip.duration_s:.1f} s"))
    if clip.decoded_pictures:
        told.append(("Decoded", f"{clip.decoded_pictures:,} pictures; {clip.keyframes:,} are keyframes"))
    return told


def picture_words(clip: ClipFacts) -> str:
    picture = clip.picture
    assert picture is not None
    told = [picture.codec, f"{picture.width_px} × {picture.height_px}"]
    if picture.rate_fps:
        told.append(f"{picture.rate_fps:.4g} pictures a second")
    if picture.pixel_aspect != 1:
        told.append(f"pixels {picture.pixel_aspect:.3g} : 1")
    return ", ".join([*told, *(word for word in (picture.pixel_format, picture.transfer) if word)])


def sound_words(clip: ClipFacts, k: int) -> str:
    sound = clip.sounds[k]
    told = [sound.codec, f"{sound.rate_hz / 1000:g} kHz", plural(sound.channels, "channel")]
    return ", ".join([*told, *([sound.language] if sound.language not in ("", "und") else [])])


def along_says(found: Inspection) -> list[str]:
    """What the drawing shows, for those who do not see it and for those who do: what is seen, what is heard."""
    told: list[str] = []
    if found.colours:
        words = f"Colour: the mean of each of {len(found.colours):,} pictures"
        if found.rejected:
            words += "; hatched is what is left out"
        told.append(f"{words}. The strokes below are the {len(found.measured_s):,} pictures that are measured.")
    if len(found.shots) > 1:
        fades = sum(shot.kind == "fade" for shot in found.shots)
        told.append(
            f"Shots part at {plural(len(found.shots) - 1 - fades, 'cut')}"
            + (f" and {plural(fades, 'fade')} (with a notch)." if fades else ".")
        )
    if found.motion:
        at_s, most = max(found.motion, key=lambda point: point[1])
        told.append(
            "Motion is how fast things move, by optical flow, in short sides of the picture a second; "
            + (f"it is strongest at {at_text(at_s)}, {most:.2f}." if most >= 0.005 else "nothing moves.")
        )
    if found.change:
        at_s, most = max(found.change, key=lambda point: point[1])
        told.append(
            "Change is how much lighter or darker the pixels become from picture to picture, as a share of the full "
            f"range: at most {share_text(most)}, at {at_text(at_s)}."
        )
    return [words for words in (" ".join(told), hearing_says(found.hearing)) if words]


def shots_say(found: Inspection) -> str:
    """The shots in words."""
    told = found.shot_facts
    assert told is not None
    rule = f"Two borders within {told.least_s:g} s of each other count as one."
    if told.count == 1:
        return f"One shot: no cut and no fade was found. {rule}"
    return (
        f"{told.count:,} shots, {told.per_min:.1f} a minute. Half of them are shorter than {told.median_s:.1f} s; the "
        f"shortest lasts {told.shortest_s:.1f} s, the longest {told.longest_s:.1f} s. {rule}"
    )


def _length(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} seconds"
    minutes, rest = divmod(round(seconds), 60)
    return f"{plural(minutes, 'minute')}{f' {rest} s' if rest else ''}"
