"""Short hair: a cap that hides the scalp, and ribbons that stand for locks."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from incarnate.capture.synthetic.noise import make_noise
from incarnate.capture.synthetic.outlines import HAIRLINE, signed_distance
from incarnate.geometry.meshes import sample_surface, vertex_normals
from incarnate.rigs.rig import Rig

_CAP = 8e-3
_SEGMENTS = 4
_LENGTH = 0.038
_WIDTH = 3.4e-3


@dataclass(frozen=True)
class Hair:
    """A mesh over the scalp, each of whose vertices rides on a point of the rig."""

    vertices: Float[Tensor, "vertices 3"]
    """Rest positions, metres."""
    faces: Int[Tensor, "faces 3"]
    carriers: Int[Tensor, "vertices"]
    """The vertex of the rig that moves and lights each vertex."""
    normals: Float[Tensor, "vertices 3"]
    """Shading normals in rest space: those of the volume, combed along the strands."""
    tint: Float[Tensor, "vertices"]
    """Random lightness of the lock, 0 at the dark roots to 1."""
    lit_as: Int[Tensor, "vertices"]
    """The vertex of this mesh whose light each vertex gets: a few stand for a whole lock."""


def scalp_depth(coordinates: Float[Tensor, "points 3"]) -> Float[Tensor, "points"]:
    """How far inside the hairline a point of the generic head lies, metres; negative outside."""
    return signed_distance(coordinates[:, [2, 1]], HAIRLINE)


def grow_hair(rig: Rig, generic: Rig, *, locks: int, seed: int) -> Hair:
    """Grow hair on a person's rest head.

    Args:
        rig: The person.
        generic: The embedded rig, on whose rest shape the hairline is drawn.
        locks: How many ribbons.
        seed: Equal seeds give equal hair.
    """
    depth = scalp_depth(generic.vertices)
    skin = generic.parts == generic.part_names.index("skin")
    inside = (depth > -4e-3) & skin
    scalp = rig.faces[inside[rig.faces].all(1)]
    normals = vertex_normals(rig.vertices, rig.faces)
    cap = _cap(rig, scalp, normals, depth)
    ribbons = _ribbons(rig, scalp, normals, depth=depth, locks=locks, seed=seed)
    count = len(cap.vertices)
    return Hair(
        torch.cat([cap.vertices, ribbons.vertices]),
        torch.cat([cap.faces, ribbons.faces + count]),
        torch.cat([cap.carriers, ribbons.carriers]),
        torch.cat([cap.normals, ribbons.normals]),
        torch.cat([cap.tint, ribbons.tint]),
        torch.cat([cap.lit_as, ribbons.lit_as + count]),
    )


def _cap(
    rig: Rig, scalp: Int[Tensor, "faces 3"], normals: Tensor, depth: Float[Tensor, "vertices"]
) -> Hair:
    """The scalp, lifted: it sinks under the skin at the hairline."""
    used, faces = torch.unique(scalp, return_inverse=True)
    lift = _CAP * ((depth[used] - 2e-3) / 0.015).clamp(-0.3, 1)
    vertices = rig.vertices[used] + lift[:, None] * normals[used]
    count = len(used)
    return Hair(
        vertices, faces, used, normals[used], torch.full((count,), 0.15), torch.arange(count)
    )


def _ribbons(
    rig: Rig,
    scalp: Int[Tensor, "faces 3"],
    normals: Tensor,
    *,
    depth: Tensor,
    locks: int,
    seed: int,
) -> Hair:
    generator = torch.Generator().manual_seed(seed + 401)
    face, barycentric = sample_surface(rig.vertices, scalp, locks, generator)
    corners = scalp[face]

    def at_roots(values: Tensor) -> Tensor:
        return (values[corners] * barycentric[..., None]).sum(1)

    root_depth = at_roots(depth[:, None])[:, 0]
    root, up = at_roots(rig.vertices), torch.nn.functional.normalize(at_roots(normals), dim=-1)
    carriers = corners.gather(1, barycentric.argmax(1, keepdim=True))[:, 0]
    grown = ((root_depth - 1e-3) / 0.02).clamp(0, 1)
    # Sides and nape are cut shorter than the top.
    top = ((root[:, 1] - rig.joints[rig.joint_index("head"), 1] - 0.085) / 0.045).clamp(0, 1)
    wild = 0.8 + 0.4 * torch.rand(locks, generator=generator)
    length = _LENGTH * (0.4 + 0.6 * top) * wild * (0.25 + 0.75 * grown)
    comb = _comb(root, up, top, seed)
    points, tangents = _bend(root, up, comb, length=length, top=top)
    side = torch.nn.functional.normalize(
        torch.linalg.cross(tangents, up[:, None].expand_as(tangents)), dim=-1
    )
    taper = torch.linspace(1, 0.25, _SEGMENTS + 1)[None, :, None] * _WIDTH / 2
    random = torch.rand(locks, generator=generator)
    taper = taper * (0.7 + 0.6 * random[:, None, None])
    pairs = torch.stack([points - side * taper, points + side * taper], 2)
    volume = torch.nn.functional.normalize(
        up[:, None] + 0.6 * (points - root[:, None]) / _LENGTH, dim=-1
    )
    # Across a lock the normals fan out, which rounds the flat ribbon.
    fanned = torch.stack([volume - 0.5 * side, volume + 0.5 * side], 2)
    along = torch.linspace(0, 1, _SEGMENTS + 1)[None, :, None]
    tint = (0.25 + 0.45 * along + 0.5 * (random[:, None, None] - 0.5)).clamp(0, 1)
    kept = grown > 0
    count = int(kept.sum())
    return Hair(
        pairs[kept].reshape(-1, 3),
        _ribbon_faces(count),
        carriers[kept].repeat_interleave(2 * (_SEGMENTS + 1)),
        torch.nn.functional.normalize(fanned[kept].reshape(-1, 3), dim=-1),
        tint[kept].expand(count, _SEGMENTS + 1, 2).reshape(-1),
        _lit_as(count),
    )


def _comb(root: Tensor, up: Tensor, top: Tensor, seed: int) -> Float[Tensor, "locks 3"]:
    """Where locks want to lie: over to one side on the top, down on the sides; with whorls."""
    over = torch.tensor([0.75, 0.0, 0.55])
    down = torch.tensor([0.0, -1.0, -0.15])
    wanted = top[:, None] * over + (1 - top[:, None]) * down
    whorl = torch.stack([make_noise(seed + 411 + k)(root, 0.012) for k in range(3)], -1)
    wanted = wanted + 0.5 * whorl
    return wanted - (wanted * up).sum(-1, keepdim=True) * up


def _bend(
    root: Tensor, up: Tensor, comb: Tensor, *, length: Tensor, top: Tensor
) -> tuple[Float[Tensor, "locks nodes 3"], Float[Tensor, "locks nodes 3"]]:
    """Locks rise from the scalp and lean over to where they are combed; on the sides they lie."""
    start, end = 1.05 - 0.3 * top, 1.6 + 0.1 * top
    along = torch.linspace(0, 1, _SEGMENTS + 1)
    lean = (start[:, None] + (end - start)[:, None] * along)[..., None]
    direction = lean.cos() * up[:, None] + lean.sin() * comb[:, None]
    tangents = torch.nn.functional.normalize(direction, dim=-1)
    steps = tangents[:, :-1] * (length / _SEGMENTS)[:, None, None]
    points = root[:, None] + torch.cat([torch.zeros_like(steps[:, :1]), steps.cumsum(1)], 1)
    return points, tangents


def _ribbon_faces(locks: int) -> Int[Tensor, "faces 3"]:
    first = torch.arange(_SEGMENTS) * 2
    quads = torch.stack([first, first + 1, first + 2, first + 1, first + 3, first + 2], -1)
    strides = torch.arange(locks)[:, None, None] * 2 * (_SEGMENTS + 1)
    return (quads.reshape(1, -1, 3) + strides).reshape(-1, 3)


def _lit_as(locks: int) -> Int[Tensor, "vertices"]:
    """The lower part of a lock is lit like its second node, the upper like its last."""
    node = torch.arange(_SEGMENTS + 1)
    lit_by = torch.where(node <= _SEGMENTS // 2, 1, _SEGMENTS)
    strides = torch.arange(locks)[:, None, None] * (_SEGMENTS + 1)
    return (2 * (lit_by[None, :, None] + strides)).expand(-1, -1, 2).reshape(-1)
