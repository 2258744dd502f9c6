"""Cutting a rig down: fewer vertices, joints, shape directions; what is left moves as before."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from incarnate.rigs.rig import Rig, SurfacePoints


@dataclass(frozen=True)
class Cut:
    """What stays of a rig."""

    name: str
    """Name of the cut rig."""
    vertices: Bool[Tensor, "vertices"]
    """True for vertices that may stay; those that no whole triangle needs go too."""
    joint_names: tuple[str, ...]
    """Joints that stay, parents before children; the first becomes the root."""
    shape_names: tuple[str, ...]
    """Shape directions that stay, in this order."""


def cut_rig(rig: Rig, cut: Cut) -> Rig:
    """Keep a part of a rig, in the same coordinates.

    Weights of a joint that goes are added to its nearest ancestor that stays, or to the new root.
    Expressions all stay. Landmark sets with a point on a face that goes are dropped.
    """
    assert rig.pose_basis is None, "pose correctives of joints that go would be lost"
    faces_kept = cut.vertices[rig.faces].all(-1)
    old_vertices, faces = _compact(rig.faces[faces_kept])
    old_texels, uv_faces = _compact(rig.uv_faces[faces_kept])
    joints = [rig.joint_index(name) for name in cut.joint_names]
    carriers = _carriers(rig.parents, joints)
    shapes = [rig.shape_names.index(name) for name in cut.shape_names]
    weights = torch.zeros(len(old_vertices), len(joints), dtype=rig.vertices.dtype)
    weights.index_add_(1, carriers, rig.skinning_weights[old_vertices])
    return replace(
        rig,
        name=cut.name,
        vertices=rig.vertices[old_vertices],
        faces=faces,
        uv=rig.uv[old_texels],
        uv_faces=uv_faces,
        parts=rig.parts[old_vertices],
        shape_basis=rig.shape_basis[shapes][:, old_vertices],
        shape_names=cut.shape_names,
        expression_basis=rig.expression_basis[:, old_vertices],
        joints=rig.joints[joints],
        joint_shape_basis=rig.joint_shape_basis[shapes][:, joints],
        joint_names=cut.joint_names,
        parents=_cut_parents(rig.parents, joints, carriers),
        skinning_weights=weights,
        landmarks=_cut_landmarks(rig, faces_kept),
    )


def hold_joint(rig: Rig, name: str) -> Rig:
    """Take each shape direction's displacement of one joint out of it.

    A fit then need not undo, with a translation, what a change of leg length does to the head.
    """
    shift = rig.joint_shape_basis[:, rig.joint_index(name), None, :]
    return replace(
        rig,
        shape_basis=rig.shape_basis - shift,
        joint_shape_basis=rig.joint_shape_basis - shift,
    )


def _compact(
    triangles: Int[Tensor, "faces 3"],
) -> tuple[Int[Tensor, "kept"], Int[Tensor, "faces 3"]]:
    """Indices in use, and the triangles renumbered to them."""
    kept, renumbered = torch.unique(triangles, return_inverse=True)
    return kept, renumbered


def _carriers(parents: tuple[int, ...], kept: list[int]) -> Int[Tensor, "joints"]:
    """For each old joint the new joint that carries it."""
    carriers: list[int] = []
    for joint, parent in enumerate(parents):
        if joint in kept:
            carriers.append(kept.index(joint))
        else:
            carriers.append(carriers[parent] if parent >= 0 else 0)
    return torch.tensor(carriers)


def _cut_parents(
    parents: tuple[int, ...], kept: list[int], carriers: Int[Tensor, "joints"]
) -> tuple[int, ...]:
    above = [int(carriers[parents[joint]]) if parents[joint] >= 0 else -1 for joint in kept]
    cut = (-1, *above[1:])
    assert all(parent < joint for joint, parent in enumerate(cut)), "a child before its parent"
    return cut


def _cut_landmarks(rig: Rig, faces_kept: Bool[Tensor, "faces"]) -> dict[str, SurfacePoints]:
    new_index = torch.cumsum(faces_kept, 0) - 1
    return {
        name: SurfacePoints(new_index[points.faces], points.barycentric)
        for name, points in rig.landmarks.items()
        if bool(faces_kept[points.faces].all())
    }
