"""Jumping through a clip gives, byte for byte, what reading it from end to end gives, and decodes far less."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from tests.media.makeclip import Track, make_clip, numbered, tone
from triptych.media.container import scan
from triptych.media.frames import SHARE, Decoded, decode, runs, split
from triptych.media.picture import shown_size, to_rgb
from triptych.media.timeline import Timeline

RGB = npt.NDArray[np.uint8]
SIDE = 40


@dataclass(frozen=True, kw_only=True, eq=False)
class Clip:
    path: Path
    timeline: Timeline
    truth: dict[int, RGB]


def sequential(path: Path, *, side: int = SIDE, unfiltered: bool = False) -> dict[int, RGB]:
    """Every picture of a file, read from its start by PyAV alone; by number where the file stamps none."""
    found: dict[int, RGB] = {}
    with av.open(path) as container:
        stream = container.streams.video[0]
        if unfiltered:
            stream.codec_context.options = {"skip_loop_filter": "all"}
        for k, frame in enumerate(container.decode(stream)):
            width, height = shown_size(frame.width, frame.height, pixel_aspect=1.0, short_side_px=side)
            found[frame.pts if frame.pts is not None else k] = to_rgb(frame, width_px=width, height_px=height)
    return found


def clip_of(path: Path, **options: bool) -> Clip:
    timeline = scan(path).timeline
    assert timeline is not None
    truth = sequential(path, **options)
    if timeline.counted:
        truth = {int(timeline.pts[k]): picture for k, picture in truth.items()}
    return Clip(path=path, timeline=timeline, truth=truth)


COUNT = 96
SCENES = [picture for k in range(4) for picture in numbered(COUNT // 4, seed=k)]


def of(name: str, **options: object) -> Callable[[Path], Path]:
    return lambda folder: make_clip(folder / name, SCENES, **options)


KINDS: dict[str, Callable[[Path], Path]] = {
    "one_gop": of("clip.mp4", gop=250, options={"sc_threshold": "0"}),
    "closed_gops": of("clip.mp4", gop=12),
    "b_pyramid": of("clip.mp4", gop=24, b_frames=3, options={"x264-params": "b-pyramid=normal:keyint=24"}),
    "open_gops": of("clip.mkv", gop=12, b_frames=2, options={"x264-params": "open-gop=1:keyint=12:min-keyint=12"}),
    "hevc_open_gops": of(
        "clip.mkv",
        codec="libx265",
        b_frames=2,
        options={"x265-params": "log-level=none:open-gop=1:keyint=12:min-keyint=12"},
    ),
    "hevc": of("clip.mp4", codec="libx265", options={"x265-params": "log-level=none:keyint=12"}),
    "transport_stream": of("clip.ts", gop=12, b_frames=2),
    "fragments": of("clip.mp4", gop=12, b_frames=2, container_options={"movflags": "frag_keyframe+empty_moov"}),
    "vp8": of("clip.webm", codec="libvpx", gop=12, options={"auto-alt-ref": "0"}),
    "vp9_no_cues": of("clip.webm", codec="libvpx-vp9", gop=12, container_options={"live": "1"}),
    "no_cues": of("clip.mkv", gop=12, b_frames=2, container_options={"live": "1"}),
    "mpeg4_avi": of("clip.avi", codec="mpeg4", gop=12, b_frames=2),
    "flv": of("clip.flv", gop=12, b_frames=2),
    "bare_h264": of("clip.h264", gop=12, b_frames=2),
    "intra_only": of("clip.avi", codec="mjpeg", pix_fmt="yuvj420p"),
    "lossless": of("clip.mkv", codec="ffv1"),
    "gif": of("clip.gif", codec="gif", pix_fmt="rgb8"),
    "apng": of("clip.apng", codec="apng", pix_fmt="rgb24"),
    "uneven": of("clip.mkv", gop=12, b_frames=2, pts=[40 * k + 7 * (k % 5) + 900 * (k // 30) for k in range(COUNT)]),
    "late_start": of("clip.mkv", gop=12, b_frames=2, pts=[30_000 + 40 * k for k in range(COUNT)]),
    "early_start": of(
        "clip.ts",
        gop=12,
        b_frames=2,
        pts=[-2000 + 40 * k for k in range(COUNT)],
        container_options={"avoid_negative_ts": "disabled"},
    ),
    "with_sound": of("clip.mp4", gop=12, b_frames=2, sounds=[Track(samples=tone(440, 10))]),
}


@pytest.fixture(scope="module", params=KINDS)
def clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Clip:
    return clip_of(KINDS[request.param](tmp_path_factory.mktemp(request.param)))


def same(decoded: Decoded, clip: Clip, wanted: list[int]) -> None:
    pictures = decoded.pictures[SIDE]
    assert sorted(pictures) == wanted
    for pts in wanted:
        assert np.array_equal(pictures[pts], clip.truth[pts]), f"picture {pts} differs"
    assert not decoded.broken


def test_the_timeline_names_every_picture(clip: Clip) -> None:
    assert clip.timeline.pts.tolist() == sorted(clip.truth)
    assert len(clip.truth) == COUNT


def test_all_pictures(clip: Clip) -> None:
    wanted = clip.timeline.pts.tolist()
    decoded = decode(clip.path, clip.timeline, {SIDE: wanted}, threads=1)
    same(decoded, clip, wanted)
    assert decoded.count <= COUNT


@pytest.mark.parametrize("seed", range(3))
def test_any_few_pictures(clip: Clip, seed: int) -> None:
    rng = np.random.default_rng(seed)
    wanted = sorted(rng.choice(clip.timeline.pts, size=(3, 8, 30)[seed], replace=False).tolist())
    for threads in (1, 2):
        same(decode(clip.path, clip.timeline, {SIDE: wanted}, threads=threads), clip, wanted)


@pytest.mark.parametrize("place", [0, 1, 13, 47, 48, 83, 94, 95])
def test_any_one_picture(clip: Clip, place: int) -> None:
    wanted = [int(clip.timeline.pts[place])]
    same(decode(clip.path, clip.timeline, {SIDE: wanted}, threads=1), clip, wanted)


def test_jumps_read_little(tmp_path: Path) -> None:
    for path in (KINDS["closed_gops"](tmp_path), KINDS["open_gops"](tmp_path), KINDS["no_cues"](tmp_path)):
        clip = clip_of(path)
        wanted = clip.timeline.keys[::6].tolist()
        decoded = decode(clip.path, clip.timeline, {SIDE: wanted}, threads=1)
        same(decoded, clip, wanted)
        # Pictures that are shown before the keyframe, but come after it, are decoded on the way.
        assert decoded.count <= 4 * len(wanted) < COUNT / 2


def test_a_stream_without_index_is_entered_a_keyframe_early(tmp_path: Path) -> None:
    """Twice the work of a jump, and still far from reading it all."""
    pictures = [p for k in range(10) for p in numbered(30, seed=k)]
    clip = clip_of(make_clip(tmp_path / "clip.ts", pictures, gop=15, b_frames=2, options={"sc_threshold": "0"}))
    wanted = clip.timeline.keys[1::4].tolist()
    decoded = decode(clip.path, clip.timeline, {SIDE: wanted}, threads=1)
    same(decoded, clip, wanted)
    assert decoded.count <= 25 * len(wanted) < 0.5 * len(pictures)


def test_each_size_gets_its_own_pictures(tmp_path: Path) -> None:
    clip = clip_of(KINDS["closed_gops"](tmp_path))
    pts = clip.timeline.pts.tolist()
    decoded = decode(clip.path, clip.timeline, {SIDE: pts[:20:5], 24: pts[10:30:10], 16: []}, threads=1)
    assert {side: sorted(found) for side, found in decoded.pictures.items()} == {
        SIDE: pts[:20:5],
        24: pts[10:30:10],
        16: [],
    }
    assert {found.shape for found in decoded.pictures[24].values()} == {(24, 32, 3)}


def test_large_sources_go_unfiltered_whatever_else_is_asked(tmp_path: Path) -> None:
    """What a picture looks like may not depend on the other sizes that are asked for."""
    pictures = numbered(12, width=640, height=480)
    path = make_clip(tmp_path / "clip.mp4", pictures, gop=6, options={"qp": "38"})
    plain, unfiltered = sequential(path, side=64), sequential(path, side=64, unfiltered=True)
    timeline = scan(path).timeline
    assert timeline is not None
    pts = timeline.pts.tolist()
    assert not all(np.array_equal(plain[p], unfiltered[p]) for p in pts), "the clip does not tell the two apart"
    for others in ([], [224], [300], [224, 480]):
        decoded = decode(path, timeline, {64: pts, **dict.fromkeys(others, pts)}, threads=1)
        assert all(np.array_equal(decoded.pictures[64][p], unfiltered[p]) for p in pts)
    filtered = decode(path, timeline, {300: pts}, threads=1).pictures[300]
    assert all(np.array_equal(filtered[p], picture) for p, picture in sequential(path, side=300).items())


def test_passing_over_unreferenced_pictures_gives_neighbours(tmp_path: Path) -> None:
    clip = clip_of(
        make_clip(
            tmp_path / "clip.mp4",
            SCENES,
            gop=48,
            b_frames=3,
            options={"x264-params": "b-adapt=0:b-pyramid=none:scenecut=0"},
        )
    )
    wanted = clip.timeline.pts[5::9].tolist()
    exact = decode(clip.path, clip.timeline, {SIDE: wanted}, threads=1)
    loose = decode(clip.path, clip.timeline, {SIDE: wanted}, threads=1, skip=True)
    same(exact, clip, wanted)
    assert loose.count < 0.4 * exact.count
    for pts, picture in loose.pictures[SIDE].items():
        assert np.array_equal(picture, clip.truth[pts])
    order = clip.timeline.pts.tolist()
    for pts in wanted:
        assert 0 <= order.index(min(p for p in loose.pictures[SIDE] if p >= pts)) - order.index(pts) <= 3


def test_passing_over_never_loses_the_last_picture(tmp_path: Path) -> None:
    """In two temporal layers every other picture is one that no other refers to, and so may be the last."""
    layers = "ts_number_layers=2:ts_target_bitrate=100,200:ts_rate_decimator=2,1:ts_periodicity=2:ts_layer_id=0,1"
    options = {"ts-parameters": f"{layers}:ts_layering_mode=2", "b": "200k", "lag-in-frames": "0"}
    for count in (40, 41):
        clip = clip_of(make_clip(tmp_path / f"{count}.webm", SCENES[:count], codec="libvpx", options=options))
        last, before = int(clip.timeline.pts[-1]), int(clip.timeline.pts[-3])
        decoded = decode(clip.path, clip.timeline, {SIDE: [before, last]}, threads=1, skip=True)
        assert max(decoded.pictures[SIDE]) == last
        assert all(np.array_equal(picture, clip.truth[pts]) for pts, picture in decoded.pictures[SIDE].items())


def test_shares_do_not_change_the_pictures(tmp_path: Path) -> None:
    pictures = [p for k in range(13) for p in numbered(48, width=32, height=32, seed=k)]
    clip = clip_of(make_clip(tmp_path / "clip.mp4", pictures, gop=24, b_frames=2, options={"preset": "ultrafast"}))
    wanted = clip.timeline.pts[3::5].tolist()
    shares = split(clip.timeline, runs(clip.timeline, wanted))
    assert len(shares) == len(pictures) // SHARE == 4
    assert [pts for share in shares for _, run in share for pts in run] == wanted
    for threads in (1, 2, 5):
        decoded = decode(clip.path, clip.timeline, {SIDE: wanted}, threads=threads)
        same(decoded, clip, wanted)
        assert decoded.count <= len(pictures) + 10 * len(shares)


def test_a_broken_picture_is_stood_for_by_the_next(tmp_path: Path) -> None:
    path = KINDS["intra_only"](tmp_path)
    clip = clip_of(path)
    with av.open(path) as container:
        sizes = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    whole = bytearray(path.read_bytes())
    for place in (30, 31, 95):
        at, size = sizes[place]
        assert at is not None
        start = whole.index(b"\xff\xd8", at)
        whole[start : start + size - 32] = bytes(size - 32)
    path.write_bytes(whole)
    pts = clip.timeline.pts.tolist()
    decoded = decode(path, clip.timeline, {SIDE: [pts[k] for k in (29, 30, 60, 95)]}, threads=1)
    assert sorted(decoded.pictures[SIDE]) == [pts[29], pts[32], pts[60]]
    assert np.array_equal(decoded.pictures[SIDE][pts[32]], clip.truth[pts[32]])
    assert {pts[30], pts[31], pts[95]} <= decoded.broken
    assert decoded.last_fault


def test_the_size_may_change_half_way(tmp_path: Path) -> None:
    """Two elementary streams, one after the other: the reel keeps the first one's shape."""
    small = make_clip(tmp_path / "a.h264", numbered(20), gop=5)
    large = make_clip(tmp_path / "b.h264", numbered(20, width=128, height=128), gop=5)
    both = tmp_path / "both.h264"
    both.write_bytes(small.read_bytes() + large.read_bytes())
    timeline = scan(both).timeline
    assert timeline is not None
    assert len(timeline.pts) == 40
    found = decode(both, timeline, {SIDE: timeline.pts.tolist()}, threads=1).pictures[SIDE]
    assert len(found) == 40
    assert {picture.shape for picture in found.values()} == {(SIDE, 53, 3)}


