"""The rig: template, bases, joints and skinning weights of one body or head; and its pose."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True)
class SurfacePoints:
    """Points that ride on a mesh, such as landmarks: a face index and barycentric weights."""

    faces: Int[Tensor, "points"]
    """Index of the triangle that carries each point."""
    barycentric: Float[Tensor, "points 3"]
    """Weights of the triangle's three corners; they sum to one."""

    def on(
        self, vertices: Float[Tensor, "*batch vertices 3"], triangles: Int[Tensor, "faces 3"]
    ) -> Float[Tensor, "*batch points 3"]:
        """The points' positions on a posed mesh, in the frame of its vertices."""
        corners = vertices[..., triangles[self.faces], :]
        return (corners * self.barycentric[..., None]).sum(-2)


@dataclass(frozen=True)
class Rig:
    """Everything fixed about a kind of body: rest geometry, bases, skeleton, skinning, landmarks.

    Rest pose: y up, facing +z, x to the subject's left, metres (docs/conventions.md). A rig is pure
    data; `incarnate.rigs.skinning.pose_rig` poses it.
    """

    name: str
    """How captures refer to it; the embedded rigs are ``incarnate-body`` and ``incarnate-head``."""
    vertices: Float[Tensor, "vertices 3"]
    """Rest positions of the mean shape, metres."""
    faces: Int[Tensor, "faces 3"]
    """Triangles, counter-clockwise seen from outside."""
    uv: Float[Tensor, "texels 2"]
    """Texture coordinates in [0, 1], origin bottom left (OBJ)."""
    uv_faces: Int[Tensor, "faces 3"]
    """Triangles again, as indices into `uv`."""
    parts: Int[Tensor, "vertices"]
    """Which of `part_names` each vertex belongs to."""
    part_names: tuple[str, ...]
    """``skin``, ``left_eye``, ``right_eye``, ``teeth``, ``tongue`` and so on."""
    shape_basis: Float[Tensor, "shapes vertices 3"]
    """Metres of displacement per unit of each shape coefficient."""
    shape_names: tuple[str, ...]
    expression_basis: Float[Tensor, "expressions vertices 3"]
    """Metres of displacement per unit of each expression coefficient (0 rest, 1 full)."""
    expression_names: tuple[str, ...]
    """ARKit names where the meaning is ARKit's (``eyeBlinkLeft``, ``mouthSmileRight`` ...)."""
    joints: Float[Tensor, "joints 3"]
    """Rest positions of the joints of the mean shape, metres."""
    joint_shape_basis: Float[Tensor, "shapes joints 3"]
    """How joints move with shape, metres per unit: joints are linear in the shape."""
    joint_names: tuple[str, ...]
    """SMPL-X names (``pelvis``, ``neck``, ``head``, ``jaw``, ``left_eye_smplhf`` ...)."""
    parents: tuple[int, ...]
    """Parent of each joint, −1 for the root; a parent stands before its children."""
    skinning_weights: Float[Tensor, "vertices joints"]
    """Rows are non-negative and sum to one."""
    pose_basis: Float[Tensor, "pose_features vertices 3"] | None = None
    """Pose correctives of SMPL-like rigs: metres per entry of vec(R − I) of the joints after the
    root, row-major; ``pose_features`` is 9 (joints − 1)."""
    landmarks: dict[str, SurfacePoints] = field(default_factory=dict)
    """Landmark sets by name: ``ibug68``, ``mediapipe478``."""
    license: str = "unknown"
    """SPDX identifier or the name of the terms under which the rig may be used."""

    @property
    def num_joints(self) -> int:
        """How many joints the rig has."""
        return len(self.joint_names)

    @property
    def num_expressions(self) -> int:
        """How many expression coefficients the rig has."""
        return len(self.expression_names)

    def joint_index(self, name: str) -> int:
        """Index of a joint by name; KeyError lists the joints that exist."""
        if name not in self.joint_names:
            raise KeyError(f"no joint {name!r}; these exist: {', '.join(self.joint_names)}")
        return self.joint_names.index(name)

    def with_identity(
        self,
        shape: Float[Tensor, "shapes"] | None = None,
        offset: Float[Tensor, "vertices 3"] | None = None,
    ) -> "Rig":
        """The rig of one person: shape and per-vertex rest offset (metres) folded in.

        The result has no shape basis left, so that it can't be applied twice. Joints follow the
        shape; a free-form offset is small and leaves them.
        """
        vertices, joints = self.vertices, self.joints
        if shape is not None:
            vertices = vertices + torch.einsum("s,svc->vc", shape, self.shape_basis)
            joints = joints + torch.einsum("s,sjc->jc", shape, self.joint_shape_basis)
        if offset is not None:
            vertices = vertices + offset
        return replace(
            self,
            vertices=vertices,
            joints=joints,
            shape_basis=self.shape_basis[:0],
            shape_names=(),
            joint_shape_basis=self.joint_shape_basis[:0],
        )


