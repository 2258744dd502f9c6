"""A face without a mouth, as head models are released."""

from dataclasses import replace
from functools import cache

import torch

from incarnate.rigs.embedded import default_head_rig
from incarnate.rigs.rig import Rig


@cache
def bare_head() -> Rig:
    """The embedded head as models without a mouth are: only its skin and its eyes are drawn."""
    rig = default_head_rig()
    inside = torch.tensor([rig.part_names.index(name) for name in ("mouth", "teeth", "tongue")])
    outside = ~torch.isin(rig.parts[rig.faces], inside).any(1)
    skin = torch.tensor([rig.part_names.index(name) for name in ("skin", "lips")])
    return replace(
        rig,
        faces=rig.faces[outside],
        uv_faces=rig.uv_faces[outside],
        landmarks={},
        parts=(~torch.isin(rig.parts, skin)).long(),
        part_names=("skin", "other"),
        shape_basis=rig.shape_basis[:3],
        shape_names=rig.shape_names[:3],
        joint_shape_basis=rig.joint_shape_basis[:3],
        pose_basis=torch.full((9 * (rig.num_joints - 1), len(rig.vertices), 3), 1e-3),
    )
