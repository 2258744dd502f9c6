"""Identity beyond the shape space: a smooth displacement of space around the face.

A Gaussian process with a squared-exponential kernel, in the basis of some centres on the face. Its
coefficients are independent with unit variance, so that they are fitted like shape coefficients.
Joints (eyes, jaw) move with the field; an eyeball moves as a whole, so that it stays round.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.geometry.points import spread_indices
from incarnate.rigs.rig import Rig


@dataclass(frozen=True)
class FieldSettings:
    """How far and how finely the field may bend a face."""

    amplitude: float = 0.006
    """Standard deviation of the displacement along each axis, metres."""
    length: float = 0.022
    """Distance over which displacements agree, metres."""
    num_centers: int = 64
    """More add detail; spaced closer than half the length they add nothing."""


def add_field(
    rig: Rig, around: Float[Tensor, "points 3"], settings: FieldSettings | None = None
) -> Rig:
    """A rig with the field's directions appended to its shape basis.

    Args:
        rig: A rig in its rest pose.
        around: Points of the face, metres, among which centres are chosen.
        settings: Size and smoothness.

    Returns:
        The rig with 3 more shape directions a centre, named ``field0x`` and so on.
    """
    settings = settings or FieldSettings()
    centers = around.double()[spread_indices(around, settings.num_centers)]
    kernel = _kernel(centers, centers, settings)
    # K = L Lᵀ: with φ = k L⁻ᵀ, coefficients of unit variance have the covariance of the process.
    lower = torch.linalg.cholesky(kernel + 1e-6 * kernel[0, 0] * torch.eye(len(kernel)))

    def field_at(points: Tensor) -> Tensor:
        values = _kernel(points.double(), centers, settings)
        return torch.linalg.solve_triangular(lower, values.T, upper=False)

    vertices = _rigid_eyes(rig)
    return replace(
        rig,
        shape_basis=torch.cat([rig.shape_basis, _three_axes(field_at(vertices), rig)]),
        joint_shape_basis=torch.cat(
            [rig.joint_shape_basis, _three_axes(field_at(rig.joints), rig)]
        ),
        shape_names=rig.shape_names + _names(len(centers)),
    )


def _kernel(
    points: Float[Tensor, "points 3"], centers: Float[Tensor, "centers 3"], settings: FieldSettings
) -> Float[Tensor, "points centers"]:
    squared = torch.cdist(points, centers) ** 2
    return settings.amplitude**2 * torch.exp(-0.5 * squared / settings.length**2)


def _rigid_eyes(rig: Rig) -> Float[Tensor, "vertices 3"]:
    """Where the field is looked up for each vertex: an eyeball's vertices at its center."""
    vertices = rig.vertices.clone()
    for part, name in enumerate(rig.part_names):
        members = rig.parts == part
        if "eye" in name and "lash" not in name and members.any():
            vertices[members] = vertices[members].mean(0)
    return vertices


def _three_axes(
    values: Float[Tensor, "centers points"], rig: Rig
) -> Float[Tensor, "directions points 3"]:
    axes = torch.eye(3, dtype=values.dtype)
    directions = torch.einsum("kp,xc->kxpc", values, axes).flatten(0, 1)
    return directions.to(rig.vertices.dtype)


def _names(count: int) -> tuple[str, ...]:
    return tuple(f"field{center}{axis}" for center in range(count) for axis in "xyz")