@dataclass(frozen=True)
class Pose:
    """How a rig is posed, for one moment or a batch of moments."""

    root_rotation: Float[Tensor, "*batch 3"]
    """Axis-angle of joint 0 in world axes, radians."""
    root_translation: Float[Tensor, "*batch 3"]
    """World displacement of joint 0 from its rest position, metres (SMPL's ``transl``)."""
    joint_rotations: Float[Tensor, "*batch joints_after_root 3"]
    """Axis-angle of joints 1…, about the rest joint, in rest-pose axes, radians. Jaw, eyes
    (gaze) and neck are joints."""
    expression: Float[Tensor, "*batch expressions"]
    """Expression coefficients, eyelids (``eyeBlinkLeft`` …) among them."""
    expression_names: tuple[str, ...]
    """One name a coefficient, the rig's order."""
    past: "Pose | None" = None
    """Of a single pose in motion: the poses before it, a batch in order of time
    (`incarnate.rigs.moments.moment`). Cloth depends on how a pose was reached."""
    past_seconds: Float[Tensor, "earlier"] | None = None
    """How long ago each of them was."""

    def __getitem__(self, index: int | slice | Tensor) -> "Pose":
        """Some moments of a batched pose."""
        return replace(
            self,
            root_rotation=self.root_rotation[index],
            root_translation=self.root_translation[index],
            joint_rotations=self.joint_rotations[index],
            expression=self.expression[index],
            past=None,
            past_seconds=None,
        )

    def as_batch(self) -> "Pose":
        """A single pose as a batch of one moment."""
        assert self.root_rotation.ndim == 1, "the pose is a batch already"
        return replace(
            self,
            root_rotation=self.root_rotation[None],
            root_translation=self.root_translation[None],
            joint_rotations=self.joint_rotations[None],
            expression=self.expression[None],
            past=None,
            past_seconds=None,
        )

    def __len__(self) -> int:
        assert self.root_rotation.ndim > 1, "a single pose has no length"
        return self.root_rotation.shape[0]


def fits(poses: Pose, rig: Rig) -> bool:
    """Whether poses are of a rig with as many joints, and the same expressions."""
    num_joints = poses.joint_rotations.shape[-2] + 1
    return poses.expression_names == rig.expression_names and num_joints == rig.num_joints


def rest_pose(rig: Rig, *batch: int) -> Pose:
    """The pose that leaves the rig as it rests, for a batch of the given shape."""
    new_zeros = rig.vertices.new_zeros
    return Pose(
        root_rotation=new_zeros(*batch, 3),
        root_translation=new_zeros(*batch, 3),
        joint_rotations=new_zeros(*batch, rig.num_joints - 1, 3),
        expression=new_zeros(*batch, rig.num_expressions),
        expression_names=rig.expression_names,
    )


def joined(motions: Sequence[Pose]) -> Pose:
    """Batches of poses of one rig as a single batch, one after the other."""
    fields = ("root_rotation", "root_translation", "joint_rotations", "expression")
    together = {name: torch.cat([getattr(one, name) for one in motions]) for name in fields}
    return replace(motions[0], past=None, past_seconds=None, **together)
