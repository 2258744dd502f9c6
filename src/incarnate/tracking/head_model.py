"""The landmarks of a posed head, and how they move with pose, expression and identity.

Only the triangles that carry landmarks matter to a fit. Skinning, blendshapes and barycentric
weights are all linear in the vertices, so they fold into one table per landmark and joint: the
*moments* ``m[l, j] = Σ_c b_lc w_cj x_c`` over the triangle's corners c. A posed landmark is then
``Σ_j M_j m[l, j]``, exactly what `incarnate.rigs.skinning.pose_rig` gives.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.geometry.cameras import Camera
from incarnate.rigs.rig import Pose, Rig, SurfacePoints
from incarnate.rigs.skinning import world_from_rest_joints


@dataclass(frozen=True)
class LandmarkModel:
    """A rig reduced to its landmarks; double precision."""

    rig: Rig
    """Names, joints, parents and the joints' shape basis are used; not the vertices."""
    rest: Float[Tensor, "landmarks joints 4"]
    """Moments of the rest positions, homogeneous."""
    by_expression: Float[Tensor, "expressions landmarks joints 3"]
    by_identity: Float[Tensor, "shapes landmarks joints 3"]

    @property
    def num_parameters(self) -> int:
        """Numbers a frame: root rotation and translation, joint rotations, expression."""
        return 3 + 3 * self.rig.num_joints + self.rig.num_expressions

    def pack(self, pose: Pose) -> Float[Tensor, "frames parameters"]:
        """A batched pose as one vector a frame."""
        joints = pose.joint_rotations.flatten(-2)
        parts = [pose.root_rotation, pose.root_translation, joints, pose.expression]
        return torch.cat(parts, -1)

    def unpack(self, parameters: Float[Tensor, "*batch parameters"]) -> Pose:
        """The inverse of `pack`."""
        last = 3 + 3 * self.rig.num_joints
        return Pose(
            root_rotation=parameters[..., :3],
            root_translation=parameters[..., 3:6],
            joint_rotations=parameters[..., 6:last].unflatten(-1, (-1, 3)),
            expression=parameters[..., last:],
            expression_names=self.rig.expression_names,
        )

    def with_identity(self, identity: Float[Tensor, "shapes"]) -> "LandmarkModel":
        """The model around another identity; the directions stay."""
        rest = self.rest.clone()
        rest[..., :3] += torch.einsum("s,sljc->ljc", identity, self.by_identity)
        shift = torch.einsum("s,sjc->jc", identity, self.rig.joint_shape_basis)
        return replace(self, rest=rest, rig=replace(self.rig, joints=self.rig.joints + shift))

    def transforms(
        self, parameters: Float[Tensor, "*batch parameters"]
    ) -> Float[Tensor, "*batch joints 3 4"]:
        """Skinning matrices, without their last row."""
        return world_from_rest_joints(self.rig, self.unpack(parameters))[..., :3, :]

    def posed_moments(
        self, parameters: Float[Tensor, "frames parameters"]
    ) -> Float[Tensor, "frames landmarks joints 4"]:
        """Moments with each frame's expression."""
        expression = parameters[:, -self.rig.num_expressions :]
        moved = torch.einsum("fe,eljc->fljc", expression, self.by_expression)
        return torch.cat(
            [self.rest[..., :3] + moved, self.rest[..., 3:].expand_as(moved[..., :1])], -1
        )

    def points(
        self, parameters: Float[Tensor, "frames parameters"]
    ) -> Float[Tensor, "frames landmarks 3"]:
        """World positions of the landmarks, metres."""
        moments, transforms = self.posed_moments(parameters), self.transforms(parameters)
        return torch.einsum("fjab,fljb->fla", transforms, moments)


@dataclass(frozen=True)
class Linearized:
    """Landmarks in pixels and their derivatives at one set of parameters."""

    pixels: Float[Tensor, "frames landmarks 2"]
    by_pose: Float[Tensor, "frames landmarks 2 parameters"]
    by_shared: Float[Tensor, "frames landmarks 2 shared"] | None
    """By the logarithm of the focal length, then by each identity direction."""


def landmark_model(rig: Rig, points: SurfacePoints) -> LandmarkModel:
    """Reduce a rig to a set of its landmarks.

    Args:
        rig: With the identity directions to fit in its shape basis; no pose correctives.
        points: The landmarks.
    """
    assert rig.pose_basis is None, "pose correctives are not linear in the landmark model"
    corners = rig.faces[points.faces]
    weights = points.barycentric.double()[..., None] * rig.skinning_weights.double()[corners]
    rest = rig.vertices.double()[corners]
    homogeneous = torch.cat([rest, torch.ones_like(rest[..., :1])], -1)

    def moments(basis: Float[Tensor, "directions vertices 3"]) -> Tensor:
        return torch.einsum("lkj,slkc->sljc", weights, basis.double()[:, corners])

    return LandmarkModel(
        rig=replace(
            rig,
            joints=rig.joints.double(),
            joint_shape_basis=rig.joint_shape_basis.double(),
        ),
        rest=torch.einsum("lkj,lkc->ljc", weights, homogeneous),
        by_expression=moments(rig.expression_basis),
        by_identity=moments(rig.shape_basis),
    )


