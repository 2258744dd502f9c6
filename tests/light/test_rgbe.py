import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from incarnate.errors import LightError
from incarnate.light.rgbe import decode_rgbe, encode_rgbe

HEAD = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n"
pixel_maps = arrays(
    np.float32,
    st.tuples(st.integers(1, 4), st.integers(1, 9), st.just(3)),
    elements=st.floats(0, 1e6, width=32),
)


def picture(quads: np.ndarray, *, header: bytes = b"", size: bytes = b"") -> bytes:
    height, width = quads.shape[:2]
    size = size or f"-Y {height} +X {width}".encode()
    return HEAD + header + b"\n" + size + b"\n" + quads.astype(np.uint8).tobytes()


def run_lengths(quads: np.ndarray) -> bytes:
    """The newer run-length code, each row four planes, in runs of up to 127 equal bytes."""
    out = bytearray()
    for row in quads.astype(np.uint8):
        out += bytes([2, 2, row.shape[0] >> 8, row.shape[0] & 255])
        for plane in row.T:
            column = 0
            while column < len(plane):
                run = 1
                while column + run < len(plane) and plane[column + run] == plane[column]:
                    run += 1
                run = min(run, 127)
                out += bytes([128 + run, plane[column]]) if run > 2 else bytes([1, plane[column]])
                column += run if run > 2 else 1
    return bytes(out)


@given(pixel_maps)
def test_pixels_come_back_to_eight_bits_of_the_largest_channel(pixels: np.ndarray) -> None:
    back = decode_rgbe(encode_rgbe(pixels))
    assert back.shape == pixels.shape
    largest = pixels.max(-1, keepdims=True)
    # Half a step of a mantissa that has 128 to 255 steps; below 2⁻¹²⁸ all is black.
    bound = np.maximum(largest / 255, 1e-37)
    assert (np.abs(back - pixels) <= bound).all()


@given(pixel_maps)
def test_what_a_picture_holds_is_kept_exactly(pixels: np.ndarray) -> None:
    once = decode_rgbe(encode_rgbe(pixels))
    assert np.array_equal(decode_rgbe(encode_rgbe(once)), once)


def test_exponents_mean_powers_of_two() -> None:
    quads = np.array([[[128, 64, 0, 129], [255, 1, 2, 128], [9, 9, 9, 0], [128, 0, 0, 140]]])
    expected = [[1, 0.5, 0], [255 / 256, 1 / 256, 2 / 256], [0, 0, 0], [2**11, 0, 0]]
    np.testing.assert_array_equal(decode_rgbe(picture(quads))[0], expected)


def test_run_lengths_hold_the_same_as_plain_pixels() -> None:
    rng = np.random.default_rng(3)
    quads = rng.integers(1, 255, (3, 300, 4))
    quads[1, 20:280] = quads[1, 20]
    quads[2] = 77
    plain = decode_rgbe(picture(quads))
    head = picture(quads[:0], size=b"-Y 3 +X 300")
    np.testing.assert_array_equal(decode_rgbe(head + run_lengths(quads)), plain)


def test_the_older_run_lengths_repeat_the_last_pixel() -> None:
    quads = np.array([[[128, 0, 0, 129], [1, 1, 1, 3], [0, 128, 0, 129]]])
    pixels = decode_rgbe(picture(quads, size=b"-Y 1 +X 5"))
    np.testing.assert_array_equal(pixels[0, :, 0], [1, 1, 1, 1, 0])


def test_orders_of_rows_and_columns_are_undone() -> None:
    rng = np.random.default_rng(4)
    quads = rng.integers(128, 255, (2, 3, 4))
    upright = decode_rgbe(picture(quads))
    turned = decode_rgbe(picture(quads, size=b"+Y 2 -X 3"))
    np.testing.assert_array_equal(turned, upright[::-1, ::-1])


def test_exposures_are_undone_and_multiply() -> None:
    quads = np.full((1, 2, 4), 129)
    header = b"EXPOSURE=2\nEXPOSURE=4\nCOLORCORR=1 2 0.5\nGAMMA=2.2\nSOFTWARE=x\n"
    found = decode_rgbe(picture(quads, header=header))
    np.testing.assert_allclose(found, decode_rgbe(picture(quads)) / [8, 16, 4])


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\x89PNG", r"does not begin with '#\?'; give a .hdr or .exr map"),
        (b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n", "header has no end"),
        (b"#?RADIANCE\nFORMAT=32-bit_rle_xyze\n\n-Y 1 +X 1\n", "'32-bit_rle_xyze'"),
        (HEAD + b"\n+X 4 -Y 2\n" + bytes(32), r"size line is '\+X 4 -Y 2'"),
        (HEAD + b"\n-Y 99999 +X 99999\n", "99999 × 99999"),
        (HEAD + b"EXPOSURE=bright\n\n-Y 1 +X 1\n" + bytes(4), "EXPOSURE=bright"),
        (HEAD + b"\n-Y 2 +X 8\n" + bytes([5] * 40), "truncated"),
        (HEAD + b"\n-Y 1 +X 8\n" + bytes([2, 2, 0, 8, 200, 1]), "overruns its row"),
        (HEAD + b"\n-Y 1 +X 8\n" + bytes([2, 2, 0, 8, 0, 1]), "overruns its row"),
        (HEAD + b"\n-Y 1 +X 8\n" + bytes([2, 2, 0, 8, 8, 1, 1]), "truncated"),
        (HEAD + b"\n-Y 1 +X 8\n" + bytes([1, 1, 1, 3] * 8), "overruns its row"),
    ],
)
def test_damage_is_named(data: bytes, text: str) -> None:
    with pytest.raises(LightError, match=text):
        decode_rgbe(data)


@given(st.binary(max_size=60))
def test_any_bytes_give_pixels_or_an_error(body: bytes) -> None:
    try:
        pixels = decode_rgbe(HEAD + b"\n-Y 3 +X 8\n" + body)
    except LightError:
        return
    assert pixels.shape == (3, 8, 3)


@given(st.binary(max_size=40))
def test_any_header_gives_pixels_or_an_error(middle: bytes) -> None:
    try:
        decode_rgbe(b"#?RADIANCE\n" + middle + b"\n\n-Y 1 +X 2\n" + bytes(8))
    except LightError:
        return
