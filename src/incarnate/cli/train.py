"""``incarnate train head`` and ``train body``: fit an avatar to a capture."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import tyro

from incarnate.cli.progress import ConsoleProgress

if TYPE_CHECKING:
    from incarnate.train.body_recipes import BodyRecipe
    from incarnate.train.recipes import HeadRecipe

Preset = Literal["smoke", "demo", "quick", "standard"]
BodyPreset = Literal["smoke", "demo", "quick", "standard", "paper"]

# Smaller pictures hold less than the window of SSIM, halved as they are at first.
_LEAST: Final = {
    "steps": 1,
    "size": 24,
    "max_splats": 1,
    "seed": 0,
    "map_size": 64,
    "views": 1,
    "key_poses": 0,
}


@dataclass(frozen=True)
class Changes:
    """What to change in the preset; left out, the preset decides."""

    steps: int | None = None
    """Optimisation steps."""
    size: int | None = None
    """Longest side of the training pictures, pixels."""
    max_splats: int | None = None
    """Splats at most."""
    seed: int | None = None
    """Seeds the start and the order of frames."""
    bases: Literal["learned", "frozen"] | None = None
    """Learn deformation bases and skinning per splat, or keep the rig's."""
    codes: int | None = None
    """How many principal deformation codes learned bases answer to."""
    shading: Literal["shaded", "baked"] | None = None
    """Materials under a learned light, or one fixed colour a splat."""
    occlusion: Literal["learned", "off"] | None = None
    """A factor on each splat's light that depends on the expression."""
    shadows: Literal["traced", "off"] | None = None
    """Whether the head shadows itself."""
    expression: Literal["tracked", "optimised", "encoder"] | None = None
    """Take expressions from tracking, free them for each training frame, or read them from the
    pictures by an encoder that is trained with the avatar."""


def head(
    capture: tyro.conf.Positional[Path],
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])],
    preset: Preset = "quick",
    changes: tyro.conf.OmitArgPrefixes[Changes] = Changes(),
    threads: int = 0,
    *,
    view: bool = False,
) -> None:
    """Train a head avatar; run the same command again to go on after an interruption.

    Args:
        capture: A tracked capture: what `incarnate track` wrote.
        output: Folder of the avatar.
        preset: smoke (under a minute), demo (a few minutes, small pictures), quick (about ten
            minutes), standard (about an hour), on two cores.
        changes: Single settings that differ from the preset.
        threads: CPU threads; 0 means all cores, at most 8.
        view: Show in the browser how it goes: curve, previews, and the avatar so far.
    """
    from incarnate.capture.files import load_capture
    from incarnate.cli.studio import watched
    from incarnate.cli.threads import use_threads
    from incarnate.train.fit import train_head
    from incarnate.train.recipes import recipe_of

    use_threads(threads)
    recipe = changed_recipe(recipe_of(preset), changes)
    with watched(output, view), ConsoleProgress() as progress:
        avatar = train_head(load_capture(capture), recipe, output, progress=progress)
    print(f"wrote {output}: {avatar.num_splats} splats after {recipe.steps} steps")
    print(f"previews and metrics: {output / 'training'}")
    print(f"next: incarnate evaluate {output} {capture}")
    print(f"or:   incarnate export {output} --format web -o {output}-web")


def changed_recipe(recipe: "HeadRecipe", changes: Changes) -> "HeadRecipe":
    """A preset with the user's changes; fewer steps shorten the coarse stage in proportion.

    Raises:
        AvatarError: A number is too small to train with.
    """
    from incarnate.errors import AvatarError

    _check_numbers(changes)
    if changes.codes is not None and changes.codes < 1:
        raise AvatarError(
            f"--codes {changes.codes}: learned bases answer to at least one code; "
            "--bases frozen learns none"
        )
    given = {name: value for name, value in vars(changes).items() if value is not None}
    if "codes" in given:
        given["num_codes"] = given.pop("codes")
    model_fields = ("num_codes", "bases", "shading", "occlusion", "shadows")
    model = replace(recipe.model, **{k: given.pop(k) for k in model_fields if k in given})
    if "expression" in given:
        given["expression"] = replace(recipe.expression, source=given["expression"])
    if "steps" in given:
        given["coarse_steps"] = recipe.coarse_steps * given["steps"] // recipe.steps
    return replace(recipe, model=model, **given)


