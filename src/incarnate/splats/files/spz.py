"""SPZ, version 3: one gzip stream of a 16-byte header and six arrays of whole numbers.

Format: the description beside Niantic's library of that name. Positions are 24-bit fixed point,
rotations 32 bits (the smallest three components), all else bytes. Axes are our world's: y up,
right-handed. Version 4 (zstd) is not written, as current viewers do not all read it.
"""

import gzip
import struct
import zlib
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Float, UInt, UInt8

from incarnate.errors import SplatFileError
from incarnate.splats.files.cloud import (
    NUM_COEFFICIENTS,
    SplatCloud,
    check_count,
    checked_cloud,
    logits_of,
    opacities,
    read_bytes,
)
from incarnate.whole_files import write_whole

_MAGIC: Final = 0x5053474E
_HEADER: Final = struct.Struct("<IIIBBBB")
_VERSION: Final = 3
# A byte is 255 · 0.15 · coefficient from the middle: colours from −0.44 to 1.44.
_COLOUR_SCALE: Final = 0.15
_MAX_FRACTIONAL_BITS: Final = 20
_LARGEST_POSITION: Final = (1 << 23) - 1
_COMPONENT: Final = (1 << 9) - 1


def write_spz(cloud: SplatCloud, path: Path) -> None:
    """Write a cloud as SPZ.

    Positions keep as many fractional bits as the farthest splat leaves, at most 20: a head within
    two metres of the origin is exact to a quarter of a micrometre.

    Args:
        cloud: The splats, world axes.
        path: Where to.

    Raises:
        SplatFileError: A splat is too far from the origin.
    """
    farthest = float(np.abs(cloud.means).max(initial=0.0))
    bits = _MAX_FRACTIONAL_BITS
    while bits > 0 and farthest * 2**bits > _LARGEST_POSITION:
        bits -= 1
    if farthest * 2**bits > _LARGEST_POSITION:
        raise SplatFileError(f"{path}: a splat lies {farthest:g} m off; SPZ reaches to 8388 km.")
    rest = np.rint(cloud.harmonics[:, 1:] * 128 + 128)
    arrays = (
        _fixed_point(np.rint(cloud.means.astype(np.float64) * 2**bits).astype(np.int32)),
        _to_bytes(opacities(cloud.opacity_logits) * 255),
        _to_bytes(cloud.harmonics[:, 0] * (_COLOUR_SCALE * 255) + 127.5),
        _to_bytes((cloud.log_scales + 10) * 16),
        _smallest_three(cloud.quaternions).astype("<u4").view(np.uint8),
        _to_bytes(rest),
    )
    header = _HEADER.pack(_MAGIC, _VERSION, len(cloud), cloud.degree, bits, 0, 0)
    plain = header + b"".join(array.tobytes() for array in arrays)
    # No time in the stream: the same splats give the same file.
    write_whole(gzip.compress(plain, 9, mtime=0), path)


def read_spz(path: Path) -> SplatCloud:
    """Read a cloud from SPZ, version 2 or 3.

    Raises:
        SplatFileError: It is no such file, or a damaged or too large one.
    """
    source = str(path)
    packed = read_bytes(path)
    if packed.startswith(struct.pack("<I", _MAGIC)):
        raise SplatFileError(
            f"{source} is SPZ of version 4 or later; versions 2 and 3 are read: convert it, for "
            "example with splat-transform --spz-version 3."
        )
    stream = zlib.decompressobj(31)
    try:
        head = stream.decompress(packed, _HEADER.size)
        count, degree, bits, version = _checked_header(head, source)
        sizes = _sizes(count, degree, version)
        body = stream.decompress(stream.unconsumed_tail, sum(sizes) + 1)
    except zlib.error as error:
        raise SplatFileError(
            f"{source} is no whole gzip stream ({error}); copy it again."
        ) from None
    # Where nothing follows the splats, the stream has to close with its checksum.
    if len(body) < sum(sizes) or (len(body) == sum(sizes) and not stream.eof):
        raise SplatFileError(
            f"{source}: {count} splats need {sum(sizes)} bytes, it holds {len(body)}; the file is "
            "cut short: copy it again."
        )
    ends = np.cumsum(sizes)
    whole = np.frombuffer(body, np.uint8, sum(sizes))
    means, alphas, colours, scales, rotations, rest = np.split(whole, ends[:-1])
    dc = (colours.reshape(count, 1, 3).astype(np.float32) - 127.5) / (_COLOUR_SCALE * 255)
    higher = (rest.reshape(count, -1, 3).astype(np.float32) - 128) / 128
    fields = {
        "means": _from_fixed_point(means.reshape(count, 3, 3)) / 2.0**bits,
        "quaternions": _quaternions(rotations.reshape(count, -1)),
        "log_scales": scales.reshape(count, 3) / np.float32(16) - 10,
        "opacity_logits": logits_of(alphas / np.float32(255)),
        "harmonics": np.concatenate([dc, higher], 1),
    }
    return checked_cloud(source, fields)


