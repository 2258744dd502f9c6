"""Taking a package apart: every array is checked against the others before it is used."""

from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from incarnate.avatars.codes import CodeProjection
from incarnate.avatars.files import Stage
from incarnate.avatars.pose_changes import POSE_CHANNELS
from incarnate.avatars.transfer import NUM_DIRECTIONS, Transfer
from incarnate.errors import AvatarError
from incarnate.geometry.cameras import Camera
from incarnate.light.environment import Environment
from incarnate.rigs.rig import Pose, Rig, joined
from incarnate.splats.files.gltf_container import Glb, whole
from incarnate.splats.splats import Splats
from incarnate.view.package_body import Changes, Packaged, PackagedBody
from incarnate.view.package_gltf import read_motion, read_primitive
from incarnate.view.package_head import Deformation, Exposure, PackagedHead, Surface

_TYPES: Final = ("f2", "f4", "i1")
_OPACITY_EDGE = 1e-6
_MOST_FPS = 1000.0


def package_from_glb(glb: Glb, facts: dict[str, Any]) -> tuple[Packaged, Stage]:
    """The avatar and the stage of a package whose extension has been found.

    Raises:
        AvatarError: An array does not fit the others.
        LookupError, TypeError, ValueError: A key is missing, or has another kind of value.
    """
    kind = facts["kind"]
    if kind not in ("head", "body") or facts["shading"] not in ("shaded", "baked"):
        raise AvatarError(f"the kind {kind!r}, {facts['shading']!r}, is not known")
    primitive = {name: torch.from_numpy(a.copy()) for name, a in read_primitive(glb).items()}
    count = len(primitive["POSITION"])
    rig = _rig(glb, facts)
    surface = _read(glb, facts["materials"]["surface"], count, 5)
    joints, weights = _skin(primitive, rig.num_joints)
    light = Environment(_read(glb, facts["light"], None, None, 3), name="capture")
    height, width, _ = light.radiance.shape
    if width != 2 * height:
        raise AvatarError(f"the light has {width} × {height} texels; it must be twice as wide")
    common: dict[str, Any] = {
        "rig": rig,
        "splats": Splats(
            means=primitive["POSITION"],
            quaternions=primitive["ROTATION"].roll(1, -1),
            log_scales=primitive["SCALE"].clamp(min=1e-12).log(),
            opacity_logits=torch.logit(primitive["OPACITY"][:, 0], _OPACITY_EDGE),
            features=surface[:, :3],
            channels=("albedo",) * 3,
        ),
        "joints": joints,
        "weights": weights,
        "surface": Surface(surface[:, :3], surface[:, 3], surface[:, 4]),
        "light": light,
        "shading": facts["shading"],
    }
    avatar: Packaged
    if kind == "body":
        avatar = PackagedBody(**common, changes=_changes(glb, facts["changes"], count, rig))
    else:
        exposure = _exposure(glb, facts["exposure"], count, rig.num_joints)
        deformation = _deformation(glb, facts, count, rig)
        codes = deformation.projection.components.shape[1]
        if exposure.basis.shape[1] != codes:
            raise AvatarError(f"occlusion knows {exposure.basis.shape[1]} codes, not {codes}")
        avatar = PackagedHead(**common, deformation=deformation, exposure=exposure)
    return avatar, _stage(glb, facts, rig)


def _skin(primitive: dict[str, Tensor], num_joints: int) -> tuple[Tensor, Tensor]:
    """Joints and weights of the splats, of one set or two."""
    sets = [number for number in range(2) if f"JOINTS_{number}" in primitive]
    joints = torch.cat([primitive[f"JOINTS_{number}"] for number in sets], 1).long()
    weights = torch.cat([primitive[f"WEIGHTS_{number}"] for number in sets], 1).double()
    if int(joints.max()) >= num_joints:
        raise AvatarError("a splat follows a joint that the skin does not have")
    return joints, (weights / weights.sum(-1, keepdim=True)).float()


def _changes(glb: Glb, parts: dict[str, Any], count: int, rig: Rig) -> Changes:
    units, limits = (torch.tensor(parts[n], dtype=torch.float32) for n in ("units", "limits"))
    if units.shape != (POSE_CHANNELS,) or limits.shape != units.shape or bool((limits <= 0).any()):
        raise AvatarError(f"units and limits must be {POSE_CHANNELS} numbers, limits above zero")
    scale = _read(glb, parts["basisScale"], POSE_CHANNELS, rig.num_expressions)
    basis = _read(glb, parts["basis"], count, POSE_CHANNELS, rig.num_expressions)
    start = _read(glb, parts["start"], count, POSE_CHANNELS)
    return Changes(start, basis.mul_(scale), units, limits)


