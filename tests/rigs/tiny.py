"""A rig of a few vertices, drawn at random, that has everything a rig can have."""

import torch

from incarnate.rigs.rig import Pose, Rig, SurfacePoints

NUM_VERTICES, NUM_JOINTS = 12, 5


def make_rig(generator: torch.Generator, *, correctives: bool = True) -> Rig:
    """Five joints in a branched chain, shapes, expressions and, if asked for, correctives."""

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator)

    thirds = torch.tensor([[0.2, 0.3, 0.5], [0.2, 0.3, 0.5]])
    weights = torch.rand(NUM_VERTICES, NUM_JOINTS, generator=generator) ** 4
    return Rig(
        name="tiny",
        vertices=normal(NUM_VERTICES, 3),
        faces=torch.tensor([[i, i + 1, i + 2] for i in range(NUM_VERTICES - 2)]),
        uv=torch.rand(NUM_VERTICES + 1, 2, generator=generator),
        uv_faces=torch.tensor([[i, i + 1, i + 3] for i in range(NUM_VERTICES - 2)]),
        parts=torch.arange(NUM_VERTICES) // 6,
        part_names=("skin", "teeth"),
        shape_basis=0.1 * normal(2, NUM_VERTICES, 3),
        shape_names=("tall", "wide"),
        expression_basis=0.1 * normal(3, NUM_VERTICES, 3),
        expression_names=("eyeBlinkLeft", "eyeBlinkRight", "mouthPucker"),
        joints=normal(NUM_JOINTS, 3),
        joint_shape_basis=0.1 * normal(2, NUM_JOINTS, 3),
        joint_names=("spine3", "neck", "head", "jaw", "left_eye_smplhf"),
        parents=(-1, 0, 1, 2, 2),
        skinning_weights=weights / weights.sum(-1, keepdim=True),
        pose_basis=0.1 * normal(9 * (NUM_JOINTS - 1), NUM_VERTICES, 3) if correctives else None,
        landmarks={"nose": SurfacePoints(torch.tensor([0, 8]), thirds)},
        license="CC0-1.0",
    )


def random_pose(rig: Rig, generator: torch.Generator, *batch: int) -> Pose:
    """Every part of a pose drawn at random."""

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*batch, *shape, generator=generator).to(rig.vertices)

    return Pose(
        root_rotation=normal(3),
        root_translation=normal(3),
        joint_rotations=0.5 * normal(rig.num_joints - 1, 3),
        expression=normal(rig.num_expressions),
        expression_names=rig.expression_names,
    )
