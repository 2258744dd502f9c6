"""Shows what each part of the method is worth: trains without it, on the same frames and seed.

Where expressions come from is compared the same way, though nothing is lacking there.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from incarnate.avatars.files import load_head
from incarnate.avatars.head import HeadAvatar
from incarnate.capture.capture import Capture
from incarnate.errors import AvatarError
from incarnate.evaluate.protocol import evaluate
from incarnate.evaluate.report import report_json, write_report
from incarnate.evaluate.scores import Options
from incarnate.train.ablation_parts import (
    Progress,
    check_names,
    is_trained,
    measured,
    prefixed,
)
from incarnate.train.ablation_table import ArmResult, ablation_markdown
from incarnate.train.checkpoints import claim_folder
from incarnate.train.cpu_minutes import cpu_minutes, minutes_of
from incarnate.train.fit import train_head
from incarnate.train.recipes import HeadRecipe
from incarnate.whole_files import write_whole

_RESULT = "result.json"


@dataclass(frozen=True)
class Arm:
    """A training that lacks one part of the method, or does it another way."""

    name: str
    claim: str
    """What the comparison with the whole method is to show."""
    difference: str
    """What the arm does otherwise, in a few words."""
    change: Callable[[HeadRecipe], HeadRecipe]
    """Makes its recipe from that of the whole method."""


def _without_normal_restraint(recipe: HeadRecipe) -> HeadRecipe:
    return replace(recipe, losses=replace(recipe.losses, normal=0.0, flatness=0.0))


def _without_depth_normals(recipe: HeadRecipe) -> HeadRecipe:
    return replace(recipe, losses=replace(recipe.losses, depth_normal=0.0))


def _with_codes(recipe: HeadRecipe, *, num_codes: int) -> HeadRecipe:
    return replace(recipe, model=replace(recipe.model, num_codes=num_codes))


def _without_albedo_prior(recipe: HeadRecipe) -> HeadRecipe:
    return replace(recipe, losses=replace(recipe.losses, albedo=0.0, detail=0.0, light=0.0))


WHOLE: Final = Arm("whole", "", "the whole method", lambda recipe: recipe)
"""What every arm is compared with."""

ARMS: Final = (
    Arm(
        "encoder",
        "An encoder beats expressions fixed by tracking",
        "an encoder reads expressions from the pictures, of test frames too",
        lambda recipe: replace(recipe, expression=replace(recipe.expression, source="encoder")),
    ),
    Arm(
        "optimised-codes",
        "Expressions that each training frame learns for itself",
        "free in training frames, tracked in test frames",
        lambda recipe: replace(recipe, expression=replace(recipe.expression, source="optimised")),
    ),
    Arm(
        "frozen-bases",
        "Learned bases and skinning weights beat the rig's",
        "bases and skinning weights stay the rig's",
        lambda recipe: replace(recipe, model=replace(recipe.model, bases="frozen")),
    ),
    Arm(
        "codes-8",
        "How many deformation codes the learned bases need",
        "learned bases answer to 8 codes",
        partial(_with_codes, num_codes=8),
    ),
    Arm(
        "codes-16",
        "How many deformation codes the learned bases need",
        "learned bases answer to 16 codes",
        partial(_with_codes, num_codes=16),
    ),
    Arm(
        "baked",
        "Shading gives relighting without losing likeness",
        "one fixed colour a splat, no light",
        lambda recipe: replace(recipe, model=replace(recipe.model, shading="baked")),
    ),
    Arm(
        "no-shadows",
        "Traced shadows are worth their time",
        "the head casts no shadow on itself",
        lambda recipe: replace(recipe, model=replace(recipe.model, shadows="off")),
    ),
    Arm(
        "no-occlusion",
        "Occlusion that follows the expression helps",
        "no factor on light that depends on the expression",
        lambda recipe: replace(recipe, model=replace(recipe.model, occlusion="off")),
    ),
    Arm(
        "free-normals",
        "Normals are sane because they are held",
        "loss weights normal, flatness and depth_normal are zero",
        lambda recipe: _without_depth_normals(_without_normal_restraint(recipe)),
    ),
    Arm(
        "no-depth-normals",
        "Normals of the splatted depth make normals better",
        "loss weight depth_normal is zero",
        _without_depth_normals,
    ),
    Arm(
        "no-normal-restraint",
        "Normals of the splatted depth do not hold normals by themselves",
        "loss weights normal and flatness are zero",
        _without_normal_restraint,
    ),
    Arm(
        "no-splat-residual",
        "What light leaves unexplained at single splats makes likeness better",
        "albedo is learned to the end, and no splat has a residual of its own",
        lambda recipe: replace(recipe, model=replace(recipe.model, splat_residual="off")),
    ),
    Arm(
        "no-albedo-prior",
        "The prior on albedo and light helps relighting",
        "loss weights albedo, detail and light are zero",
        _without_albedo_prior,
    ),
)
"""The arms, in the order of the table."""


def run_ablation(
    capture: Capture,
    recipe: HeadRecipe,
    folder: Path,
    *,
    arms: Sequence[str] | None = None,
    options: Options | None = None,
    progress: Progress | None = None,
) -> tuple[ArmResult, ...]:
    """Train the whole method and arms that lack a part of it, measure all, and write the table.

    Same capture, frames, seed and steps for all. Each arm has a folder of its own, goes on where
    it was interrupted, and is not run again once it is measured. The table keeps arms that are
    not asked for now, if they were trained and measured as these are.

    Args:
        capture: A tracked capture with test frames.
        recipe: The whole method.
        folder: Where arms, ``ablation.md`` and ``ablation.json`` go.
        arms: Names among `ARMS`; all if left out.
        options: Of the evaluation; both LPIPS networks if left out.
        progress: Called with steps done, steps in all, and what is going on.

    Returns:
        What each of these arms is worth, the whole method first.

    Raises:
        AvatarError: There is no such arm, or a folder holds another training.
    """
    chosen = (WHOLE, *_arms_named(arms))
    options = options or Options()
    results = {
        arm.name: result
        for arm in ARMS
        if arm not in chosen
        and (result := _earlier_result(arm, capture, recipe, folder / arm.name, options=options))
    }
    for number, arm in enumerate(chosen, 1):
        tell = prefixed(progress, f"{number}/{len(chosen)} {arm.name}")
        results[arm.name] = _run_arm(arm, capture, recipe, folder / arm.name, (options, tell))
        rows = [results[known.name] for known in (WHOLE, *ARMS) if known.name in results]
        _write_table(rows, capture, recipe, folder)
    return tuple(results[arm.name] for arm in chosen)


def median_drift(avatar: HeadAvatar) -> float:
    """Median distance of the splats from where they started, in rest space, millimetres."""
    return 1000 * float((avatar.means - avatar.start_means).detach().norm(dim=-1).median())


def _arms_named(names: Sequence[str] | None) -> tuple[Arm, ...]:
    check_names(names or (), [arm.name for arm in ARMS])
    return tuple(arm for arm in ARMS if names is None or arm.name in names)


def _earlier_result(
    arm: Arm, capture: Capture, recipe: HeadRecipe, folder: Path, *, options: Options
) -> ArmResult | None:
    """What another run found of an arm, if it trained and measured as this one does."""
    if not (folder / _RESULT).is_file():
        return None
    try:
        claim_folder(folder / "training", arm.change(recipe), capture.folder)
    except AvatarError:
        return None
    found = measured(folder / _RESULT, _measured_as(options))
    if found is None:
        return None
    return ArmResult(arm.name, arm.claim, arm.difference, found["figures"])


def _measured_as(options: Options) -> dict[str, Any]:
    """What a result's file says of its measurement."""
    return {"options": json.loads(json.dumps(asdict(options)))}


