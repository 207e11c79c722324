"""A picture comes back as it was painted: its colours, its upright, its shape, whatever the file did with it."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from tests.media.makeclip import PRIMARIES, TRANSFER, Colour, coded, flat, make_clip
from triptych.media.picture import PEAK, shown_size, to_rgb

RGB = npt.NDArray[np.uint8]

BANDS = ((200, 60, 40), (40, 180, 60), (30, 60, 210), (128, 128, 128), (235, 220, 40))


def bands(width: int = 320, height: int = 240) -> RGB:
    picture = np.zeros((height, width, 3), np.uint8)
    for k, colour in enumerate(BANDS):
        picture[:, k * width // 5 : (k + 1) * width // 5] = colour
    return picture


def first_frame(path: Path) -> av.VideoFrame:
    with av.open(path) as container:
        return next(container.decode(video=0))


def middles(picture: RGB) -> npt.NDArray[np.int64]:
    height, width = picture.shape[:2]
    return picture[height // 2, [(2 * k + 1) * width // 10 for k in range(5)]].astype(np.int64)


@pytest.mark.parametrize("matrix", ["bt601", "bt709", "bt2020"])
@pytest.mark.parametrize("range_", ["limited", "full"])
@pytest.mark.parametrize("size", [(320, 240), (1280, 720)])
def test_tagged_colours_come_back(tmp_path: Path, matrix: str, range_: str, size: tuple[int, int]) -> None:
    path = make_clip(
        tmp_path / "clip.mp4",
        [bands(*size)],
        pix_fmt="yuv444p",
        colour=Colour(matrix=matrix, range=range_),
        options={"qp": "1", "preset": "ultrafast"},
    )
    seen = middles(to_rgb(first_frame(path), width_px=160, height_px=120))
    assert np.abs(seen - BANDS).max() <= 3


@pytest.mark.parametrize(
    ("size", "matrix"), [((720, 576), "bt601"), ((640, 480), "bt601"), ((1280, 534), "bt709"), ((608, 1080), "bt709")]
)
def test_untagged_colours_are_taken_as_players_do(tmp_path: Path, size: tuple[int, int], matrix: str) -> None:
    frame = coded(bands(*size), "yuv444p", Colour(matrix=matrix))
    frame.colorspace = 2
    path = make_clip(tmp_path / "clip.mp4", [frame], pix_fmt="yuv444p", options={"qp": "1", "preset": "ultrafast"})
    seen = middles(to_rgb(first_frame(path), width_px=160, height_px=120))
    assert np.abs(seen - BANDS).max() <= 6


@pytest.mark.parametrize("code", range(18))
def test_any_matrix_tag_is_readable(code: int) -> None:
    """Also those that the scaler refuses: a wrong tag may not cost the clip."""
    frame = coded(bands(), "yuv420p", Colour())
    frame.colorspace = code
    assert np.abs(middles(to_rgb(frame, width_px=160, height_px=120)) - BANDS).max() <= 40


def test_full_and_limited_range_show_the_same_greys(tmp_path: Path) -> None:
    ramp = np.repeat(np.linspace(0, 255, 320).astype(np.uint8)[None, :, None], 240, 0).repeat(3, 2)
    shown = [
        to_rgb(
            first_frame(
                make_clip(
                    tmp_path / f"{range_}.mp4",
                    [ramp],
                    pix_fmt="yuv420p",
                    colour=Colour(matrix="bt709", range=range_),
                    options={"qp": "1"},
                )
            ),
            width_px=320,
            height_px=240,
        ).astype(int)
        for range_ in ("limited", "full")
    ]
    assert np.abs(shown[0] - shown[1]).max() <= 2
    assert np.abs(shown[0][0, :, 0] - np.linspace(0, 255, 320)).max() <= 3


def test_motion_jpeg_is_full_range(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.avi", [bands()], codec="mjpeg", pix_fmt="yuvj420p", options={"qmin": "1"})
    assert np.abs(middles(to_rgb(first_frame(path), width_px=160, height_px=120)) - BANDS).max() <= 6


def test_ten_bits_look_like_eight(tmp_path: Path) -> None:
    quiet = {"x265-params": "log-level=none:lossless=1"}
    ten = make_clip(tmp_path / "10.mp4", [bands()], codec="libx265", pix_fmt="yuv420p10le", options=quiet)
    eight = make_clip(tmp_path / "8.mp4", [bands()], codec="libx265", pix_fmt="yuv420p", options=quiet)
    a, b = (to_rgb(first_frame(path), width_px=160, height_px=120).astype(int) for path in (ten, eight))
    assert np.abs(a - b).max() <= 3


def hdr(signal: float, transfer: str) -> av.VideoFrame:
    """A grey of one PQ or HLG code value, in 10-bit BT.2020."""
    luma = round(64 + signal * 876)
    frame = av.VideoFrame.from_ndarray(
        np.concatenate([np.full((64, 64), luma), np.full((32, 64), 512)]).astype(np.uint16), format="yuv420p10le"
    )
    frame.colorspace, frame.color_range = 9, 1
    frame.color_trc, frame.color_primaries = TRANSFER[transfer], PRIMARIES["bt2020"]
    return frame


def pq(nits: float) -> float:
    """SMPTE ST 2084: the code value of a luminance."""
    y = (nits / 10_000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * y) / (1 + 18.6875 * y)) ** 78.84375


def grey_of(frame: av.VideoFrame) -> int:
    picture = to_rgb(frame, width_px=32, height_px=32)
    assert np.ptp(picture.reshape(-1, 3), axis=0).max() <= 2
    assert np.ptp(picture[16, 16].astype(int)) <= 2  # grey stays grey
    return int(picture[16, 16, 1])


def test_hdr_greys_lie_where_their_sdr_twins_do() -> None:
    """Diffuse white is 203 cd/m²; ITU-R BT.2408 puts it at 58 % PQ and 75 % HLG. Sixteen times darker is mid-grey."""
    mid = 203 * 0.2159  # what sRGB 128 is of white
    assert 105 <= grey_of(hdr(pq(mid), "pq")) <= 135
    assert 170 <= grey_of(hdr(pq(203), "pq")) <= 215
    assert abs(grey_of(hdr(0.75, "hlg")) - grey_of(hdr(pq(203), "pq"))) <= 4
    assert grey_of(hdr(pq(203 * PEAK), "pq")) >= 250
    assert grey_of(hdr(0.0, "pq")) <= 2
    assert grey_of(hdr(0.0, "hlg")) <= 2


def test_an_hdr_file_shows_mid_grey_as_mid_grey(tmp_path: Path) -> None:
    path = make_clip(
        tmp_path / "clip.mp4",
        [hdr(pq(203 * 0.2159), "pq")],
        codec="libx265",
        pix_fmt="yuv420p10le",
        colour=Colour(matrix="bt2020", range="limited", transfer="pq", primaries="bt2020"),
        options={"x265-params": "log-level=none:lossless=1"},
    )
    assert 105 <= grey_of(first_frame(path)) <= 135


def test_hdr_brightness_keeps_its_order() -> None:
    for transfer in ("pq", "hlg"):
        greys = [grey_of(hdr(signal, transfer)) for signal in np.linspace(0.1, 0.9, 9)]
        assert greys == sorted(greys)


def test_hdr_colours_keep_their_hue() -> None:
    """Pure BT.2020 primaries, at diffuse white's level, stay red, green and blue."""
    for channel in range(3):
        picture = np.zeros((64, 64, 3), np.uint16)
        picture[..., channel] = round(pq(203) * 65535)
        rgb = av.VideoFrame.from_ndarray(picture, format="rgb48le")
        frame = rgb.reformat(format="yuv444p10le", dst_colorspace="BT2020", dst_color_range="MPEG")
        frame.colorspace, frame.color_range = 9, 1
        frame.color_trc, frame.color_primaries = TRANSFER["pq"], PRIMARIES["bt2020"]
        shown = to_rgb(frame, width_px=32, height_px=32)[16, 16].astype(int)
        assert shown.argmax() == channel
        assert sorted(shown)[1] < 0.6 * shown.max()


