"""How light reaches each splat past the rest of the head: shadows and the light that skin returns.

Precomputed radiance transfer (Sloan, Kautz, Snyder 2002), on a fixed fan of directions instead of
spherical harmonics, so that a low sun still casts a shadow: for every splat the rest mesh says from
which directions it can be seen. What is hidden by skin receives light from that skin instead of
none.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from incarnate.geometry.cameras import Camera, look_at, pinhole_intrinsics
from incarnate.geometry.transforms import transform_points
from incarnate.geometry.zbuffer import rasterize_mesh
from incarnate.light.environment import (
    Environment,
    directions_of_texels,
    solid_angles_of_texels,
)
from incarnate.light.sampling import downsampled

NUM_DIRECTIONS = 128
"""Directions of the fan: 18° apart, which is as sharp as a shadow's edge gets."""
LIGHT_HEIGHT = 16
"""Rows of the map from which the fan is lit; an environment is averaged down to them."""

# Concentration of the lobes that hand the light of texels to the fan: their width is its spacing.
_CONCENTRATION = 24.0
_MAP_SIDE = 192
# A point is moved this far off its surface, along normal and ray, before it can be hidden (metres).
_NORMAL_OFFSET, _DEPTH_OFFSET = 2e-3, 3e-3
# From so far away (metres) perspective is a parallel projection to a tenth of a millimetre.
_DISTANCE = 60.0
# Share of the mean light that hidden skin itself receives: it lies in folds, half in the shade.
_BOUNCE = 0.7
_LITTLE = 0.05
# Principal components of all splats' skies: on a head the rest is a hundredth of the light.
_RANK = 64


@dataclass(frozen=True)
class Transfer:
    """What turns the light of the fan into light on splats.

    Neighbours see much the same sky, so that the weights of all directions are factored: for
    splat i, ``weights[i] @ bare`` are the cosine weights of an unobstructed sky, which sum to
    about one, and ``weights[i] @ open`` the same times visibility.
    """

    weights: Float[Tensor, "splats rank"]
    bare: Float[Tensor, "rank directions"]
    open: Float[Tensor, "rank directions"]
    hidden: Float[Tensor, "splats 1"]
    """Share of the sky that each splat does not see, weighted by the cosine."""

    def irradiance(
        self,
        fan: Float[Tensor, "*moments parts directions 3"],
        share: Float[Tensor, "splats parts"],
        albedo: Float[Tensor, "#splats 3"],
    ) -> Float[Tensor, "*moments splats 3"]:
        """Irradiance over π on each splat, with shadows.

        Args:
            fan: Radiance from each direction, in the axes of several moving parts.
            share: How much each splat follows each of the parts; rows sum to one.
            albedo: Of the splats; hidden directions show skin like their own.
        """
        return self._gathered(self.open @ fan, share) + self._returned(fan, albedo)

    def exposure(
        self,
        fan: Float[Tensor, "*moments parts directions 3"],
        share: Float[Tensor, "splats parts"],
        albedo: Float[Tensor, "#splats 3"],
    ) -> Float[Tensor, "*moments splats 3"]:
        """`irradiance` over what it would be with nothing in the way; same arguments.

        Both gain a little of the mean light: toward the dark, their ratio would mean nothing.
        """
        both = torch.cat([self.open @ fan, self.bare @ fan], -1)
        lit, bare = self._gathered(both, share).split(3, -1)
        little = _LITTLE * fan.mean((-3, -2))[..., None, :]
        return (lit + self._returned(fan, albedo) + little) / (bare + little)

    def __getitem__(self, splats: Tensor) -> "Transfer":
        """The transfer of some splats."""
        return replace(self, weights=self.weights[splats], hidden=self.hidden[splats])

    def _returned(self, fan: Tensor, albedo: Tensor) -> Tensor:
        return _BOUNCE * self.hidden * albedo * fan.mean((-3, -2))[..., None, :]

    def _gathered(
        self, light: Float[Tensor, "*moments parts rank width"], share: Tensor
    ) -> Float[Tensor, "*moments splats width"]:
        # One product for all moments and parts.
        columns = self.weights @ light.movedim(-2, 0).flatten(1)
        shape = (*light.shape[:-2], light.shape[-1])
        by_part = columns.unflatten(-1, shape).movedim(0, -2)
        return (share.T[..., None] * by_part).sum(-3)


def fan_directions() -> Float[Tensor, "directions 3"]:
    """Unit directions that spread evenly over the sphere (Fibonacci lattice)."""
    index = torch.arange(NUM_DIRECTIONS, dtype=torch.float64) + 0.5
    y, azimuth = 1 - 2 * index / NUM_DIRECTIONS, index * torch.pi * (3 - 5**0.5)
    ring = (1 - y * y).sqrt()
    return torch.stack([ring * azimuth.cos(), y, ring * azimuth.sin()], -1).float()


