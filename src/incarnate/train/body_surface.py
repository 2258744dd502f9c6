"""Where the splats of a body lie: on the rig's own surface, or on a template of the clothes."""

from collections.abc import Callable
from pathlib import Path

from incarnate.avatars.template import TEMPLATE_NAME, TemplateMesh, load_template, save_template
from incarnate.capture.capture import Capture, Track
from incarnate.rigs.canonical import canonical_pose
from incarnate.rigs.position_maps import PositionMaps, make_position_maps, position_maps_of_rig
from incarnate.rigs.rig import Rig
from incarnate.rigs.skinning import world_from_rest_joints
from incarnate.train.body_recipes import BodyRecipe
from incarnate.train.template import TEMPLATE_PRESETS, fit_template

Progress = Callable[[int, int, str], None]


def body_surface(
    capture: Capture,
    track: Track,
    recipe: BodyRecipe,
    folder: Path,
    *,
    progress: Progress | None = None,
) -> PositionMaps:
    """The position maps that a recipe asks for.

    A template is fitted once and kept in the folder: a training that goes on finds the same.

    Args:
        capture: What the template is fitted to.
        track: The rig and its poses.
        recipe: Which surface, and the size of the maps.
        folder: Where the template is kept.
        progress: Called with steps done, steps in all, and what is going on.

    Raises:
        AvatarError: The template's file is damaged, or nothing of the person is in the mattes.
    """
    if recipe.surface == "rig":
        return position_maps_of_rig(track.rig, recipe.model.map_size)
    path = folder / TEMPLATE_NAME
    if path.is_file():
        template = load_template(path)
    else:
        template = fit_template(
            capture, track, TEMPLATE_PRESETS[recipe.template], progress=progress
        )
        save_template(template, path)
    return maps_of_template(template, track.rig, recipe.model.map_size)


def maps_of_template(template: TemplateMesh, rig: Rig, size: int) -> PositionMaps:
    """Position maps of a template, drawn in the canonical pose of its rig."""
    return make_position_maps(
        template.vertices,
        template.faces,
        template.weights,
        canonical_from_rest=world_from_rest_joints(rig, canonical_pose(rig)),
        size=size,
    )
