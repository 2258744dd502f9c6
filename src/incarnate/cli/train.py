"""``incarnate train head``: fit a head avatar to a tracked capture."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from incarnate.cli.progress import ConsoleProgress

if TYPE_CHECKING:
    from incarnate.train.recipes import HeadRecipe

Preset = Literal["smoke", "demo", "quick", "standard"]


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
) -> None:
    """Train a head avatar; run the same command again to go on after an interruption.

    Args:
        capture: A tracked capture: what `incarnate track` wrote.
        output: Folder of the avatar.
        preset: smoke (under a minute), demo (a few minutes, small pictures), quick (about ten
            minutes), standard (about an hour), on two cores.
        changes: Single settings that differ from the preset.
        threads: CPU threads; 0 means all cores, at most 8.
    """
    from incarnate.capture.files import load_capture
    from incarnate.cli.threads import use_threads
    from incarnate.train.fit import train_head
    from incarnate.train.recipes import recipe_of

    use_threads(threads)
    recipe = changed_recipe(recipe_of(preset), changes)
    with ConsoleProgress() as progress:
        avatar = train_head(load_capture(capture), recipe, output, progress=progress)
    print(f"wrote {output}: {avatar.num_splats} splats after {recipe.steps} steps")
    print(f"previews and metrics: {output / 'training'}")
    print(f"next: incarnate evaluate {output} {capture}")


def changed_recipe(recipe: "HeadRecipe", changes: Changes) -> "HeadRecipe":
    """A preset with the user's changes; fewer steps shorten the coarse stage in proportion."""
    given = {name: value for name, value in vars(changes).items() if value is not None}
    model_fields = ("bases", "shading", "occlusion", "shadows")
    model = replace(recipe.model, **{k: given.pop(k) for k in model_fields if k in given})
    if "expression" in given:
        given["expression"] = replace(recipe.expression, source=given["expression"])
    if "steps" in given:
        given["coarse_steps"] = recipe.coarse_steps * given["steps"] // recipe.steps
    return replace(recipe, model=model, **given)