def transfer_of(
    normals: Float[Tensor, "splats 3"], visibility: UInt8[Tensor, "splats directions"]
) -> Transfer:
    """The transfer of splats with given rest normals and visibility (255 is wholly open).

    Factored by principal components (Sloan, Hall, Hart, Snyder 2003, "Clustered principal
    components for precomputed radiance transfer", with one cluster).
    """
    bare = (normals @ fan_directions().T.to(normals)).clamp(min=0) * (4 / NUM_DIRECTIONS)
    open_ = bare * (visibility.to(normals.dtype) / 255)
    both = torch.cat([bare, open_], -1)
    _, directions = torch.linalg.eigh((both.T @ both).double())
    basis = directions[:, -_RANK:].T.to(normals.dtype)
    bare_basis, open_basis = basis.split(NUM_DIRECTIONS, -1)
    hidden = (bare - open_).sum(-1, keepdim=True)
    return Transfer(both @ basis.T, bare_basis.contiguous(), open_basis.contiguous(), hidden)


def wholly_open(num_splats: int) -> UInt8[Tensor, "splats directions"]:
    """The visibility of splats that nothing hides."""
    return torch.full((num_splats, NUM_DIRECTIONS), 255, dtype=torch.uint8)


def surface_visibility(
    vertices: Float[Tensor, "vertices 3"],
    faces: torch.Tensor,
    points: Float[Tensor, "splats 3"],
    normals: Float[Tensor, "splats 3"],
) -> UInt8[Tensor, "splats directions"]:
    """Whether a mesh hides points from each direction of the fan, by one depth map a direction.

    Args:
        vertices: Rest positions of the mesh, metres.
        faces: Its triangles.
        points: On the mesh, or around it.
        normals: Unit normals at the points.

    Returns:
        255 where a direction is open, 0 where it is hidden, between at the edge of a shadow.
    """
    raised = points + _NORMAL_OFFSET * normals
    center = 0.5 * (vertices.amax(0) + vertices.amin(0))
    radius = float((torch.cat([vertices, raised]) - center).norm(dim=-1).max()) * 1.02
    columns = [
        _seen_from(direction, (vertices, faces), raised, (center, radius))
        for direction in fan_directions().to(vertices)
    ]
    return (torch.stack(columns, -1) * 255 + 0.5).to(torch.uint8)


def _seen_from(
    direction: Float[Tensor, "3"],
    mesh: tuple[Tensor, Tensor],
    points: Float[Tensor, "splats 3"],
    sphere: tuple[Tensor, float],
) -> Float[Tensor, "splats"]:
    """How much of each point a far eye in a direction sees: four depth tests, weighted."""
    center, radius = sphere
    up = torch.eye(3).to(direction)[direction.abs().argmin()]
    view = look_at(center + _DISTANCE * direction, center, up)
    half_angle = torch.tensor(radius / _DISTANCE).atan()
    camera = Camera(pinhole_intrinsics(float(2 * half_angle), _MAP_SIDE, _MAP_SIDE), view,
                    _MAP_SIDE, _MAP_SIDE)  # fmt: skip
    depth = rasterize_mesh(mesh[0], mesh[1], camera).depth
    local = transform_points(view, points)
    pixel = (local @ camera.intrinsics.T)[:, :2] / local[:, 2:] - 0.5
    corner = pixel.floor().clamp(0, _MAP_SIDE - 2)
    part = (pixel - corner).clamp(0, 1)
    column, row = corner.long().unbind(-1)
    seen = torch.zeros_like(pixel[:, 0])
    for down in (0, 1):
        for right in (0, 1):
            weight = (part[:, 0] if right else 1 - part[:, 0]) * (
                part[:, 1] if down else 1 - part[:, 1]
            )
            seen += weight * (local[:, 2] - _DEPTH_OFFSET < depth[row + down, column + right])
    return seen


def light_of_fan(
    light: Environment, world_from_part: Float[Tensor, "*moments 3 3"]
) -> Float[Tensor, "*moments directions 3"]:
    """Radiance from the fan's directions, turned with some parts; differentiable in the light."""
    small = downsampled(light, LIGHT_HEIGHT)
    height = small.radiance.shape[0]
    return fan_shares(height, world_from_part, light.rotation) @ small.radiance.reshape(-1, 3)


def fan_shares(
    height: int, world_from_part: Float[Tensor, "*moments 3 3"], rotation: float = 0.0
) -> Float[Tensor, "*moments directions texels"]:
    """What takes the texels of a light to the fan's directions.

    Every texel hands all of its light to the directions near it, so that none is lost between
    them, however small the lamp.

    Args:
        height: Rows of the light's map.
        world_from_part: Rotations of the parts with which the fan turns.
        rotation: The light's own turn about +y, radians.
    """
    texels = directions_of_texels(height, 2 * height).reshape(-1, 3).to(world_from_part)
    angle = torch.tensor(rotation)
    cosine, sine = angle.cos(), angle.sin()
    # Light that came from d comes from R_y(rotation) d.
    turn = texels.new_tensor([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
    local = (texels @ turn.T) @ world_from_part
    lobes = torch.softmax(_CONCENTRATION * (local @ fan_directions().T.to(texels)), -1)
    energy = solid_angles_of_texels(height, 2 * height).reshape(-1).to(texels)
    return lobes.transpose(-1, -2) * (energy * (NUM_DIRECTIONS / (4 * torch.pi)))
