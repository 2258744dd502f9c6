"""A body in its canonical pose, with the skinning weights of the space around it."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.rigs.canonical import canonical_pose
from incarnate.rigs.inverse_skinning import PosedVolume, posed_volume
from incarnate.rigs.rig import Rig
from incarnate.rigs.skinning import pose_rig
from incarnate.rigs.weight_volume import WeightVolume, diffuse_weights


@dataclass(frozen=True)
class CanonicalBody:
    """What points around a body need to follow its skeleton."""

    rig: Rig
    """The rig of the person, identity folded in."""
    vertices: Float[Tensor, "vertices 3"]
    """Its surface in the canonical pose, metres."""
    canonical_from_rest: Float[Tensor, "joints 4 4"]
    """Skinning matrices of the canonical pose."""
    volume: WeightVolume
    """Skinning weights in canonical space."""

    def posed(self, world_from_rest: Float[Tensor, "joints 4 4"]) -> PosedVolume:
        """Canonical space in the pose that has these skinning matrices."""
        return posed_volume(self.volume, self.canonical_from_rest, world_from_rest)


@torch.no_grad()
def canonical_body(rig: Rig, *, num_voxels: int = 64**3, margin: float = 0.25) -> CanonicalBody:
    """Bring a rig to its canonical pose and diffuse its weights; takes some ten seconds.

    Args:
        rig: The rig of the person, identity folded in.
        num_voxels: About how many voxels the volume of weights has.
        margin: How far it reaches beyond the body, metres.
    """
    posed = pose_rig(rig, canonical_pose(rig))
    volume = diffuse_weights(
        posed.vertices, rig.faces, rig.skinning_weights, num_voxels=num_voxels, margin=margin
    )
    return CanonicalBody(rig, posed.vertices, posed.world_from_rest, volume)
