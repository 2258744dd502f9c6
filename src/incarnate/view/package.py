"""The avatar package: a .glb that browsers drive and light, and that any viewer shows.

docs/package.md has the format. Its base is ordinary glTF. What no standard carries (bases,
materials, shadows, light, consent) stands in the extension `INCARNATE_avatar`, whose arrays are
buffer views with a type and a shape.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.avatars.body import BodyAvatar
from incarnate.avatars.codes import CODE_LIMIT
from incarnate.avatars.files import Stage
from incarnate.avatars.head import HeadAvatar
from incarnate.errors import AvatarError
from incarnate.splats.files.gltf_container import Glb, GlbWriter, parse_glb, read_glb
from incarnate.view.package_baking import MOST_COEFFICIENTS, baked_body
from incarnate.view.package_body import Packaged, PackagedBody
from incarnate.view.package_gltf import SPLATTING, clip_ranges, motion, skeleton, splat_primitive
from incarnate.view.package_head import PackagedHead
from incarnate.view.package_reading import package_from_glb
from incarnate.view.package_reduction import NUM_COEFFICIENTS, reduced_head
from incarnate.whole_files import write_whole

EXTENSION: Final = "INCARNATE_avatar"
HEAD_VERSION: Final = 1
VERSION: Final = 2
"""The highest there is. Heads are written in the first, which older releases read."""


@dataclass(frozen=True)
class Package:
    """What a package holds."""

    avatar: Packaged
    """A head or a body: pose it, draw it, light it."""
    stage: Stage
    """Camera and clips; no frame of them counts as unseen. A pose of a clip has a body's
    coefficients as its expression."""
    about: dict[str, Any]
    """``name``, ``consent`` and ``licenses``."""


def write_package(
    avatar: HeadAvatar | BodyAvatar,
    stage: Stage,
    path: Path,
    *,
    about: Mapping[str, Any] | None = None,
    num_coefficients: int | None = None,
) -> int:
    """Write an avatar as a package.

    Args:
        avatar: Trained; a body has to be distilled, too.
        stage: Camera and clips: those of the capture, or any others.
        path: Where to; another name until it is whole.
        about: The avatar's JSON facts: ``capture``, ``consent`` and ``licenses`` are kept.
        num_coefficients: How many directions of deformation to keep at most.

    Returns:
        The size in bytes.

    Raises:
        AvatarError: A body that nothing was distilled from.
    """
    content = packed(
        avatar,
        stage,
        about or {"licenses": {"rig": avatar.rig.license}},
        num_coefficients=num_coefficients,
    )
    write_whole(content, path)
    return len(content)


def packed(
    avatar: HeadAvatar | BodyAvatar,
    stage: Stage,
    about: Mapping[str, Any],
    *,
    num_coefficients: int | None = None,
) -> bytes:
    """What `write_package` writes."""
    if isinstance(avatar, BodyAvatar):
        return package_bytes(
            *baked_body(avatar, stage, num_coefficients or MOST_COEFFICIENTS), about
        )
    head = reduced_head(avatar, stage, num_coefficients or NUM_COEFFICIENTS)
    return package_bytes(head, stage, about)


def read_package(path: Path | str) -> Package:
    """Read a package: the avatar that a browser would show.

    Raises:
        AvatarError: There is no such file, it is no package, a newer one, or a damaged one.
    """
    return _package(read_glb(path), path)


def package_from(content: bytes) -> Package:
    """What `read_package` reads, from memory.

    Raises:
        AvatarError: As `read_package`.
    """
    return _package(parse_glb(content), "the package")


def _package(glb: Glb, path: Path | str) -> Package:
    facts = glb.document.get("extensions", {}).get(EXTENSION)
    if not isinstance(facts, dict):
        raise AvatarError(
            f"{path} is a GLB, but no avatar package: it has no extension {EXTENSION}. "
            "`incarnate export AVATAR --format package` writes one"
        )
    version = facts.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise AvatarError(
            f"{path} is a package of version {version!r}; this release reads up to {VERSION}. "
            "Install a newer incarnate"
        )
    try:
        avatar, stage = package_from_glb(glb, facts)
    except AvatarError as problem:
        raise AvatarError(f"{path}: {problem}") from None
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise AvatarError(f"{path}: the package is damaged ({error!r}); export it again") from error
    return Package(avatar, stage, {key: facts.get(key) for key in ("name", "consent", "licenses")})


def package_bytes(avatar: Packaged, stage: Stage, about: Mapping[str, Any]) -> bytes:
    """The package's file.

    Args:
        avatar: From `reduced_head` or `baked_body`.
        stage: Camera and clips.
        about: JSON facts: ``capture``, ``consent`` and ``licenses`` are kept.
    """
    writer = GlbWriter()
    primitive = splat_primitive(writer, avatar, stage)
    nodes, skin = skeleton(writer, avatar)
    extension = _extension(writer, avatar, stage, about)
    clips = [*clip_ranges(stage)]
    document = {
        "asset": {"version": "2.0", "generator": "incarnate"},
        "extensionsUsed": [SPLATTING, EXTENSION],
        "scene": 0,
        "scenes": [{"nodes": [0, 1]}],
        "nodes": nodes,
        "meshes": [{"name": extension["kind"], "primitives": [primitive]}],
        "skins": [skin],
        "animations": [
            motion(writer, avatar.rig, stage.poses[frames], stage.fps, name)
            for name, frames in clips
        ],
        "extensions": {EXTENSION: extension},
    }
    return writer.glb(document)


def _extension(
    writer: GlbWriter, avatar: Packaged, stage: Stage, about: Mapping[str, Any]
) -> dict[str, Any]:
    camera = stage.camera
    if isinstance(avatar, PackagedBody):
        own = {"version": VERSION, "kind": "body", "changes": _changes(writer, avatar)}
    else:
        own = {
            "version": HEAD_VERSION,
            "kind": "head",
            "deformation": _deformation(writer, avatar),
            "exposure": _exposure(writer, avatar),
        }
    return {
        **own,
        "name": about.get("capture") or "avatar",
        "consent": about.get("consent"),
        "licenses": dict(about.get("licenses") or {}),
        "numSplats": len(avatar.splats),
        "shading": avatar.shading,
        "expressions": list(avatar.rig.expression_names),
        "materials": _materials(writer, avatar),
        "light": _array(writer, avatar.light.radiance, "f2"),
        "camera": {
            "intrinsics": camera.intrinsics.flatten().tolist(),
            "cameraFromWorld": camera.camera_from_world.flatten().tolist(),
            "width": camera.width,
            "height": camera.height,
        },
        "clips": [
            {
                "name": name,
                "animation": number,
                "fps": float(stage.fps),
                "expression": _array(writer, stage.poses.expression[frames], "f2"),
            }
            for number, (name, frames) in enumerate(clip_ranges(stage))
        ],
    }


def _changes(writer: GlbWriter, body: PackagedBody) -> dict[str, Any]:
    parts = body.changes
    # A byte a number: half floats would double the file and say no more of a picture.
    scale = parts.basis.abs().amax(0).clamp(min=1e-9) / 127
    return {
        "units": parts.units.tolist(),
        "limits": parts.limits.tolist(),
        "start": _array(writer, parts.start, "f2"),
        "basis": _array(writer, (parts.basis / scale).round(), "i1"),
        "basisScale": _array(writer, scale, "f4"),
    }


def _deformation(writer: GlbWriter, head: PackagedHead) -> dict[str, Any]:
    parts = head.deformation
    return {
        "codeLimit": CODE_LIMIT,
        "codeMean": _array(writer, parts.projection.mean, "f4"),
        "codeComponents": _array(writer, parts.projection.components, "f4"),
        "coefficients": _array(writer, parts.coefficients, "f4"),
        # Coefficients last, so that a splat's numbers lie together.
        "basis": _array(writer, parts.basis, "f2"),
    }


def _materials(writer: GlbWriter, avatar: Packaged) -> dict[str, Any]:
    surface = avatar.surface
    columns = torch.cat(
        [surface.albedo, surface.roughness[:, None], surface.reflectance[:, None]], -1
    )
    return {"surface": _array(writer, columns, "f2")}


def _exposure(writer: GlbWriter, head: PackagedHead) -> dict[str, Any]:
    parts = head.exposure
    scale = parts.basis.abs().amax(0).clamp(min=1e-6) / 127
    return {
        "weights": _array(writer, parts.transfer.weights, "f2"),
        "bare": _array(writer, parts.transfer.bare, "f4"),
        "open": _array(writer, parts.transfer.open, "f4"),
        "hidden": _array(writer, parts.transfer.hidden[:, 0], "f2"),
        "frameJoints": list(parts.frame_joints),
        "frameOfJoint": parts.frame_of_joint.tolist(),
        "occlusion": _array(writer, parts.logits, "f2"),
        "occlusionBasis": _array(writer, (parts.basis / scale).round(), "i1"),
        "occlusionScale": scale.tolist(),
        "trainingGain": _array(writer, parts.training_gain, "f2"),
    }


def _array(writer: GlbWriter, values: Float[Tensor, "..."], kind: str) -> dict[str, Any]:
    """An array of the extension: where it lies, what its numbers are, and its shape."""
    numbers = values.detach().numpy().astype(np.dtype(kind))
    return {"bufferView": writer.add_view(numbers), "type": kind, "shape": list(numbers.shape)}
