import pytest

from incarnate.train.body_recipes import BODY_PRESETS, QUICK_BODY, body_recipe_of


@pytest.mark.parametrize("recipe", BODY_PRESETS, ids=lambda recipe: recipe.preset)
def test_presets_fit_together(recipe) -> None:
    assert body_recipe_of(recipe.preset) is recipe
    assert recipe.practice_others + recipe.practice_nothing < 1
    assert 0 < recipe.coarse_share < 1
    assert 0 < recipe.network_share < 1
    model = recipe.model
    # A condition's pixels are blocks of the maps' pixels.
    assert model.map_size % model.condition.size == 0
    assert model.map_size % model.signature.size == 0
    if model.network is not None:
        assert model.painter.condition_channels == model.condition.num_channels


def test_presets_grow() -> None:
    # The demo has more steps than `quick`, on smaller pictures.
    drawn = [recipe.steps * recipe.size**2 for recipe in BODY_PRESETS]
    assert drawn == sorted(drawn)
    assert body_recipe_of("quick") is QUICK_BODY