def test_transparency_lies_over_black() -> None:
    picture = np.zeros((32, 32, 4), np.uint8)
    picture[:, :16] = (250, 200, 100, 255)
    picture[:, 16:] = (250, 200, 100, 0)
    picture[:16, 16:, 3] = 128
    frame = av.VideoFrame.from_ndarray(picture, format="rgba")
    seen = to_rgb(frame, width_px=32, height_px=32).astype(int)
    assert np.abs(seen[8, 8] - (250, 200, 100)).max() <= 2
    assert np.abs(seen[8, 24] - (125, 100, 50)).max() <= 3
    assert seen[24, 24].max() == 0


def gif(indices: npt.NDArray[np.uint8]) -> bytes:
    """A GIF whose index 0 is transparent, 1 red and 2 white; coded without compression, three bits an index."""
    height, width = indices.shape
    codes: list[int] = []
    for k, index in enumerate(indices.ravel().tolist()):
        codes += [4] * (k % 2 == 0) + [index]  # a clear code before every other keeps the codes short
    bits = "".join(f"{code:03b}"[::-1] for code in [*codes, 5])
    data = bytes(int(bits[k : k + 8][::-1], 2) for k in range(0, len(bits), 8))
    blocks = b"".join(bytes([len(data[k : k + 255])]) + data[k : k + 255] for k in range(0, len(data), 255))
    size = struct.pack("<HH", width, height)
    palette = bytes([90, 200, 90, 255, 0, 0, 255, 255, 255, 0, 0, 0])
    return (
        (b"GIF89a" + size + b"\x91\x00\x00" + palette)
        + b"\x21\xf9\x04\x01\x0a\x00\x00\x00"  # shown for a tenth of a second, index 0 transparent
        + (b"\x2c\x00\x00\x00\x00" + size + b"\x00\x02" + blocks + b"\x00\x3b")
    )