def test_without_keyframe_flags_the_beginning_will_do(tmp_path: Path) -> None:
    clip = clip_of(KINDS["one_gop"](tmp_path))
    bare = Timeline.of(clip.timeline.pts.tolist(), [], time_base=clip.timeline.time_base, last_ticks=0)
    assert bare is not None
    wanted = clip.timeline.pts[7::30].tolist()
    same(decode(clip.path, bare, {SIDE: wanted}, threads=1), clip, wanted)


def test_wrong_keyframe_flags_cost_time_not_pictures(tmp_path: Path) -> None:
    """An index that calls every picture a keyframe: jumps land where the decoder has nothing to build on."""
    clip = clip_of(KINDS["one_gop"](tmp_path))
    pts = clip.timeline.pts.tolist()
    lying = Timeline.of(pts, pts, time_base=clip.timeline.time_base, last_ticks=0)
    assert lying is not None
    wanted = pts[7::30]
    same(decode(clip.path, lying, {SIDE: wanted}, threads=1), clip, wanted)


def test_stamps_out_of_order_cost_a_picture_at_most(tmp_path: Path) -> None:
    """AVI stamps no picture with the time it is shown; of H.264 with reordered pictures the times are a guess."""
    clip = clip_of(make_clip(tmp_path / "clip.avi", SCENES, gop=12, b_frames=2))
    wanted = clip.timeline.pts[4::9].tolist()
    found = decode(clip.path, clip.timeline, {SIDE: wanted}, threads=1).pictures[SIDE]
    assert len(found) == len(wanted)
    for pts, picture in found.items():
        assert np.array_equal(picture, clip.truth[pts])
        assert min(abs(pts - asked) for asked in wanted) <= 2