@dataclass(frozen=True)
class BodyChanges:
    """What to change in the preset of a body; left out, the preset decides."""

    steps: int | None = None
    """Optimisation steps; one pose a step."""
    size: int | None = None
    """Longest side of the training pictures, pixels."""
    map_size: int | None = None
    """Side of the position maps in pixels; more pixels, more splats. A multiple of 64."""
    views: int | None = None
    """Cameras of each step."""
    seed: int | None = None
    """Seeds the network, the order of poses and the choice of cameras."""
    surface: Literal["template", "rig"] | None = None
    """Put splats on a surface that is fitted to the clothes, or on the rig's own."""
    dependence: Literal["posed", "static"] | None = None
    """Let splats change with the pose, or only skin them."""
    network: Literal["bases", "styleunet", "unet", "mlp"] | None = None
    """What paints the changes of a pose."""
    key_poses: int | None = None
    """Poses that the memory keeps; 0 is no memory."""
    network_share: float | None = None
    """Share of the steps that learn everything but the memory, before that is learned beside it,
    0 to 1; 0 learns all together."""
    shading: Literal["shaded", "baked"] | None = None
    """Materials under a learned light, or one fixed colour a splat."""


def body(
    capture: tyro.conf.Positional[Path],
    output: Annotated[Path, tyro.conf.arg(aliases=["-o"])],
    preset: BodyPreset = "quick",
    changes: tyro.conf.OmitArgPrefixes[BodyChanges] = BodyChanges(),
    threads: int = 0,
    *,
    view: bool = False,
) -> None:
    """Train a body avatar; run the same command again to go on after an interruption.

    Args:
        capture: A calibrated capture of several cameras, with a track.
        output: Folder of the avatar.
        preset: smoke (under a minute), demo and quick (about ten minutes), standard (about an
            hour), on two cores; paper is the published size, for a large GPU.
        changes: Single settings that differ from the preset.
        threads: CPU threads; 0 means all cores, at most 8.
        view: Show in the browser how it goes: curve, previews, and the avatar so far.
    """
    from incarnate.capture.files import load_capture
    from incarnate.cli.studio import watched
    from incarnate.cli.threads import use_threads
    from incarnate.train.body import train_body
    from incarnate.train.body_recipes import body_recipe_of

    use_threads(threads)
    recipe = changed_body_recipe(body_recipe_of(preset), changes)
    with watched(output, view), ConsoleProgress() as progress:
        avatar = train_body(load_capture(capture), recipe, output, progress=progress)
    print(f"wrote {output}: {avatar.num_splats} splats after {recipe.steps} steps")
    print(f"previews and metrics: {output / 'training'}")
    print(f"next: incarnate evaluate {output} {capture}")


def changed_body_recipe(recipe: "BodyRecipe", changes: BodyChanges) -> "BodyRecipe":
    """A preset with the user's changes.

    Raises:
        AvatarError: A number is too small to train with, maps have an odd size, or a share is none.
    """
    from incarnate.avatars.networks import NETWORK_SIZES
    from incarnate.errors import AvatarError

    _check_numbers(changes)
    if changes.map_size is not None and changes.map_size % _LEAST["map_size"]:
        raise AvatarError(
            f"--map-size {changes.map_size}: give a multiple of {_LEAST['map_size']}, such as 128"
        )
    share = changes.network_share
    if share is not None and not 0 <= share <= 1:
        raise AvatarError(f"--network-share {share:g}: give a share of the steps, from 0 to 1")
    given = {name: value for name, value in vars(changes).items() if value is not None}
    if "network" in given:
        kind = given["network"]
        size = NETWORK_SIZES["bases" if kind == "bases" else "quick"]
        given["network"] = replace(size, kind=kind)
    model_fields = ("map_size", "dependence", "network", "key_poses", "shading")
    model = replace(recipe.model, **{k: given.pop(k) for k in model_fields if k in given})
    return replace(recipe, model=model, **given)


def _check_numbers(changes: Changes | BodyChanges) -> None:
    """Refuse what no training can be made with, before anything is written."""
    from incarnate.errors import AvatarError

    for name, least in _LEAST.items():
        value = getattr(changes, name, None)
        if value is not None and value < least:
            raise AvatarError(f"--{name.replace('_', '-')} {value}: give {least} or more")