def _run_arm(
    arm: Arm,
    capture: Capture,
    recipe: HeadRecipe,
    folder: Path,
    how: tuple[Options, Progress | None],
) -> ArmResult:
    options, progress = how
    arm_recipe = arm.change(recipe)
    claim_folder(folder / "training", arm_recipe, capture.folder)
    wanted = _measured_as(options)
    path = folder / _RESULT
    if found := measured(path, wanted):
        return ArmResult(arm.name, arm.claim, arm.difference, found["figures"])
    avatar = _trained(capture, arm_recipe, folder, progress)
    report = replace(evaluate(avatar, capture, options=options, progress=progress), avatar=arm.name)
    write_report(report, folder / "report")
    own = {"splats": float(avatar.num_splats), "drift_mm": median_drift(avatar)}
    minutes = minutes_of(folder)
    own |= {} if minutes is None else {"minutes": minutes}
    known = report_json(report)
    figures = {key: float(v) for key, v in known.items() if isinstance(v, int | float)} | own
    write_whole(json.dumps(wanted | {"figures": figures}, indent=1), path)
    return ArmResult(arm.name, arm.claim, arm.difference, figures)


def _trained(
    capture: Capture, recipe: HeadRecipe, folder: Path, progress: Progress | None
) -> HeadAvatar:
    """The avatar of an arm; one that is wholly trained is read."""
    if is_trained(folder, recipe.steps):
        return load_head(folder)
    with cpu_minutes(folder, progress) as tell:
        return train_head(capture, recipe, folder, progress=tell)


def _write_table(
    results: Sequence[ArmResult], capture: Capture, recipe: HeadRecipe, folder: Path
) -> None:
    content: dict[str, Any] = {
        "capture": capture.name,
        "recipe": asdict(recipe),
        "arms": [asdict(result) for result in results],
    }
    write_whole(json.dumps(content, indent=1) + "\n", folder / "ablation.json")
    setting = (
        f"Capture {capture.name}, preset {recipe.preset}: {recipe.steps} steps at {recipe.size} "
        f"pixels, at most {recipe.max_splats} splats, seed {recipe.seed}; the same frames for all."
    )
    write_whole(ablation_markdown(results, setting), folder / "ablation.md")