def test_a_gif_lies_over_black(tmp_path: Path) -> None:
    indices = np.zeros((32, 48), np.uint8)
    indices[:, 16:32], indices[:, 32:] = 1, 2
    (tmp_path / "clip.gif").write_bytes(gif(indices))
    seen = to_rgb(first_frame(tmp_path / "clip.gif"), width_px=48, height_px=32)
    assert seen[16, [8, 24, 40]].tolist() == [[0, 0, 0], [255, 0, 0], [255, 255, 255]]


# The corners of a picture, as a player would show it: red top left, green top right, blue bottom left.
CORNERS = "RGB."


def cornered(width: int = 96, height: int = 64) -> RGB:
    picture = np.full((height, width, 3), 20, np.uint8)
    picture[: height // 4, : width // 4] = (255, 0, 0)
    picture[: height // 4, -width // 4 :] = (0, 255, 0)
    picture[-height // 4 :, : width // 4] = (0, 0, 255)
    return picture


def corners(picture: RGB) -> str:
    names = {0: "R", 1: "G", 2: "B"}
    spots = (picture[4, 4], picture[4, -5], picture[-5, 4], picture[-5, -5])
    return "".join(names[int(spot.argmax())] if spot.max() > 140 else "." for spot in spots)


@pytest.mark.parametrize("turned", [90, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
def test_turned_recordings_are_shown_upright(tmp_path: Path, turned: int, mirrored: bool) -> None:
    """The camera stored the scene turned (and mirrored); the display matrix undoes both."""
    scene = cornered()
    stored = np.fliplr(scene) if mirrored else scene
    stored = np.rot90(stored, -turned // 90)  # the matrix turns it back, counter-clockwise, and mirrors afterwards
    path = make_clip(tmp_path / "clip.mp4", [stored], rotation=turned, mirrored=mirrored, options={"qp": "1"})
    frame = first_frame(path)
    shown = to_rgb(frame, width_px=frame.width, height_px=frame.height)
    assert shown.shape == scene.shape
    assert corners(shown) == CORNERS


@pytest.mark.parametrize(
    ("matrix", "shown"),
    [
        # ISO/IEC 14496-12: a stored (x, y) is shown at (a x + c y, b x + d y).
        ((1, 0, 0, 1), "RGB."),
        ((0, 1, -1, 0), "BR.G"),  # a phone held upright: a quarter turn clockwise
        ((-1, 0, 0, -1), ".BGR"),
        ((0, -1, 1, 0), "G.RB"),
        ((-1, 0, 0, 1), "GR.B"),  # a front camera: left for right
        ((1, 0, 0, -1), "B.RG"),  # upside down
        ((0, 1, 1, 0), "RBG."),
        ((0, -1, -1, 0), ".GBR"),
    ],
)
def test_the_matrix_of_a_track_header_is_obeyed(tmp_path: Path, matrix: tuple[int, ...], shown: str) -> None:
    path = make_clip(tmp_path / "clip.mp4", [cornered(96, 96)], options={"qp": "1"})
    whole = bytearray(path.read_bytes())
    at = whole.index(b"tkhd") + 4 + 40  # version, flags, times, id, duration, reserved, layer, group, volume
    a, b, c, d = (value * 65536 for value in matrix)
    whole[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(whole)
    assert corners(to_rgb(first_frame(path), width_px=96, height_px=96)) == shown


@pytest.mark.parametrize(
    ("stored", "aspect", "side", "shown"),
    [
        ((1920, 1080), 1.0, 224, (398, 224)),
        ((1080, 1920), 1.0, 224, (224, 398)),
        ((720, 576), 64 / 45, 288, (512, 288)),
        ((1, 1), 1.0, 48, (48, 48)),
        ((2, 4000), 1.0, 48, (48, 192)),
        ((4000, 2), 1.0, 48, (192, 48)),
        ((640, 360), 1e6, 48, (192, 48)),
        ((640, 360), 1e-6, 48, (48, 192)),
        ((0, 0), 1.0, 48, (48, 48)),
    ],
)
def test_shown_size(stored: tuple[int, int], aspect: float, side: int, shown: tuple[int, int]) -> None:
    assert shown_size(*stored, pixel_aspect=aspect, short_side_px=side) == shown


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 1), (3, 5), (15, 400), (33, 21), (2, 4000), (4000, 2), (17, 17)])
@pytest.mark.parametrize("pixels", ["yuv420p", "yuv444p", "rgb24", "yuv420p10le", "gray"])
def test_tiny_and_odd_pictures_keep_their_colour(size: tuple[int, int], pixels: str) -> None:
    grey = np.full((size[1], size[0], 3), 120, np.uint8)
    # One thread: several write a wrong row now and then into ten-bit pictures of an odd size.
    frame = av.VideoFrame.from_ndarray(grey, format="rgb24").reformat(format=pixels, threads=1)
    shown = to_rgb(frame, width_px=40, height_px=30)
    assert shown.shape == (30, 40, 3)
    assert np.abs(shown.astype(int) - 120).max() <= 3


def test_small_is_the_mean_of_large() -> None:
    """Scaling down averages: fine detail turns into its mean, not into a pattern of its own."""
    fine = np.indices((240, 320)).sum(axis=0) % 2 * 200 + 20
    picture = np.repeat(fine[..., None], 3, 2).astype(np.uint8)
    frame = coded(picture, "yuv444p")
    shown = to_rgb(frame, width_px=40, height_px=30).astype(int)
    assert np.abs(shown - 120).max() <= 6


def test_pixel_shape_is_that_of_the_display(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "clip.mp4", [flat((90, 90, 90))], pixel_aspect=Fraction(2, 1))
    frame = first_frame(path)
    assert shown_size(frame.width, frame.height, pixel_aspect=2.0, short_side_px=24) == (64, 24)
