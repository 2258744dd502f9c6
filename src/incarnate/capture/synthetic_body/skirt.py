"""A skirt grown from the body: lofted around hips and legs, pleated, hung from the waist."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.spatial import ConvexHull
from torch import Tensor

from incarnate.capture.synthetic.noise import make_noise
from incarnate.capture.synthetic_body.cloth import Cloth, coloured_links, vertex_masses
from incarnate.geometry.closest_points import closest_surface_points
from incarnate.geometry.meshes import face_normals
from incarnate.rigs.rig import Rig

WAIST, HEM = 1.025, 0.50
"""Heights on the generic body at rest, metres."""
_OFFSET: Final = 7e-3
_FLARE: Final = 0.06
_PLEATS, _PLEAT_DEPTH = 10, 0.045
_BAND_ROWS: Final = 2
_SHEAR_COMPLIANCE, _BEND_COMPLIANCE = 0.02, 6.0
_TRUNK: Final = ("pelvis", "spine1", "spine2", "left_hip", "right_hip", "left_knee", "right_knee")
_BAND: Final = 0.025
_SLACK: Final = 1.005


@dataclass(frozen=True)
class Skirt:
    """The cut of a skirt, and how it is sewn to the body."""

    rest: Float[np.ndarray, "vertices 3"]
    """As sewn, around the body at rest, metres; row after row from the waist down."""
    faces: Int[np.ndarray, "faces 3"]
    """Counter-clockwise seen from outside."""
    places: Float[Tensor, "vertices 3"]
    """Coordinates of paint: cosine and sine of the angle around the waist times metres from a
    far apex, and metres below the waist."""
    cloth: Cloth
    sewn: "Sewn"

    @property
    def num_held(self) -> int:
        """How many of the first vertices are sewn to the body."""
        return len(self.sewn.faces)


@dataclass(frozen=True)
class Sewn:
    """Points that ride on the body at a height above its surface."""

    faces: Int[Tensor, "points"]
    """Triangles of the rig."""
    barycentric: Float[Tensor, "points 3"]
    heights: Float[Tensor, "points"]
    """Metres along the triangle's normal."""

    def on(self, vertices: Float[Tensor, "vertices 3"], faces: Int[Tensor, "faces 3"]) -> Tensor:
        """World positions (points, 3) on a posed body."""
        triangles = faces[self.faces]
        foot = (vertices[triangles] * self.barycentric[..., None]).sum(1)
        normals = torch.nn.functional.normalize(face_normals(vertices, triangles), dim=-1)
        return foot + self.heights[:, None] * normals


def grow_skirt(rig: Rig, *, columns: int, rows: int, seed: int) -> Skirt:
    """Cut a skirt for a body.

    Args:
        rig: The body as it is dressed beneath.
        columns: Vertices around; even.
        rows: Vertices from waist to hem.
        seed: Draws the pleats; equal seeds give equal skirts.
    """
    down = np.linspace(0, 1, rows)
    around = 2 * np.pi * np.arange(columns) / columns
    radius = _OFFSET + _hulls(rig, WAIST + (HEM - WAIST) * down, around)
    radius += _FLARE * down[:, None] + _pleats(around, down, seed)
    shape = np.stack([np.sin(around) * radius, np.tile((WAIST + (HEM - WAIST) * down)[:, None],
                     (1, columns)), _axis(rig) + np.cos(around) * radius], -1)  # fmt: skip
    rest = shape.reshape(-1, 3)
    faces = _grid_faces(rows, columns)
    band = _BAND_ROWS * columns
    return Skirt(rest, faces, _places(rest, around, down), _sew(rest, faces, rows, columns),
                 _sewn(rig, torch.from_numpy(rest[:band]).float()))  # fmt: skip


def _axis(rig: Rig) -> float:
    """Depth (z) of the vertical line around which the skirt is drawn."""
    return float(rig.joints[rig.joint_index("pelvis"), 2]) + 0.02


def _hulls(rig: Rig, heights: np.ndarray, around: np.ndarray) -> np.ndarray:
    """Distance (rows, columns) of the convex outline of trunk and legs from the axis, metres.

    It never shrinks on the way down: cloth falls straight from the hips.
    """
    joints = [rig.joint_index(name) for name in _TRUNK]
    trunk = rig.vertices[rig.skinning_weights[:, joints].sum(1) > 0.5].double().numpy()
    directions = np.stack([np.sin(around), np.cos(around)], -1)
    found = []
    for height in heights:
        slab = trunk[np.abs(trunk[:, 1] - height) < _BAND][:, [0, 2]] - [0.0, _axis(rig)]
        hull = ConvexHull(slab).equations
        toward = directions @ hull[:, :2].T
        with np.errstate(divide="ignore"):
            crossing = np.where(toward > 1e-9, -hull[:, 2] / toward, np.inf)
        found.append(crossing.min(1))
    return np.maximum.accumulate(np.stack(found), 0)


