"""Recipes are plain values, and presets are found by name."""

import pytest

from incarnate.train.recipes import PRESETS, HeadRecipe, recipe_of


@pytest.mark.parametrize("recipe", PRESETS, ids=lambda recipe: recipe.preset)
def test_presets_are_found_by_their_name_and_are_sane(recipe: HeadRecipe) -> None:
    assert recipe_of(recipe.preset) is recipe
    assert 0 <= recipe.coarse_steps < recipe.steps
    assert recipe.surface_splats <= recipe.max_splats
