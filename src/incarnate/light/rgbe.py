"""Radiance pictures (.hdr): header, run lengths and shared-exponent pixels.

Format: Ward, "Real pixels", Graphics Gems II (1991), and the Radiance reference manual.
"""

import re
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from incarnate.errors import LightError

# A wrong header must not ask for all memory: 32k × 16k is the largest map that is traded.
_MAX_PIXELS = 32768 * 16384

_TRUNCATED = "the file ends before its last pixel: it is truncated; copy or download it again"
_OVERRUN = "a run in the pixels overruns its row: the file is damaged; copy or download it again"

_ORIENTATION = re.compile(rb"([-+])Y\s+(\d+)\s+([-+])X\s+(\d+)")


@dataclass(frozen=True)
class _Header:
    height: int
    width: int
    bottom_up: bool
    right_to_left: bool
    exposure: np.ndarray
    """What the stored pixels were multiplied by, one factor a channel."""
    data_start: int


def decode_rgbe(data: bytes) -> Float[np.ndarray, "height width 3"]:
    """Pixels of a Radiance picture: linear RGB, top row first.

    EXPOSURE and COLORCORR are undone: they say by what the pixels have been multiplied. GAMMA is
    left alone: pixels with an exponent are linear, and writers put the screen's gamma there.

    Raises:
        LightError: The bytes are no such picture, or end too early.
    """
    header = _read_header(data)
    quads = _read_pixels(data[header.data_start :], header.height, header.width)
    scale = np.ldexp(np.float32(1), quads[..., 3].astype(np.int32) - 136)
    # Exponent zero is black by definition, whatever the mantissas are.
    scale = np.where(quads[..., 3] == 0, np.float32(0), scale)
    pixels = quads[..., :3] * scale[..., None] / header.exposure.astype(np.float32)
    pixels = pixels[::-1] if header.bottom_up else pixels
    return pixels[:, ::-1] if header.right_to_left else pixels


def encode_rgbe(pixels: Float[np.ndarray, "height width 3"]) -> bytes:
    """A Radiance picture of linear RGB ≥ 0; each pixel keeps 8 bits of its largest channel."""
    height, width, _ = pixels.shape
    largest = pixels.max(-1)
    exponent = np.frexp(largest)[1]
    # A mantissa that would round up to 256 needs the next exponent.
    exponent += np.rint(np.ldexp(largest, 8 - exponent)) > 255
    too_dark = exponent < -127
    exponent = np.clip(exponent, -127, 127)
    mantissa = np.rint(np.ldexp(pixels, 8 - exponent[..., None])).clip(0, 255)
    quads = np.concatenate([mantissa, exponent[..., None] + 128], -1).astype(np.uint8)
    quads[(largest <= 0) | too_dark] = 0
    head = f"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y {height} +X {width}\n".encode()
    # Plain pixels are valid; no run mark can occur in them, as one mantissa is 128 or more.
    return head + quads.tobytes()


def _read_header(data: bytes) -> _Header:
    if not data.startswith(b"#?"):
        raise LightError(
            "not a Radiance picture: it does not begin with '#?'; give a .hdr or .exr map"
        )
    end = data.find(b"\n\n")
    if end < 0:
        raise LightError("the Radiance header has no end: the file is truncated or damaged")
    exposure = np.ones(3)
    for line in data[:end].split(b"\n")[1:]:
        name, _, value = line.partition(b"=")
        if name == b"FORMAT" and value.strip() != b"32-bit_rle_rgbe":
            raise LightError(
                f"pixels are in the format {value.decode(errors='replace')!r}, only "
                "'32-bit_rle_rgbe' is read: convert the map to RGB"
            )
        if name in (b"EXPOSURE", b"COLORCORR"):
            exposure = exposure * _factors(name.decode(), value)
    line_end = data.find(b"\n", end + 2)
    found = _ORIENTATION.fullmatch(data[end + 2 : max(line_end, 0)].strip())
    if found is None:
        text = data[end + 2 : end + 42].split(b"\n")[0].decode(errors="replace")
        raise LightError(f"the size line is {text!r}, expected one like '-Y 512 +X 1024'")
    height, width = int(found[2]), int(found[4])
    if not 0 < height * width <= _MAX_PIXELS:
        raise LightError(f"a map of {width} × {height} pixels is not possible here")
    return _Header(height, width, found[1] == b"+", found[3] == b"-", exposure, line_end + 1)


def _factors(name: str, value: bytes) -> np.ndarray:
    try:
        factors = np.array([float(word) for word in value.split()])
    except ValueError:
        factors = np.zeros(0)
    if len(factors) not in (1, 3) or not (np.isfinite(factors) & (factors > 0)).all():
        raise LightError(f"{name}={value.decode(errors='replace')} in the header is no factor")
    return factors


def _read_pixels(body: bytes, height: int, width: int) -> UInt8[np.ndarray, "height width 4"]:
    rows = np.empty((height, width, 4), np.uint8)
    position = 0
    for row in rows:
        mark = body[position : position + 4]
        if len(mark) < 4:
            raise LightError(_TRUNCATED)
        # Two bytes 2 and a 15-bit width mark a scanline of four run-length coded planes.
        if mark[:2] == b"\2\2" and mark[2] < 128 and mark[2] * 256 + mark[3] == width:
            planes, position = _read_planes(body, position + 4, width)
            row[:] = planes.T
        else:
            position = _read_quads(body, position, row)
    return rows


def _read_planes(
    body: bytes, position: int, width: int
) -> tuple[UInt8[np.ndarray, "4 width"], int]:
    """One scanline of the newer run-length code: runs (count > 128) and literal stretches."""
    planes = bytearray()
    for channel in range(4):
        end = (channel + 1) * width
        while len(planes) < end:
            if position + 1 >= len(body):
                raise LightError(_TRUNCATED)
            count = body[position]
            if count > 128:
                planes += body[position + 1 : position + 2] * (count - 128)
                position += 2
            else:
                planes += body[position + 1 : position + 1 + count]
                position += 1 + count
            if len(planes) > end or count == 0:
                raise LightError(_OVERRUN)
            if position > len(body):
                raise LightError(_TRUNCATED)
    return np.frombuffer(bytes(planes), np.uint8).reshape(4, width), position


def _read_quads(body: bytes, position: int, row: UInt8[np.ndarray, "width 4"]) -> int:
    """One scanline of plain pixels; the older code repeats the last pixel after (1, 1, 1, n)."""
    width = len(row)
    plain = np.frombuffer(body[position : position + 4 * width], np.uint8)
    quads = plain[: len(plain) // 4 * 4].reshape(-1, 4)
    if len(quads) == width and not (quads[:, :3] == 1).all(-1).any():
        row[:] = quads
        return position + 4 * width
    column, shift = 0, 0
    while column < width:
        quad = body[position : position + 4]
        if len(quad) < 4:
            raise LightError(_TRUNCATED)
        position += 4
        if quad[:3] != b"\1\1\1":
            row[column] = tuple(quad)
            column, shift = column + 1, 0
            continue
        # Marks that follow each other are the bytes of one count, lowest first.
        count = quad[3] << shift
        if column == 0 or column + count > width:
            raise LightError(_OVERRUN)
        row[column : column + count] = row[column - 1]
        column, shift = column + count, shift + 8
    return position
