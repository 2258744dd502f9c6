"""Avatars on disk: a folder of JSON, safetensors and the person's rig (docs/avatar-format.md)."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from incarnate.avatars.codes import CodeProjection
from incarnate.avatars.encoder import EncoderModel, ExpressionEncoder
from incarnate.avatars.head import (
    SHARED_CONSTANTS,
    SHARED_PARAMETERS,
    SPLAT_CONSTANTS,
    SPLAT_PARAMETERS,
    HeadAvatar,
    HeadModel,
)
from incarnate.avatars.start import HeadStart, Surroundings
from incarnate.capture.capture import Capture, Track
from incarnate.errors import AvatarError
from incarnate.geometry.cameras import Camera
from incarnate.rigs.files import load_rig, save_rig
from incarnate.rigs.rig import Pose, Rig
from incarnate.whole_files import whole, write_whole

_FORMAT = "incarnate-avatar"
_VERSION = 1
_MANIFEST = "avatar.json"
TENSORS_NAME = "avatar.safetensors"
"""In an avatar's folder: its learned tensors."""
RIG_NAME = "rig.npz"
"""In an avatar's folder: the person's rig."""
_ENCODER = "encoder.safetensors"
_STAGE = "stage.safetensors"
_STATE = (*SPLAT_PARAMETERS, *SPLAT_CONSTANTS, *SHARED_PARAMETERS, *SHARED_CONSTANTS)


@dataclass(frozen=True)
class Stage:
    """Where an avatar was captured, so that it can be shown without the capture."""

    camera: Camera
    """The capture's camera."""
    poses: Pose
    """The person's own motion: one pose a frame."""
    fps: float
    """Frames a second of the poses."""
    test_start: int
    """Index of the first frame that training did not see; the number of frames if it saw all."""
    clips: tuple[str, ...] = ()
    """The clip each pose belongs to; empty if all are one clip."""


def stage_of(capture: Capture, track: Track) -> Stage:
    """The first camera, the motion and the clips of a capture."""
    tests = capture.indices("test")
    return Stage(
        camera=capture.cameras[0],
        poses=track.poses,
        fps=capture.fps,
        test_start=tests[0] if tests else capture.num_frames,
        clips=capture.clips,
    )


def save_avatar(
    avatar: HeadAvatar, stage: Stage, folder: Path, about: Mapping[str, Any] | None = None
) -> None:
    """Write an avatar; each file has another name until it is whole.

    Args:
        avatar: The avatar.
        stage: The camera and motion of its capture.
        folder: Where to; made if it does not exist.
        about: JSON facts to keep: consent, provenance, recipe, licences.
    """
    facts = {
        "kind": "head",
        "model": asdict(avatar.model),
        "num_splats": avatar.num_splats,
        "encoder": None if avatar.encoder is None else asdict(avatar.encoder.model),
    }
    encoder = avatar.encoder
    if encoder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        write_tensors({k: v.detach() for k, v in encoder.state_dict().items()}, folder / _ENCODER)
    write_avatar_folder(
        avatar.rig, avatar_tensors(avatar), stage, folder, facts | dict(about or {})
    )


def write_avatar_folder(
    rig: Rig, tensors: Mapping[str, Tensor], stage: Stage, folder: Path, facts: Mapping[str, Any]
) -> None:
    """Write what avatars of every kind have; the manifest last, so that it names whole files.

    Args:
        rig: The person's rig.
        tensors: What was learned.
        stage: The camera and motion of the capture.
        folder: Where to; made if it does not exist.
        facts: JSON facts of the avatar's kind, and what else is to be kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    save_rig(rig, folder / RIG_NAME)
    write_tensors(tensors, folder / TENSORS_NAME)
    write_tensors(_stage_tensors(stage), folder / _STAGE)
    manifest = {
        "format": _FORMAT,
        "version": _VERSION,
        "fps": stage.fps,
        "size": [stage.camera.width, stage.camera.height],
        "test_start": stage.test_start,
        **({"clips": stage.clips} if stage.clips else {}),
        "licenses": {"rig": rig.license},
        **facts,
    }
    write_whole(json.dumps(manifest, indent=2), folder / _MANIFEST)


def load_head(folder: Path | str) -> HeadAvatar:
    """Read a head avatar from its folder (`incarnate.avatars.opening` reads any kind).

    Raises:
        AvatarError: The folder holds no head avatar, a newer one, or a damaged one.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    if manifest.get("kind", "head") != "head":
        raise AvatarError(f"{folder} holds a {manifest['kind']}; this is for heads alone.")
    rig = load_rig(folder / RIG_NAME)
    known = {field.name for field in fields(HeadModel)}
    model = HeadModel(**{k: v for k, v in manifest["model"].items() if k in known})
    avatar = avatar_from_tensors(model, rig, read_tensors(folder / TENSORS_NAME))
    if manifest.get("encoder") is not None:
        model = EncoderModel(**manifest["encoder"])
        avatar.encoder = encoder_from_tensors(model, rig, read_tensors(folder / _ENCODER))
    return avatar.requires_grad_(False).eval()


