"""GLB with KHR_gaussian_splatting: round trips, what its text asks for, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from tests.splats.files.clouds import CLOUDS, check_equal, random_cloud
from tests.splats.files.damage import check_damage

from incarnate.errors import SplatFileError
from incarnate.splats.files.cloud import SplatCloud
from incarnate.splats.files.glb import Json, read_glb, write_glb
from incarnate.splats.files.gltf_container import parse_glb

KHR = "KHR_gaussian_splatting"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("glb") / "cloud.glb"


@given(cloud=CLOUDS)
def test_what_is_written_is_read(cloud: SplatCloud, file: Path) -> None:
    write_glb(cloud, file)
    check_equal(cloud, read_glb(file))


def test_the_primitive_is_as_the_extension_has_it(file: Path) -> None:
    cloud = random_cloud(degree=1)
    write_glb(cloud, file, notes={"consent": "Ada agreed"})
    glb = parse_glb(file.read_bytes())
    document = glb.document
    # Validators ask that views of vertex attributes say so.
    assert {view["target"] for view in document["bufferViews"]} == {34962}
    assert document["extensionsUsed"] == [KHR]
    assert document["asset"]["extras"] == {"consent": "Ada agreed"}
    primitive = document["meshes"][0]["primitives"][0]
    assert primitive["mode"] == 0
    assert primitive["extensions"][KHR]["kernel"] == "ellipse"
    assert primitive["extensions"][KHR]["colorSpace"] == "srgb_rec709_display"
    attributes = primitive["attributes"]
    assert set(attributes) == {"POSITION", "COLOR_0", f"{KHR}:ROTATION", f"{KHR}:SCALE",
        f"{KHR}:OPACITY", f"{KHR}:SH_DEGREE_0_COEF_0", *(f"{KHR}:SH_DEGREE_1_COEF_{m}"
        for m in range(3))}  # fmt: skip
    scale = glb.accessor(attributes[f"{KHR}:SCALE"], "fractions")
    np.testing.assert_allclose(scale, np.exp(cloud.log_scales), rtol=1e-6)
    rotation = glb.accessor(attributes[f"{KHR}:ROTATION"], "fractions")
    np.testing.assert_array_equal(rotation[:, 3], cloud.quaternions[:, 0])
    colour = glb.accessor(attributes["COLOR_0"], "fractions")
    expected = (0.5 + 0.2820948 * cloud.harmonics[:, 0]).clip(0, 1)
    np.testing.assert_allclose(colour[:, :3], expected, atol=0.51 / 255)


def changed(file: Path, change: Callable[[Json], object]) -> None:
    """Write a cloud whose JSON is then changed, at the same length."""
    write_glb(random_cloud(count=5), file)
    data = file.read_bytes()
    size = int.from_bytes(data[12:16], "little")
    document = json.loads(data[20 : 20 + size])
    change(document)
    text = json.dumps(document, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    rest = data[20 + size :]
    head = data[:8] + (20 + len(text) + len(rest)).to_bytes(4, "little")
    file.write_bytes(head + len(text).to_bytes(4, "little") + data[16:20] + text + rest)


def primitive_of(document: Json) -> Json:
    return document["meshes"][0]["primitives"][0]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda d: primitive_of(d).pop("extensions"), f"no primitive has {KHR}"),
        (lambda d: primitive_of(d)["attributes"].pop(f"{KHR}:SCALE"), f"lack {KHR}:SCALE"),
        (lambda d: primitive_of(d)["attributes"].update({f"{KHR}:OPACITY": 0}), "not 1 numbers"),
        (lambda d: primitive_of(d)["attributes"].update({f"{KHR}:SCALE": 6}), "scale is negative"),
        (lambda d: primitive_of(d)["attributes"].update(POSITION="0"), "can't be read"),
        (lambda d: d["accessors"][0].update(count=1 << 40), "has not 1 to 10000000 rows"),
        (lambda d: d["accessors"][0].update(count=0), "has not 1 to 10000000 rows"),
        (lambda d: d.update(meshes=3), "its meshes are malformed"),
        (lambda d: d["accessors"][0].update(count=4), "different lengths"),
        (lambda d: d["nodes"][0].update(translation=[0, 1, 0]), "a node moves its splats"),
        (
            lambda d: d["nodes"].append({"children": [0], "scale": [2, 2, 2]}),
            "a node moves its splats",
        ),
    ],
)
def test_what_is_no_cloud_is_refused(
    change: Callable[[Json], object], text: str, file: Path
) -> None:
    changed(file, change)
    with pytest.raises(SplatFileError, match=text):
        read_glb(file)


def test_nodes_that_carry_no_splats_may_move(file: Path) -> None:
    changed(file, lambda d: d["nodes"].append({"translation": [0, 1, 0]}))
    check_equal(random_cloud(count=5), read_glb(file))


def test_damaged_files_do_no_harm(file: Path) -> None:
    write_glb(random_cloud(count=4, degree=1), file)
    assert check_damage(file, read_glb, head=1500, tries=300) > 150