def _rig(glb: Glb, facts: dict[str, Any]) -> Rig:
    """Joints from the skin's nodes; each stands in its parent's axes, unturned."""
    document = glb.document
    chosen = document["skins"][0]["joints"]
    place_of = {node: index for index, node in enumerate(chosen)}
    parents = [-1] * len(chosen)
    for node in chosen:
        for child in document["nodes"][node].get("children", ()):
            parents[place_of[child]] = place_of[node]
    if any(parent >= joint for joint, parent in enumerate(parents)):
        raise AvatarError("a joint stands before its parent")
    places: list[Tensor] = []
    for node, parent in zip(chosen, parents, strict=True):
        offset = torch.tensor(document["nodes"][node]["translation"], dtype=torch.float64)
        places.append(offset if parent < 0 else offset + places[parent])
    names = tuple(str(name) for name in facts["expressions"])
    nothing = torch.zeros(0, 3)
    return Rig(
        name="package",
        vertices=nothing,
        faces=nothing.long(),
        uv=torch.zeros(0, 2),
        uv_faces=nothing.long(),
        parts=torch.zeros(0, dtype=torch.long),
        part_names=(),
        shape_basis=torch.zeros(0, 0, 3),
        shape_names=(),
        expression_basis=torch.zeros(len(names), 0, 3),
        expression_names=names,
        joints=torch.stack(places).float(),
        joint_shape_basis=torch.zeros(0, len(chosen), 3),
        joint_names=tuple(str(document["nodes"][node]["name"]) for node in chosen),
        parents=tuple(parents),
        skinning_weights=torch.zeros(0, len(chosen)),
        license=str((facts.get("licenses") or {}).get("rig", "unknown")),
    )


def _deformation(glb: Glb, facts: dict[str, Any], count: int, rig: Rig) -> Deformation:
    parts = facts["deformation"]
    features = rig.num_expressions + 9 * (rig.num_joints - 1)
    components = _read(glb, parts["codeComponents"], features, None)
    mixed = rig.num_expressions + components.shape[1]
    coefficients = _read(glb, parts["coefficients"], None, mixed)
    return Deformation(
        projection=CodeProjection(_read(glb, parts["codeMean"], features), components),
        coefficients=coefficients,
        basis=_read(glb, parts["basis"], count, 3, len(coefficients)),
    )


def _exposure(glb: Glb, parts: dict[str, Any], count: int, num_joints: int) -> Exposure:
    weights = _read(glb, parts["weights"], count, None)
    rank = weights.shape[1]
    frames = [int(joint) for joint in parts["frameJoints"]]
    scale = torch.tensor(parts["occlusionScale"], dtype=torch.float32)
    share = torch.tensor(parts["frameOfJoint"], dtype=torch.float32)
    if not all(0 <= joint < num_joints for joint in frames):
        raise AvatarError(f"shadows turn with joints {frames}; there are {num_joints}")
    if share.shape != (num_joints, len(frames)):
        raise AvatarError(f"frameOfJoint is {tuple(share.shape)}, of {num_joints} joints")
    return Exposure(
        transfer=Transfer(
            weights=weights,
            bare=_read(glb, parts["bare"], rank, NUM_DIRECTIONS),
            open=_read(glb, parts["open"], rank, NUM_DIRECTIONS),
            hidden=_read(glb, parts["hidden"], count)[:, None],
        ),
        frame_joints=tuple(frames),
        frame_of_joint=share,
        logits=_read(glb, parts["occlusion"], count),
        basis=_read(glb, parts["occlusionBasis"], count, len(scale)) * scale,
        training_gain=_read(glb, parts["trainingGain"], count, 3),
    )


def _stage(glb: Glb, facts: dict[str, Any], rig: Rig) -> Stage:
    camera, clips = facts["camera"], facts["clips"]
    if not clips:
        raise AvatarError("it has no clip; one at least is expected")
    motions = [_clip(glb, clip, rig) for clip in clips]
    rates = {float(clip["fps"]) for clip in clips}
    if len(rates) != 1 or not 0 < min(rates) <= _MOST_FPS:
        raise AvatarError(f"the clips have {sorted(rates)} frames a second; one rate is expected")
    names = [
        str(clip["name"]) for clip, one in zip(clips, motions, strict=True) for _ in range(len(one))
    ]
    return Stage(
        camera=Camera(
            torch.tensor(camera["intrinsics"], dtype=torch.float32).reshape(3, 3),
            torch.tensor(camera["cameraFromWorld"], dtype=torch.float32).reshape(4, 4),
            int(camera["width"]),
            int(camera["height"]),
        ),
        poses=joined(motions),
        fps=rates.pop(),
        test_start=len(names),
        clips=tuple(names) if len(clips) > 1 else (),
    )


def _clip(glb: Glb, clip: dict[str, Any], rig: Rig) -> Pose:
    expression = _read(glb, clip["expression"], None, rig.num_expressions)
    poses = read_motion(glb, whole(clip["animation"]), rig, expression)
    if len(poses) != len(expression):
        raise AvatarError(f"the clip has {len(poses)} poses and {len(expression)} expressions")
    return poses


def _read(glb: Glb, array: dict[str, Any], *expected: int | None) -> Tensor:
    """One array of the extension, float32; None leaves a size open.

    Raises:
        AvatarError: Its type or shape is not the one that was expected, or it is cut off.
    """
    kind, shape = array["type"], array["shape"]
    if kind not in _TYPES:
        raise AvatarError(f"an array has the type {kind!r}, expected one of {', '.join(_TYPES)}")
    fits = len(shape) == len(expected) and all(
        isinstance(came, int) and came > 0 and want in (None, came)
        for came, want in zip(shape, expected, strict=False)
    )
    if not fits:
        asked = ["any" if size is None else size for size in expected]
        raise AvatarError(f"an array has the shape {shape}, expected {asked}")
    return torch.from_numpy(glb.array(array["bufferView"], kind, shape).astype(np.float32))
