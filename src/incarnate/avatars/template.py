"""The template: a person's surface, clothes and all, as a mesh in the canonical pose."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import scipy.sparse
import torch
from jaxtyping import Float, Int
from scipy.sparse.csgraph import connected_components
from skimage.measure import marching_cubes
from torch import Tensor

from incarnate.avatars.files import read_tensors, write_tensors
from incarnate.errors import AvatarError
from incarnate.geometry.grids import Grid
from incarnate.rigs.rig import Pose, Rig
from incarnate.rigs.skinning import pose_rig

TEMPLATE_NAME = "template.safetensors"
"""Its file inside an avatar's folder."""

# A rig's surface knows nothing of colour: mid grey, linear.
_UNKNOWN_COLOR = 0.2


@dataclass(frozen=True)
class TemplateMesh:
    """A closed surface in canonical space that the skeleton moves.

    `incarnate.rigs.position_maps.make_position_maps` draws it.
    """

    vertices: Float[Tensor, "vertices 3"]
    """Positions in the canonical pose, metres."""
    faces: Int[Tensor, "faces 3"]
    """Triangles, counter-clockwise seen from outside."""
    weights: Float[Tensor, "vertices joints"]
    """Skinning weights; rows sum to one."""
    colors: Float[Tensor, "vertices 3"]
    """Mean colour over the frames it was fitted to, linear RGB, light included."""


def save_template(template: TemplateMesh, path: Path) -> None:
    """Write a template as safetensors; the file has another name until it is whole."""
    write_tensors({field.name: getattr(template, field.name) for field in fields(template)}, path)


def load_template(path: Path) -> TemplateMesh:
    """Read what `save_template` wrote.

    Raises:
        AvatarError: The file is missing or damaged, or its parts do not fit each other.
    """
    tensors = read_tensors(path)
    problems = _problems(tensors)
    if problems:
        raise AvatarError(f"{path} is no template: {'; '.join(problems)}. Fit the template again.")
    return TemplateMesh(**{field.name: tensors[field.name] for field in fields(TemplateMesh)})


def template_of_rig(rig: Rig, pose: Pose) -> TemplateMesh:
    """A rig's own surface as a template, for tight clothes: grey.

    Args:
        rig: The rig of the person.
        pose: Its canonical pose.
    """
    vertices = pose_rig(rig, pose).vertices
    grey = torch.full_like(vertices, _UNKNOWN_COLOR)
    return TemplateMesh(vertices, rig.faces, rig.skinning_weights, grey)


def extract_surface(
    grid: Grid, distance: Float[Tensor, "voxels"]
) -> tuple[Float[Tensor, "vertices 3"], Int[Tensor, "faces 3"]]:
    """The largest connected part of the surface where a signed distance is zero (marching cubes).

    Args:
        grid: Where the voxels lie.
        distance: Signed distance at their centres, negative inside, metres.

    Returns:
        Vertices in metres, and triangles that are counter-clockwise seen from outside.

    Raises:
        AvatarError: The distance has one sign everywhere, so that there is no surface.
    """
    if not bool(distance.min() < 0 < distance.max()):
        raise AvatarError(
            "the template has no surface: nothing of the person was found inside the mattes; "
            "look at `incarnate check` first."
        )
    values = distance.reshape(grid.shape).numpy()
    # Its corners run counter-clockwise seen from where values are larger: from outside.
    found = marching_cubes(values, 0.0, gradient_direction="descent", allow_degenerate=False)
    vertices, triangles = found[0], found[1].astype(np.int64)
    kept = _largest_part(len(vertices), triangles)
    number = np.cumsum(kept) - 1
    positions = torch.from_numpy(vertices[kept]) * grid.voxel_size + grid.origin
    return positions.to(distance), torch.from_numpy(number[triangles[kept[triangles[:, 0]]]])


def _largest_part(num_vertices: int, triangles: Int[np.ndarray, "faces 3"]) -> np.ndarray:
    """Which vertices belong to the connected part with the most of them."""
    pairs = triangles[:, [0, 1, 1, 2]].reshape(-1, 2)
    links = scipy.sparse.coo_array(
        (np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(num_vertices, num_vertices)
    )
    _, part = connected_components(links, directed=False)
    return part == np.bincount(part).argmax()


def _problems(tensors: Mapping[str, Tensor]) -> list[str]:
    missing = [field.name for field in fields(TemplateMesh) if field.name not in tensors]
    if missing:
        return [f"it lacks {', '.join(missing)}"]
    count, faces = len(tensors["vertices"]), tensors["faces"]
    problems = [
        f"{name} has the shape {tuple(tensors[name].shape)}, expected {expected}"
        for name, expected in (("vertices", (count, 3)), ("colors", (count, 3)))
        if tuple(tensors[name].shape) != expected
    ]
    if tensors["weights"].ndim != 2 or len(tensors["weights"]) != count:
        problems.append(f"weights must have one row for each of {count} vertices")
    if faces.ndim != 2 or faces.shape[1] != 3 or faces.dtype != torch.int64:
        problems.append("faces must be triples of 64-bit integers")
    elif len(faces) and not 0 <= int(faces.min()) <= int(faces.max()) < count:
        problems.append(f"faces point outside the {count} vertices")
    return problems