def load_stage(folder: Path | str) -> Stage:
    """Read the camera and motion that an avatar was captured with.

    Raises:
        AvatarError: As for `load_head`.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    tensors = read_tensors(folder / _STAGE)
    width, height = manifest["size"]
    names = load_rig(folder / RIG_NAME).expression_names
    poses = Pose(
        tensors["root_rotation"],
        tensors["root_translation"],
        tensors["joint_rotations"],
        tensors["expression"],
        names,
    )
    return Stage(
        camera=Camera(tensors["intrinsics"], tensors["camera_from_world"], width, height),
        poses=poses,
        fps=manifest["fps"],
        test_start=manifest["test_start"],
        clips=tuple(manifest.get("clips", ())),
    )


def read_manifest(folder: Path) -> dict[str, Any]:
    """The avatar's JSON facts, checked for format and version."""
    path = folder / _MANIFEST
    if not path.is_file():
        raise AvatarError(
            f"{folder} is no avatar: it has no {_MANIFEST}. "
            "`incarnate train head CAPTURE -o AVATAR` writes one."
        )
    try:
        manifest = json.loads(path.read_text())
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise AvatarError(f"{path} is damaged ({error}); train the avatar again.") from error
    if not isinstance(manifest, dict):
        raise AvatarError(f"{path} is damaged (no JSON object); train the avatar again.")
    if manifest.get("format") != _FORMAT:
        raise AvatarError(f"{path}: format is {manifest.get('format')!r}, expected {_FORMAT!r}.")
    if manifest.get("version", 0) > _VERSION:
        raise AvatarError(
            f"{path} has version {manifest['version']}; this release reads up to {_VERSION}. "
            "Install a newer incarnate."
        )
    return manifest


def add_facts(folder: Path, facts: Mapping[str, Any]) -> None:
    """Add to the manifest of an avatar, or replace in it."""
    manifest = read_manifest(folder) | dict(facts)
    write_whole(json.dumps(manifest, indent=2), folder / _MANIFEST)


def avatar_tensors(avatar: HeadAvatar) -> dict[str, Tensor]:
    """All tensors that make an avatar, by name."""
    tensors = {name: getattr(avatar, name).detach() for name in _STATE}
    tensors["code_mean"] = avatar.projection.mean
    tensors["code_components"] = avatar.projection.components
    return tensors


def avatar_from_tensors(model: HeadModel, rig: Rig, tensors: Mapping[str, Tensor]) -> HeadAvatar:
    """The avatar that `avatar_tensors` took apart.

    Raises:
        AvatarError: A tensor is missing or has another size.
    """
    try:
        start = HeadStart(**{f.name: tensors[f.name] for f in fields(HeadStart)})
        projection = CodeProjection(tensors["code_mean"], tensors["code_components"])
        around = Surroundings(**{f.name: tensors[f.name] for f in fields(Surroundings)})
        avatar = HeadAvatar(model, rig, projection, start, around)
        # Avatars of the first releases have no residual of single splats, nor the light they
        # started from.
        absent = {
            "splat_residual": avatar.splat_residual.detach(),
            "start_light_logits": avatar.start_light_logits,
        }
        tensors = absent | dict(tensors)
        for name in _STATE:
            getattr(avatar, name).data.copy_(tensors[name])
    except (KeyError, RuntimeError) as error:
        raise AvatarError(
            f"the avatar's tensors do not fit its model ({error}); train the avatar again."
        ) from error
    return avatar


def encoder_from_tensors(
    model: EncoderModel, rig: Rig, tensors: Mapping[str, Tensor]
) -> ExpressionEncoder:
    """The encoder whose state these tensors are.

    Raises:
        AvatarError: A tensor is missing or has another size.
    """
    encoder = ExpressionEncoder(model, rig)
    try:
        encoder.load_state_dict(tensors)
    except RuntimeError as error:
        raise AvatarError(
            f"the encoder's tensors do not fit its model ({error}); train the avatar again."
        ) from error
    return encoder.requires_grad_(False)


def write_tensors(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Write safetensors; the file has another name until it is whole."""
    with whole(path) as partial:
        save_file({name: value.contiguous() for name, value in tensors.items()}, partial)
        # The library makes files that no other account can read, a web server's among them.
        partial.chmod(0o644)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read safetensors.

    Raises:
        AvatarError: The file is missing or damaged.
    """
    try:
        return load_file(path)
    except (FileNotFoundError, SafetensorError) as error:
        raise AvatarError(f"{path} cannot be read ({error}); train the avatar again.") from error


def _stage_tensors(stage: Stage) -> dict[str, Tensor]:
    return {
        "intrinsics": stage.camera.intrinsics,
        "camera_from_world": stage.camera.camera_from_world,
        "root_rotation": stage.poses.root_rotation,
        "root_translation": stage.poses.root_translation,
        "joint_rotations": stage.poses.joint_rotations,
        "expression": stage.poses.expression,
    }
