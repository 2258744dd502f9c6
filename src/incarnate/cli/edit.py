"""``incarnate edit``: change an avatar's materials, whole or by region."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

if TYPE_CHECKING:
    from incarnate.avatars.editing import Edit
    from incarnate.avatars.regions import PaintedRegion, PartRegion


@dataclass(frozen=True)
class Materials:
    """What to change; what is left out stays."""

    albedo: str | None = None
    """Colour that the albedo becomes, sRGB, such as #8a2f38."""
    tint: str | None = None
    """Colour by which the albedo is multiplied, sRGB: white leaves it, detail stays."""
    albedo_scale: float | None = None
    """Factor on the albedo in linear colour; above 1 brightens."""
    roughness: float | None = None
    """Roughness that it becomes, 0.2 (wet) to 0.95 (matt)."""
    roughness_scale: float | None = None
    """Factor on the roughness."""
    f0: float | None = None
    """Reflectance at normal incidence that it becomes, 0.02 to 0.15; skin has 0.028."""


@dataclass(frozen=True)
class Where:
    """Which part of the avatar; all of it, hair and clothes too, if left out."""

    region: Path | None = None
    """Picture painted on the rig's uv: white is edited, grey in part, black is not."""
    part: str | None = None
    """A part of the rig, such as skin, lips, left_eye, right_eye, teeth or tongue."""
    feather: float = 0.0
    """Width of a soft border, millimetres, at most 30."""


def edit(
    avatar: tyro.conf.Positional[Path],
    output: Annotated[Path | None, tyro.conf.arg(aliases=["-o"])] = None,
    materials: tyro.conf.OmitArgPrefixes[Materials] = Materials(),
    where: tyro.conf.OmitArgPrefixes[Where] = Where(),
    template: Path | None = None,
) -> None:
    """Change an avatar's albedo, roughness or F0 into a new avatar folder.

    Args:
        avatar: Folder of the avatar; it stays as it is.
        output: Folder of the edited avatar, which must not exist yet.
        materials: What to change.
        where: Which part of it.
        template: Write the rig's uv layout, with the avatar's albedo, to this PNG to paint over.
    """
    from incarnate.avatars.editing import write_edited
    from incarnate.errors import AvatarError

    if output is None and template is None:
        raise AvatarError("give -o NEW for the edited avatar, or --template FILE.png to paint on.")
    if template is not None:
        write_template(avatar, template)
        print(f"wrote {template}: paint the region white on black, in a picture of the same layout")
    if output is None:
        return
    change, region = edit_of(materials), region_of(where)
    write_edited(avatar, output, change, region=region, region_name=region_name(where))
    changed = ", ".join(name.replace("reflectance", "F0") for name in change.note())
    print(f"wrote {output}: {changed} of {region_name(where)} edited")
    print(f"next: incarnate render {output} --light studio -o {output.name}.mp4")


def edit_of(materials: Materials) -> "Edit":
    """The edit that the options name.

    Raises:
        AvatarError: A colour is not written as one.
    """
    from incarnate.avatars.editing import Edit

    albedo = None if materials.albedo is None else _linear(materials.albedo)
    tint = None if materials.tint is None else _linear(materials.tint)
    if materials.albedo_scale is not None:
        red, green, blue = tint or (1.0, 1.0, 1.0)
        scale = materials.albedo_scale
        tint = (scale * red, scale * green, scale * blue)
    return Edit(albedo, tint, materials.roughness, materials.roughness_scale, materials.f0)


def region_of(where: Where) -> "PaintedRegion | PartRegion | None":
    """The region that the options name.

    Raises:
        AvatarError: Two regions are named, or the picture can't be read.
    """
    from incarnate.avatars.regions import PaintedRegion, PartRegion, mask_from_picture
    from incarnate.capture.pictures import read_picture
    from incarnate.errors import AvatarError, CaptureError

    if where.region is not None and where.part is not None:
        raise AvatarError("--region and --part are two regions; give one of them.")
    feather = where.feather / 1000
    if where.part is not None:
        return PartRegion(where.part, feather)
    if where.region is None:
        if feather:
            raise AvatarError("--feather softens a border; give --region or --part as well.")
        return None
    try:
        pixels = read_picture(where.region)
    except CaptureError as error:
        raise AvatarError(
            f"the region {where.region} can't be read as PNG or JPEG; "
            "`incarnate edit AVATAR --template FILE.png` writes a picture to paint on."
        ) from error
    return PaintedRegion(mask_from_picture(pixels), feather)


def region_name(where: Where) -> str:
    """How the avatar's list of edits names the region."""
    if where.part is not None:
        return where.part
    return "whole" if where.region is None else where.region.name


def write_template(avatar: Path, path: Path) -> None:
    """Draw the avatar's uv layout over its albedo."""
    from incarnate.avatars.files import load_head
    from incarnate.avatars.regions import albedo_on_uv
    from incarnate.capture.pictures import write_picture
    from incarnate.errors import AvatarError
    from incarnate.rigs.uv_layout import draw_uv_layout

    if path.suffix.lower() != ".png":
        raise AvatarError(f"--template {path}: give a name that ends in .png.")
    who, size = load_head(avatar), 2048
    write_picture(path, draw_uv_layout(who.rig, size, albedo_on_uv(who, size)))


def _linear(colour: str) -> tuple[float, float, float]:
    """Linear RGB of an sRGB colour written ``#rrggbb``."""
    from incarnate.errors import AvatarError, RenderError
    from incarnate.view.clip import colour_of

    try:
        red, green, blue = colour_of(colour).tolist()
    except RenderError as error:
        raise AvatarError(f"{colour!r} is no colour; write one as #8a2f38.") from error
    return red, green, blue