def _pleats(around: np.ndarray, down: np.ndarray, seed: int) -> np.ndarray:
    """Waves (rows, columns) that deepen toward the hem, no two alike."""
    ring = torch.from_numpy(np.stack([np.cos(around), np.sin(around), 0 * around], -1)).float()
    drift, size = (make_noise(seed + 801 + k)(ring, 0.45).numpy() for k in range(2))
    waves = np.sin(_PLEATS * around + 1.6 * drift) * (1 + 0.5 * size)
    return _PLEAT_DEPTH * down[:, None] ** 1.3 * waves


def _grid_faces(rows: int, columns: int) -> np.ndarray:
    """Two triangles a cell of a tube, whose diagonals alternate."""
    index = np.arange(rows * columns).reshape(rows, columns)
    right = np.roll(index, -1, 1)
    a, b, c, d = (part.ravel() for part in (index[:-1], right[:-1], right[1:], index[1:]))
    row, column = np.divmod(np.arange(len(a)), columns)
    even = ((row + column) % 2 == 0)[:, None]
    # Angles grow from +z toward +x: seen from outside, columns run to the right, rows down.
    upper = np.where(even, np.stack([a, c, b], -1), np.stack([a, d, b], -1))
    lower = np.where(even, np.stack([a, d, c], -1), np.stack([b, d, c], -1))
    return np.stack([upper, lower], 1).reshape(-1, 3)


def _sew(rest: np.ndarray, faces: np.ndarray, rows: int, columns: int) -> Cloth:
    index = np.arange(rows * columns).reshape(rows, columns)
    right = np.roll(index, -1, 1)
    threads = [(index, right), (index[:-1], index[1:])]
    shear = [(index[:-1], right[1:]), (right[:-1], index[1:])]
    bend = [(index, np.roll(index, -2, 1)), (index[:-2], index[2:])]
    links = tuple(
        some
        for kind, compliance in (
            (threads, 0.0), (shear, _SHEAR_COMPLIANCE), (bend, _BEND_COMPLIANCE)
        )
        for some in _links(rest, kind, compliance)
    )  # fmt: skip
    inverse = 1 / vertex_masses(rest, faces)
    inverse[: _BAND_ROWS * columns] = 0
    down = np.linalg.norm(np.diff(rest.reshape(rows, columns, 3), axis=0), axis=-1)
    reach = np.concatenate([np.zeros((1, columns)), np.cumsum(down, 0)])
    reach = _SLACK * np.maximum(reach - reach[_BAND_ROWS - 1], 0)
    anchors = np.tile(index[_BAND_ROWS - 1], rows)
    return Cloth(links, inverse[:, None], anchors, reach.reshape(-1, 1))


def _links(rest: np.ndarray, kind: list[tuple[np.ndarray, np.ndarray]], compliance: float):
    pairs = np.concatenate([np.stack([a.ravel(), b.ravel()], -1) for a, b in kind])
    lengths = np.linalg.norm(rest[pairs[:, 0]] - rest[pairs[:, 1]], axis=1)
    return coloured_links(pairs, lengths, compliance)


def _places(rest: np.ndarray, around: np.ndarray, down: np.ndarray) -> Tensor:
    thread = np.linalg.norm(np.diff(rest.reshape(len(down), -1, 3), axis=0), axis=-1).mean(1)
    below = np.concatenate([[0.0], np.cumsum(thread)])[:, None] + 0 * around
    places = np.stack([np.sin(around) + 0 * below, np.cos(around) + 0 * below, below], -1)
    return torch.from_numpy(places.reshape(-1, 3)).float()


def _sewn(rig: Rig, points: Float[Tensor, "points 3"]) -> Sewn:
    faces, barycentric, _ = closest_surface_points(points, rig.vertices, rig.faces)
    foot = Sewn(faces, barycentric, torch.zeros(len(points)))
    normals = torch.nn.functional.normalize(face_normals(rig.vertices, rig.faces[faces]), dim=-1)
    heights = ((points - foot.on(rig.vertices, rig.faces)) * normals).sum(-1)
    return Sewn(faces, barycentric, heights)