def test_pictures_too_large_are_refused(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.webm", numbered(3), codec="libvpx")
    clip = clip_of(path)
    whole = bytearray(path.read_bytes())
    start = whole.index(b"\x9d\x01\x2a") + 3
    whole[start : start + 4] = struct.pack("<HH", 16383, 16383)
    path.write_bytes(whole)
    decoded = decode(path, clip.timeline, {SIDE: clip.timeline.pts.tolist()}, threads=1)
    assert decoded.pictures == {SIDE: {}}
    assert decoded.last_fault


def test_nothing_wanted_opens_nothing(tmp_path: Path) -> None:
    clip = clip_of(KINDS["one_gop"](tmp_path))
    assert decode(tmp_path / "gone.mp4", clip.timeline, {SIDE: []}).pictures == {SIDE: {}}


def test_runs_jump_only_over_more_than_a_few() -> None:
    timeline = Timeline.of(list(range(200)), list(range(0, 200, 20)), time_base=1 / av.time_base, last_ticks=1)
    assert timeline is not None
    assert runs(timeline, [5, 15, 25, 70, 199]) == [(0, [5, 15, 25]), (60, [70]), (180, [199])]
    assert runs(timeline, [0, 40]) == [(0, [0]), (40, [40])]
    assert runs(timeline, [180]) == [(180, [180])]
