"""PLY: round trips, foreign layouts, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from tests.splats.files.clouds import CLOUDS, check_equal, random_cloud
from tests.splats.files.damage import check_damage

from incarnate.errors import SplatFileError
from incarnate.splats.files.cloud import SplatCloud
from incarnate.splats.files.ply import Axes, read_ply, write_ply


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ply") / "cloud.ply"


@given(cloud=CLOUDS)
def test_what_is_written_is_read(cloud: SplatCloud, file: Path) -> None:
    write_ply(cloud, file)
    check_equal(cloud, read_ply(file))


@pytest.mark.parametrize("axes", ["y-down", "y-up"])
def test_the_header_says_which_way_y_points(axes: Axes, file: Path) -> None:
    cloud = random_cloud()
    write_ply(cloud, file, axes=axes)
    check_equal(cloud, read_ply(file))
    up = read_ply(file, axes="y-up")
    check_equal(up, cloud if axes == "y-up" else cloud.turned_over())


def test_numbers_stand_where_the_layout_has_them(file: Path) -> None:
    cloud = random_cloud(count=2, degree=1)
    write_ply(cloud, file, axes="y-up", notes={"consent": "Ada agreed;\nnot for sale"})
    header, _, body = file.read_bytes().partition(b"end_header\n")
    assert b"\ncomment consent: Ada agreed; not for sale\n" in header
    assert header.count(b"property float f_rest_") == 9
    row = np.frombuffer(body, "<f4").reshape(2, -1)[1]
    np.testing.assert_array_equal(row[:3], cloud.means[1])
    np.testing.assert_array_equal(row[6:9], cloud.harmonics[1, 0])
    # Red of all coefficients first.
    np.testing.assert_array_equal(row[9:12], cloud.harmonics[1, 1:, 0])
    np.testing.assert_array_equal(row[18], cloud.opacity_logits[1])
    np.testing.assert_array_equal(row[22:26], cloud.quaternions[1])


def test_a_foreign_order_with_other_types_is_read(file: Path) -> None:
    names = ["rot_3", "rot_2", "rot_1", "rot_0", "scale_0", "scale_1", "scale_2", "f_dc_0",
             "f_dc_1", "f_dc_2", "x", "y", "z"]  # fmt: skip
    lines = [f"property double {name}" for name in names]
    text = "\r\n".join(["ply", "format binary_little_endian 1.0", "element vertex 1", *lines,
                        "property float opacity", "property uchar label", "element face 3",
                        "property list uchar int vertex_indices", "end_header\r\n"])  # fmt: skip
    values = np.array([0, 0, 0, 2, -5, -6, -7, 0.1, 0.2, 0.3, 1, 2, 3.0])
    file.write_bytes(text.encode() + values.tobytes() + np.float32(0.5).tobytes() + b"\7")
    cloud = read_ply(file)
    np.testing.assert_array_equal(cloud.means, [[1, -2, -3]])
    np.testing.assert_array_equal(cloud.quaternions, [[1, 0, 0, 0]])
    assert cloud.degree == 0


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (b"ply\n", b"plx\n", "is no PLY file"),
        (b"binary_little_endian", b"ascii", "only 'binary_little_endian 1.0' is read"),
        (b"element vertex 50", b"element chunk 50", "its first element is no 'vertex'"),
        (b"element vertex 50", b"element vertex 99999999999", "it holds 99999999999 splats"),
        (b"element vertex 50", b"element vertex 51", "the file is cut short"),
        (b"element vertex 50", b"element vertex 0", "it holds 0 splats"),
        (b"float opacity", b"float density", "it lacks opacity: it may be a plain point cloud"),
        (b"float opacity", b"list uchar int opacity", "a splat can't have"),
        (b"property float f_rest_44\n", b"", "44 columns f_rest"),
        (b"float nx", b"float x", "named twice"),
    ],
)
def test_what_is_no_cloud_is_refused(old: bytes, new: bytes, text: str, file: Path) -> None:
    write_ply(random_cloud(), file)
    file.write_bytes(file.read_bytes().replace(old, new, 1))
    with pytest.raises(SplatFileError, match=text):
        read_ply(file)


def test_damaged_files_do_no_harm(file: Path) -> None:
    write_ply(random_cloud(count=4), file)
    assert check_damage(file, read_ply, head=1500, tries=300) > 150
