"""Recipes are plain values, and presets are found by name."""

from typing import get_args

import pytest

from incarnate.train.recipes import PRESETS, Preset, recipe_of


@pytest.mark.parametrize("preset", get_args(Preset))
def test_presets_are_found_by_their_name_and_are_sane(preset: Preset) -> None:
    recipe = recipe_of(preset)
    assert recipe.preset == preset
    assert recipe in PRESETS
    assert 0 <= recipe.coarse_steps < recipe.steps
    assert recipe.surface_splats <= recipe.max_splats