def linearize(
    model: LandmarkModel,
    parameters: Float[Tensor, "frames parameters"],
    camera: Camera,
    *,
    shared: bool = False,
) -> Linearized:
    """Project the landmarks and differentiate them.

    Args:
        model: The landmarks, around the current identity.
        parameters: Of each frame.
        camera: Double precision, square pixels.
        shared: Whether to differentiate by focal length and identity too.
    """
    moments, transforms = model.posed_moments(parameters), model.transforms(parameters)
    world = torch.einsum("fjab,fljb->fla", transforms, moments)
    by_world = _projection_derivative(world, camera)
    num_rigid = 3 + 3 * model.rig.num_joints

    def rigid_transforms(rigid: Tensor, rest: Tensor) -> Tensor:
        return model.transforms(torch.cat([rigid, rest]))

    rigid, other = parameters[:, :num_rigid], parameters[:, num_rigid:]
    turned = torch.func.vmap(torch.func.jacfwd(rigid_transforms))(rigid, other)
    by_rigid = torch.einsum("fjabp,fljb->flap", turned, moments)
    by_expression = torch.einsum("fjab,eljb->flae", transforms[..., :3], model.by_expression)
    by_pose = by_world @ torch.cat([by_rigid, by_expression], -1)
    pixels = camera.project(world)
    if not shared:
        return Linearized(pixels, by_pose, None)
    by_focal = (pixels - camera.intrinsics[:2, 2])[..., None]
    by_identity = _by_identity(model, parameters, by_world, transforms)
    return Linearized(pixels, by_pose, torch.cat([by_focal, by_identity], -1))


def _by_identity(
    model: LandmarkModel,
    parameters: Float[Tensor, "frames parameters"],
    by_world: Float[Tensor, "frames landmarks 2 3"],
    transforms: Float[Tensor, "frames joints 3 4"],
) -> Float[Tensor, "frames landmarks 2 shapes"]:
    """What identity does to the pixels: by the moments, and by the joints they turn about.

    Both are multiplied by the projection first and by the many directions last, in one product a
    landmark: the arrays between are small.
    """
    by_moment = torch.einsum("flxa,fjab->lfxjb", by_world, transforms[..., :3]).flatten(3)
    turned = torch.einsum("fjak,lj->flak", _by_joints(model, parameters), model.rest[..., 3])
    by_joint = (by_world @ turned).transpose(0, 1)
    num_landmarks, num_shapes = len(model.rest), len(model.by_identity)
    moments = model.by_identity.permute(1, 2, 3, 0).flatten(1, 2)
    joints = model.rig.joint_shape_basis.flatten(1).T.expand(num_landmarks, -1, num_shapes)
    left = torch.cat([by_moment, by_joint], -1).flatten(1, 2)
    product = left @ torch.cat([moments, joints], 1)
    return product.unflatten(1, (-1, 2)).transpose(0, 1)


def _by_joints(
    model: LandmarkModel, parameters: Float[Tensor, "frames parameters"]
) -> Float[Tensor, "frames joints 3 coordinates"]:
    """How the transforms' shifts move with each coordinate of each rest joint."""
    # The transforms are affine in the joints, so differences of evaluations are exact derivatives.
    directions = torch.eye(3 * model.rig.num_joints, dtype=parameters.dtype).unflatten(-1, (-1, 3))

    def shifts(joints: Float[Tensor, "joints 3"]) -> Float[Tensor, "frames joints 3"]:
        return replace(model, rig=replace(model.rig, joints=joints)).transforms(parameters)[..., 3]

    base = shifts(torch.zeros_like(directions[0]))
    return torch.stack([shifts(direction) - base for direction in directions], -1)


def _projection_derivative(
    world: Float[Tensor, "frames landmarks 3"], camera: Camera
) -> Float[Tensor, "frames landmarks 2 3"]:
    rotation, shift = camera.camera_from_world[:3, :3], camera.camera_from_world[:3, 3]
    in_camera = world @ rotation.T + shift
    depth = in_camera[..., 2]
    zero = torch.zeros_like(depth)
    focal = camera.intrinsics[0, 0]
    by_camera = torch.stack(
        [
            torch.stack([focal / depth, zero, -focal * in_camera[..., 0] / depth**2], -1),
            torch.stack([zero, focal / depth, -focal * in_camera[..., 1] / depth**2], -1),
        ],
        -2,
    )
    return by_camera @ rotation
