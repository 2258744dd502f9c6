"""SPZ: round trips within its steps, older versions, and what is refused."""

import gzip
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from tests.splats.files.clouds import CLOUDS, differences, random_cloud
from tests.splats.files.damage import check_damage

from incarnate.errors import SplatFileError
from incarnate.splats.files.cloud import SplatCloud, opacities
from incarnate.splats.files.spz import read_spz, write_spz


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spz") / "cloud.spz"


@given(cloud=CLOUDS)
def test_what_is_written_is_read_within_half_a_step(cloud: SplatCloud, file: Path) -> None:
    write_spz(cloud, file)
    found = differences(cloud, read_spz(file))
    # Heads of these tests lie within 8 m, so that positions have 20 bits: half of 2⁻²⁰ m.
    assert found.position < 2.0**-20
    # A scale is off by up to 1/32 of itself, its square by 1/16; a rotation by 0.7 of 1/511.
    assert found.shape < 1 / 16 + 0.01
    assert found.opacity < 0.51 / 255
    # Colours have 1/(255 · 0.15) to a step, of coefficients: half of it times Y₀.
    assert found.colour < 0.51 / (255 * 0.15) * 0.2821
    assert found.harmonics < 0.51 / 128


def test_reading_what_was_read_changes_nothing(file: Path) -> None:
    write_spz(random_cloud(), file)
    once = read_spz(file)
    first = file.read_bytes()
    write_spz(once, file)
    assert file.read_bytes() == first


@given(cloud=CLOUDS)
def test_rotations_survive_to_a_third_of_a_degree(cloud: SplatCloud, file: Path) -> None:
    write_spz(cloud, file)
    cosine = np.abs((cloud.quaternions * read_spz(file).quaternions).sum(1)).clip(0, 1)
    # Three components, each off by half a step of √½/511, and the fourth that follows from them.
    assert np.degrees(2 * np.arccos(cosine)).max() < 0.35


def test_far_splats_take_bits_from_the_fraction(file: Path) -> None:
    cloud = random_cloud(count=2)
    far = replace(cloud, means=np.array([[1000, 0, 0], [0, 0.25, 0]], np.float32))
    write_spz(far, file)
    assert gzip.decompress(file.read_bytes())[13] == 13
    np.testing.assert_allclose(read_spz(file).means, far.means, atol=2.0**-13)
    with pytest.raises(SplatFileError, match="a splat lies 1e\\+08 m off"):
        write_spz(replace(cloud, means=np.full((2, 3), 1e8, np.float32)), file)


def test_version_2_has_three_bytes_a_rotation(file: Path) -> None:
    header = struct.pack("<IIIBBBB", 0x5053474E, 2, 1, 0, 12, 0, 0)
    position = struct.pack("<i", 4096)[:3] + struct.pack("<i", -2048)[:3] + bytes(3)
    # Half a turn about x less a little: x is 254/127.5 − 1.
    body = position + bytes([128, 128, 128, 128, 80, 80, 80, 254, 127, 128])
    file.write_bytes(gzip.compress(header + body))
    cloud = read_spz(file)
    np.testing.assert_array_equal(cloud.means, [[1, -0.5, 0]])
    np.testing.assert_allclose(cloud.log_scales, -5)
    # Version 2 rounds to 1/127.5.
    np.testing.assert_allclose(cloud.quaternions, [[0.124, 0.992, 0, 0]], atol=0.008)
    np.testing.assert_allclose(opacities(cloud.opacity_logits), 128 / 255, atol=1e-6)


def packed(*, magic: int = 0x5053474E, version: int = 3, count: int = 1, degree: int = 0,
           bits: int = 12, body: int = 20) -> bytes:  # fmt: skip
    plain = struct.pack("<IIIBBBB", magic, version, count, degree, bits, 0, 0) + bytes(body)
    # No time in it: these bytes name tests, and workers that begin a second apart must agree.
    return gzip.compress(plain, mtime=0)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"not gzip at all", "is no whole gzip stream"),
        (b"NGSP" + bytes(40), "is SPZ of version 4 or later"),
        (packed(magic=1), "does not begin with NGSP"),
        (packed(version=1), "has SPZ version 1; versions 2 and 3 are read"),
        (packed(degree=4), "harmonics of degree 4"),
        (packed(bits=31), "31 fractional bits"),
        (packed(count=0), "it holds 0 splats"),
        (packed(count=4_000_000_000), "it holds 4000000000 splats"),
        (packed(count=5_000_000), "5000000 splats need 100000000 bytes, it holds 20"),
        (packed()[:30], "the file is cut short"),
    ],
)
def test_what_is_no_cloud_is_refused(data: bytes, text: str, file: Path) -> None:
    file.write_bytes(data)
    with pytest.raises(SplatFileError, match=text):
        read_spz(file)


def test_a_wrong_checksum_is_refused(file: Path) -> None:
    data = packed()
    file.write_bytes(data[:-8] + bytes([data[-8] ^ 1]) + data[-7:])
    with pytest.raises(SplatFileError, match="is no whole gzip stream"):
        read_spz(file)


def test_a_stream_that_swells_is_not_unpacked(file: Path) -> None:
    # A gigabyte of zeros in a megabyte: only what the header needs is unpacked.
    header = struct.pack("<IIIBBBB", 0x5053474E, 3, 1, 0, 12, 0, 0)
    file.write_bytes(gzip.compress(header + bytes(64 << 20), 1))
    assert len(read_spz(file)) == 1


def test_damaged_files_do_no_harm(file: Path) -> None:
    write_spz(random_cloud(count=4), file)
    assert check_damage(file, read_spz, head=40, tries=300) > 150
