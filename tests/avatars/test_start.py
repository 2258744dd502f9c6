"""What surrounds starting splats fits them, one row each."""

import torch

from incarnate.avatars.seeding import start_on_surface
from incarnate.avatars.start import surroundings_of
from incarnate.avatars.transfer import NUM_DIRECTIONS
from incarnate.rigs.embedded import default_head_rig


def test_surroundings_have_a_row_for_each_splat_and_are_open_by_default() -> None:
    start = start_on_surface(default_head_rig(), 300, torch.Generator().manual_seed(0))
    around = surroundings_of(start, 20)
    assert around.visibility.shape == (300, NUM_DIRECTIONS)
    assert bool((around.visibility == 255).all())
    assert 0 <= int(around.nodes.min()) <= int(around.nodes.max()) < 20
    torch.testing.assert_close(around.node_weights.sum(-1), torch.ones(300))


def test_given_visibility_is_kept() -> None:
    start = start_on_surface(default_head_rig(), 50, torch.Generator().manual_seed(0))
    visibility = torch.randint(0, 256, (50, NUM_DIRECTIONS), dtype=torch.uint8)
    assert torch.equal(surroundings_of(start, 5, visibility).visibility, visibility)
