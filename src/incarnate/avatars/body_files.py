"""Body avatars on disk: a folder of JSON, safetensors and the rig (docs/avatar-format.md)."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor, nn

from incarnate.avatars.body import BODY_SPLAT_PARAMETERS, BodyAvatar, BodyModel
from incarnate.avatars.distilled import DistilledModel
from incarnate.avatars.distilled_body import DistilledPainter
from incarnate.avatars.files import (
    RIG_NAME,
    TENSORS_NAME,
    Stage,
    add_facts,
    read_manifest,
    read_tensors,
    write_avatar_folder,
    write_tensors,
)
from incarnate.avatars.map_network import NetworkModel
from incarnate.avatars.pose_space import PoseSpace
from incarnate.errors import AvatarError
from incarnate.rigs.files import load_rig
from incarnate.rigs.position_maps import PositionMaps
from incarnate.rigs.rig import Rig

BODY_STATE: Final = (*BODY_SPLAT_PARAMETERS, "light_logits")
"""What training changes besides skinning, network and memory."""
_DISTILLED: Final = "distilled.safetensors"
_CONSTANTS = ("condition_mean", "condition_scale")

_MAPS, _NETWORK, _MEMORY, _SPACE = "maps:", "network:", "memory:", "pose_space:"
_SKINNING = "skinning:"


def save_body(
    avatar: BodyAvatar, stage: Stage, folder: Path, about: Mapping[str, Any] | None = None
) -> None:
    """Write a body avatar; each file has another name until it is whole.

    Args:
        avatar: The avatar.
        stage: A camera and the motion of its capture.
        folder: Where to; made if it does not exist.
        about: JSON facts to keep: consent, provenance, recipe, licences.
    """
    facts = {"kind": "body", "model": asdict(avatar.model), "num_splats": avatar.num_splats}
    tensors = body_tensors(avatar) | maps_tensors(avatar.maps)
    write_avatar_folder(avatar.rig, tensors, stage, folder, facts | dict(about or {}))


def load_body(folder: Path | str) -> BodyAvatar:
    """Read a body avatar from its folder.

    Raises:
        AvatarError: The folder holds no body avatar, a newer one, or a damaged one.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    if manifest.get("kind") != "body":
        raise AvatarError(f"{folder} holds a {manifest.get('kind')} avatar, not a body.")
    tensors = read_tensors(folder / TENSORS_NAME)
    avatar = body_from_tensors(body_model(manifest["model"]), load_rig(folder / RIG_NAME), tensors)
    if manifest.get("distilled") is not None:
        avatar.distilled = _load_distilled(avatar, manifest["distilled"], folder)
    return avatar.requires_grad_(False).eval()


def save_distilled(
    painter: DistilledPainter, folder: Path, about: Mapping[str, Any] | None = None
) -> None:
    """Add a distilled decoder to the folder of its avatar; training it anew leaves it out again.

    Args:
        painter: The decoder.
        folder: An avatar's folder.
        about: JSON facts to keep beside it.
    """
    write_tensors(painter.state_dict(), folder / _DISTILLED)
    facts = {"model": asdict(painter.decoder.model), "size": painter.size}
    add_facts(folder, {"distilled": facts | dict(about or {})})


def _load_distilled(avatar: BodyAvatar, facts: Mapping[str, Any], folder: Path) -> DistilledPainter:
    tensors = read_tensors(folder / _DISTILLED)
    try:
        painter = DistilledPainter(
            DistilledModel(**facts["model"]),
            avatar.maps.mask,
            size=facts["size"],
            num_keys=len(tensors["key_coefficients"]),
            signature=len(tensors["center"]),
        )
        painter.load_state_dict(tensors)
    except (KeyError, RuntimeError, TypeError) as error:
        raise AvatarError(
            f"{folder / _DISTILLED} does not fit the avatar ({error}); distil it again: "
            f"incarnate distil {folder} CAPTURE"
        ) from error
    return painter


def body_model(facts: Mapping[str, Any]) -> BodyModel:
    """The model that a manifest describes; fields of a newer release are left out."""
    known = {field.name for field in fields(BodyModel)}
    values = {k: v for k, v in facts.items() if k in known}
    if values.get("network") is not None:
        values["network"] = NetworkModel(**values["network"])
    # Bodies of the first releases kept the weights of their surface, and a memory of maps alone.
    values.setdefault("influences", 0)
    values.setdefault("memory_details", "none")
    values["history"] = tuple(values.get("history", ()))
    return BodyModel(**values)


def body_tensors(avatar: BodyAvatar) -> dict[str, Tensor]:
    """All that training changes, by name, and the memory's keys."""
    tensors = {name: getattr(avatar, name).detach() for name in (*BODY_STATE, *_CONSTANTS)}
    for prefix, part in _parts(avatar):
        tensors |= {prefix + name: value.detach() for name, value in part.state_dict().items()}
    if avatar.pose_space is not None:
        space = vars(avatar.pose_space)
        tensors |= {_SPACE + name: torch.as_tensor(value) for name, value in space.items()}
    return tensors


def restore_body(avatar: BodyAvatar, tensors: Mapping[str, Tensor]) -> None:
    """Put back what `body_tensors` gave.

    Raises:
        AvatarError: A tensor is missing or has another size.
    """
    try:
        for name in (*BODY_STATE, *_CONSTANTS):
            getattr(avatar, name).data.copy_(tensors[name])
        for prefix, part in _parts(avatar):
            part.load_state_dict(_without(prefix, tensors))
        space: dict[str, Any] = _without(_SPACE, tensors)
        if space:
            for name, kind in (("num_covered", int), ("training_distance", float)):
                space[name] = kind(space[name])
            avatar.pose_space = PoseSpace(**space)
    except (KeyError, RuntimeError, TypeError) as error:
        raise AvatarError(
            f"the avatar's tensors do not fit its model ({error}); train the avatar again."
        ) from error


def maps_tensors(maps: PositionMaps) -> dict[str, Tensor]:
    """Position maps as named tensors."""
    return {
        _MAPS + field.name: torch.as_tensor(getattr(maps, field.name)) for field in fields(maps)
    }


def body_from_tensors(model: BodyModel, rig: Rig, tensors: Mapping[str, Tensor]) -> BodyAvatar:
    """The avatar that `body_tensors` and `maps_tensors` took apart.

    Raises:
        AvatarError: A tensor is missing or has another size.
    """
    values: dict[str, Any] = _without(_MAPS, tensors)
    try:
        values["size"], values["pixel_size"] = int(values["size"]), float(values["pixel_size"])
        maps = PositionMaps(**values)
        keys = tensors.get(_MEMORY + "keys")
        width = float(tensors.get(_MEMORY + "width", torch.tensor(1.0)))
        avatar = BodyAvatar(model, rig, maps, keys=keys, kernel_width=width)
    except (KeyError, TypeError, AssertionError) as error:
        raise AvatarError(
            f"the avatar's position maps do not fit its model ({error}); train the avatar again."
        ) from error
    restore_body(avatar, tensors)
    return avatar


def _parts(avatar: BodyAvatar) -> list[tuple[str, nn.Module]]:
    parts = (
        (_SKINNING, avatar.skinning),
        (_NETWORK, avatar.network),
        (_MEMORY, avatar.memory),
    )
    return [(prefix, part) for prefix, part in parts if part is not None]


def _without(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
