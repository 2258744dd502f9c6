"""Where the splats of a head start: spread over the rig's surface."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from incarnate.avatars.materials import ROUGHNESS_RANGE, encode_bounded
from incarnate.avatars.start import HeadStart
from incarnate.geometry.meshes import face_normals, sample_surface, vertex_normals
from incarnate.geometry.rotations import quaternion_from_matrix
from incarnate.rigs.landmarks import MEDIAPIPE_EYES, MEDIAPIPE_LIPS
from incarnate.rigs.rig import Rig

# A splat is this much flatter along its normal than across, so that its thin axis is a normal
# from the first step on (docs/head.md).
FLATNESS = 4.0
# Standard deviation over the spacing of neighbours: neighbouring splats meet near half height.
SPACING_TO_SCALE = 0.6
# Weight added to each joint before the logarithm: small, but each joint can still grow.
MIN_SKINNING_WEIGHT = 1e-3
_START_OPACITY_LOGIT = 1.5
# Eyes and lips need detail over a radius of this many metres around their landmarks.
_DETAIL_RADIUS = 0.012
_DETAIL_DENSITY = 4.0


@dataclass(frozen=True)
class SurfaceSamples:
    """Samples on a rig's rest surface."""

    faces: Int[Tensor, "splats"]
    barycentric: Float[Tensor, "splats 3"]
    spacing: Float[Tensor, "splats"]
    """Distance to the next sample that the local density implies, metres."""

    def interpolate(
        self, values: Float[Tensor, "vertices *width"], triangles: Int[Tensor, "faces 3"]
    ) -> Float[Tensor, "splats *width"]:
        """Values at vertices, read at the samples."""
        corners = values[triangles[self.faces]]
        return torch.einsum("sk,sk...->s...", self.barycentric, corners)


def sample_rig(rig: Rig, count: int, generator: torch.Generator) -> SurfaceSamples:
    """Spread samples over a rig, denser at eyes and lips, evenly elsewhere.

    Even coverage of the whole surface beat camera-facing sampling by 2 dB (docs/head.md).
    """
    density = _detail_density(rig)
    faces, barycentric = sample_surface(rig.vertices, rig.faces, count, generator, density)
    area = 0.5 * face_normals(rig.vertices, rig.faces).norm(dim=-1)
    area_of_sample = (area * density).sum() / (count * density[faces])
    return SurfaceSamples(faces, barycentric, area_of_sample.sqrt())


def _detail_density(rig: Rig) -> Float[Tensor, "faces"]:
    """Relative number of samples per area on each face."""
    centers = rig.vertices[rig.faces].mean(1)
    if "mediapipe478" not in rig.landmarks:
        return torch.ones(len(centers), dtype=centers.dtype)
    landmarks = rig.landmarks["mediapipe478"].on(rig.vertices, rig.faces)
    detailed = landmarks[torch.tensor([*MEDIAPIPE_EYES, *MEDIAPIPE_LIPS])]
    distance = torch.cdist(centers, detailed).min(-1).values
    return 1 + _DETAIL_DENSITY * torch.exp(-((distance / _DETAIL_RADIUS) ** 2))


def start_on_surface(rig: Rig, count: int, generator: torch.Generator) -> HeadStart:
    """Thin splats on the rig's surface that carry its bases and skinning weights.

    Args:
        rig: The person's rig.
        count: How many splats.
        generator: Source of randomness.
    """
    samples = sample_rig(rig, count, generator)
    normals = samples.interpolate(vertex_normals(rig.vertices, rig.faces), rig.faces)
    basis = samples.interpolate(rig.expression_basis.permute(1, 2, 0), rig.faces)
    weights = samples.interpolate(rig.skinning_weights, rig.faces)
    return HeadStart(
        means=samples.interpolate(rig.vertices, rig.faces),
        quaternions=quaternions_from_normals(normals),
        log_scales=disc_log_scales(samples.spacing),
        opacity_logits=normals.new_full((count,), _START_OPACITY_LOGIT),
        albedo_logits=normals.new_zeros(count, 3),
        roughness_logits=encode_bounded(normals.new_full((count,), 0.5), ROUGHNESS_RANGE),
        rig_basis=basis.contiguous(),
        skinning_logits=torch.log(weights + MIN_SKINNING_WEIGHT),
    )


def disc_log_scales(spacing: Float[Tensor, "splats"]) -> Float[Tensor, "splats 3"]:
    """Log scales of discs that cover a surface whose samples are ``spacing`` metres apart."""
    scale = SPACING_TO_SCALE * spacing
    return torch.stack([scale, scale, scale / FLATNESS], -1).log()


def quaternions_from_normals(normals: Float[Tensor, "splats 3"]) -> Float[Tensor, "splats 4"]:
    """Rotations whose z axis is the given normal; the turn about it is arbitrary."""
    z = torch.nn.functional.normalize(normals, dim=-1)
    # The axis that is least aligned with z gives a well-conditioned frame.
    helper = torch.nn.functional.one_hot(z.abs().argmin(-1), 3).to(z.dtype)
    x = torch.nn.functional.normalize(torch.linalg.cross(helper, z, dim=-1), dim=-1)
    y = torch.linalg.cross(z, x, dim=-1)
    return quaternion_from_matrix(torch.stack([x, y, z], -1))


def joined_starts(starts: list[HeadStart]) -> HeadStart:
    """Several sets of starting splats as one."""
    names = HeadStart.__dataclass_fields__
    return HeadStart(**{n: torch.cat([getattr(start, n) for start in starts]) for n in names})