def _checked_header(head: bytes, source: str) -> tuple[int, int, int, int]:
    """Number of splats, degree, fractional bits and version."""
    if len(head) < _HEADER.size or head[:4] != struct.pack("<I", _MAGIC):
        raise SplatFileError(f"{source} is no SPZ file: its stream does not begin with NGSP.")
    _, version, count, degree, bits, _, _ = _HEADER.unpack(head)
    if version not in (2, 3):
        raise SplatFileError(f"{source} has SPZ version {version}; versions 2 and 3 are read.")
    if degree >= len(NUM_COEFFICIENTS) or bits > 24:
        raise SplatFileError(
            f"{source}: harmonics of degree {degree} and {bits} fractional bits; at most 3 and 24 "
            "are read."
        )
    check_count(source, count)
    return count, degree, bits, version


def _sizes(count: int, degree: int, version: int) -> list[int]:
    """Bytes of positions, opacities, colours, scales, rotations, higher harmonics."""
    each = (9, 1, 3, 3, 4 if version == 3 else 3, 3 * (NUM_COEFFICIENTS[degree] - 1))
    return [count * size for size in each]


def _to_bytes(values: Float[np.ndarray, "..."]) -> UInt8[np.ndarray, "..."]:
    return np.rint(values).clip(0, 255).astype(np.uint8)


def _fixed_point(whole: np.ndarray) -> UInt8[np.ndarray, "splats 3 3"]:
    """The three low bytes of each number, lowest first."""
    return np.ascontiguousarray(whole.astype("<i4")).view(np.uint8).reshape(-1, 3, 4)[..., :3]


def _from_fixed_point(low: UInt8[np.ndarray, "splats 3 3"]) -> Float[np.ndarray, "splats 3"]:
    wide = np.zeros((*low.shape[:2], 4), np.uint8)
    # Moved up by a byte, the sign stands where int32 has it.
    wide[..., 1:] = low
    return (wide.view("<i4")[..., 0] >> 8).astype(np.float64)


def _smallest_three(quaternions: Float[np.ndarray, "splats 4"]) -> UInt[np.ndarray, "splats"]:
    """32 bits: which of xyzw is largest, then sign and 9 bits of each of the others, in order."""
    xyzw = np.roll(quaternions, -1, axis=1)
    largest = np.abs(xyzw).argmax(1)
    # q and −q are one rotation; the largest component is left out, so it has to be positive.
    sign = np.where(np.take_along_axis(xyzw, largest[:, None], 1) < 0, -1, 1)
    parts = xyzw * sign
    magnitudes = np.rint(np.abs(parts) * (_COMPONENT * np.sqrt(2))).clip(0, _COMPONENT)
    packed = largest.astype(np.uint32)
    for axis in range(4):
        field = magnitudes[:, axis].astype(np.uint32) | (
            (parts[:, axis] < 0).astype(np.uint32) << 9
        )
        packed = np.where(axis == largest, packed, (packed << np.uint32(10)) | field)
    return packed


def _quaternions(packed: UInt8[np.ndarray, "splats width"]) -> Float[np.ndarray, "splats 4"]:
    """Quaternions ``wxyz`` of version 2 (three bytes, x y z) or 3 (32 bits)."""
    count = len(packed)
    if packed.shape[1] == 3:
        vector = packed / 127.5 - 1
        scalar = np.sqrt((1 - (vector**2).sum(1)).clip(min=0))
        return np.concatenate([scalar[:, None], vector], 1)
    bits = np.ascontiguousarray(packed).view("<u4")[:, 0].copy()
    largest = (bits >> np.uint32(30)).astype(np.int64)
    xyzw = np.zeros((count, 4))
    for axis in (3, 2, 1, 0):
        value = (bits & _COMPONENT) / (_COMPONENT * np.sqrt(2))
        value = np.where(bits & np.uint32(512), -value, value)
        xyzw[:, axis] = np.where(axis == largest, 0, value)
        bits = np.where(axis == largest, bits, bits >> np.uint32(10))
    rest = np.sqrt((1 - (xyzw**2).sum(1)).clip(min=0))
    np.put_along_axis(xyzw, largest[:, None], rest[:, None], 1)
    return np.roll(xyzw, 1, axis=1)
