"""Changes an avatar's materials, whole or by region, and keeps a record of it (docs/edit.md)."""

import copy
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.avatars.files import (
    avatar_tensors,
    load_head,
    read_manifest,
    write_tensors,
)
from incarnate.avatars.head import HeadAvatar
from incarnate.avatars.materials import (
    REFLECTANCE_RANGE,
    ROUGHNESS_RANGE,
    decode_bounded,
    encode_bounded,
)
from incarnate.avatars.regions import PaintedRegion, PartRegion, region_weights
from incarnate.errors import AvatarError
from incarnate.whole_files import whole, write_whole

_ALBEDO_RANGE = (0.0, 1.0)
_KINDS = ("albedo", "tint", "roughness", "roughness_scale", "reflectance")


@dataclass(frozen=True)
class Edit:
    """What to change about materials; None leaves it. Values are set first, then scaled."""

    albedo: tuple[float, float, float] | None = None
    """Linear RGB that the albedo becomes, 0 to 1."""
    tint: tuple[float, float, float] | None = None
    """Linear RGB by which the albedo is multiplied; the result stays below 1."""
    roughness: float | None = None
    """Roughness it becomes, within `ROUGHNESS_RANGE`."""
    roughness_scale: float | None = None
    """Factor on the roughness; the result stays within `ROUGHNESS_RANGE`."""
    reflectance: float | None = None
    """Reflectance at normal incidence (F0) it becomes, within `REFLECTANCE_RANGE`."""

    def note(self) -> dict[str, Any]:
        """What is changed, as JSON values."""
        values = {name: getattr(self, name) for name in _KINDS}
        return {name: value for name, value in values.items() if value is not None}


@torch.no_grad()
def edit_avatar(
    avatar: HeadAvatar, edit: Edit, region: PaintedRegion | PartRegion | None = None
) -> HeadAvatar:
    """The avatar with other materials; the one given stays as it is.

    Args:
        avatar: Whom to change.
        edit: What to change.
        region: Where; None is everywhere, hair and clothes included. Splats outside of it keep
            their values to the last bit.

    Raises:
        AvatarError: A value is out of the model's range, the avatar has no such material, or the
            region reaches no splat.
    """
    _check(edit, avatar)
    weights = region_weights(avatar, region)
    # Whatever else the avatar has comes along; the rig is a value that both may share.
    edited = copy.deepcopy(avatar, {id(avatar.rig): avatar.rig})
    changed = {
        "albedo_logits": _edited_albedo(avatar, edit, weights[:, None]),
        "roughness_logits": _edited_roughness(avatar, edit, weights),
        "reflectance_logits": _edited_reflectance(avatar, edit, weights),
    }
    for name, logits in changed.items():
        if logits is not None:
            reached = (weights > 0).reshape(-1, *[1] * (logits.ndim - 1))
            stored = getattr(edited, name)
            stored.copy_(torch.where(reached, logits, stored))
    return edited.requires_grad_(False).eval()


def write_edited(
    source: Path,
    target: Path,
    edit: Edit,
    *,
    region: PaintedRegion | PartRegion | None = None,
    region_name: str = "whole",
) -> HeadAvatar:
    """Edit an avatar on disk into a new folder, whose ``avatar.json`` lists all edits so far.

    Args:
        source: Folder of the avatar; it stays as it is.
        target: Folder of the edited one, which must not exist yet.
        edit: What to change.
        region: Where; None is everywhere.
        region_name: How the list names the region.

    Raises:
        AvatarError: There is no avatar, the target exists, or `edit_avatar` refuses.
    """
    if target.exists():
        raise AvatarError(f"{target} exists; choose another folder for the edited avatar.")
    avatar = edit_avatar(load_head(source), edit, region)
    manifest = read_manifest(source)
    feather = 0.0 if region is None else region.feather
    entry = {**edit.note(), "region": region_name, "feather": feather}
    manifest["edits"] = [*manifest.get("edits", []), entry]
    with whole(target) as partial:
        # Training and its report are about the avatar as it was.
        shutil.copytree(source, partial, ignore=shutil.ignore_patterns("training", "report", ".*"))
        write_tensors(avatar_tensors(avatar), partial / "avatar.safetensors")
        write_whole(json.dumps(manifest, indent=2), partial / "avatar.json")
    return avatar


def _edited_albedo(
    avatar: HeadAvatar, edit: Edit, weights: Float[Tensor, "splats 1"]
) -> Float[Tensor, "splats 3"] | None:
    if edit.albedo is None and edit.tint is None:
        return None
    before = avatar.albedo()
    after = before if edit.albedo is None else before.new_tensor(edit.albedo).expand_as(before)
    after = after if edit.tint is None else after * after.new_tensor(edit.tint)
    return encode_bounded(torch.lerp(before, after, weights), _ALBEDO_RANGE)


def _edited_roughness(
    avatar: HeadAvatar, edit: Edit, weights: Float[Tensor, "splats"]
) -> Float[Tensor, "splats"] | None:
    if edit.roughness is None and edit.roughness_scale is None:
        return None
    before = decode_bounded(avatar.roughness_logits, ROUGHNESS_RANGE)
    after = before if edit.roughness is None else torch.full_like(before, edit.roughness)
    after = after if edit.roughness_scale is None else after * edit.roughness_scale
    after = after.clamp(*ROUGHNESS_RANGE)
    return encode_bounded(torch.lerp(before, after, weights), ROUGHNESS_RANGE)


def _edited_reflectance(
    avatar: HeadAvatar, edit: Edit, weights: Float[Tensor, "splats"]
) -> Float[Tensor, "splats"] | None:
    if edit.reflectance is None:
        return None
    before = decode_bounded(avatar.reflectance_logits, REFLECTANCE_RANGE)
    after = torch.full_like(before, edit.reflectance)
    return encode_bounded(torch.lerp(before, after, weights), REFLECTANCE_RANGE)


def _check(edit: Edit, avatar: HeadAvatar) -> None:
    """Refuse what the model can't hold."""
    note = edit.note()
    if not note:
        raise AvatarError("nothing to edit; give an albedo, a tint, a roughness or an F0.")
    shiny = [name for name in note if name not in ("albedo", "tint")]
    if avatar.model.shading == "baked" and shiny:
        raise AvatarError(
            f"this avatar was trained with baked colours: it has no {shiny[0].split('_')[0]}. "
            "Its colours alone can be edited; train one with --shading shaded for more."
        )
    for name, bounds in (("roughness", ROUGHNESS_RANGE), ("reflectance", REFLECTANCE_RANGE)):
        value = getattr(edit, name)
        if value is not None and not bounds[0] <= value <= bounds[1]:
            shown = "F0" if name == "reflectance" else name
            raise AvatarError(
                f"{shown} {value:g} is out of the model's range: give {bounds[0]:g} to "
                f"{bounds[1]:g}."
            )
    if edit.albedo is not None and not all(0 <= value <= 1 for value in edit.albedo):
        raise AvatarError(f"albedo {edit.albedo} is out of range: linear RGB from 0 to 1.")
    factors = (
        *(edit.tint or ()),
        *(() if edit.roughness_scale is None else (edit.roughness_scale,)),
    )
    if not all(0 <= value < float("inf") for value in factors):
        raise AvatarError(f"a factor of {factors} can't be applied: give finite ones from 0 up.")
