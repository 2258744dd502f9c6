import torch
from tests.avatars.tiny_networks import TINY, awake, condition_for

from incarnate.avatars.pose_mlp import PoseMlp, encoded_places


def test_each_pixel_has_a_place_of_its_own() -> None:
    places = encoded_places(16)
    assert len(places) == 2 * 16 * 16
    distances = torch.cdist(places, places).fill_diagonal_(torch.inf)
    assert float(distances.min()) > 0.5
    # Waves have unit variance, but for the sampling of the highest octave.
    assert 0.8 < float(places.square().mean()) < 1.2


def test_pixels_beside_the_silhouette_are_left_out() -> None:
    network = PoseMlp(TINY)
    awake(network)
    condition = condition_for(TINY)
    condition[:, :, :3] = 0
    _, features = network.features(condition)
    assert not bool(features[:, :, :6].any())
    assert bool(features[:, :, 6:].any(1).all())


def test_only_means_over_cells_of_the_condition_matter() -> None:
    network = PoseMlp(TINY)
    awake(network)
    condition = condition_for(TINY)
    # Cells are 2 × 2 pixels of the condition's 8 × 8: a swap within one changes no mean.
    swapped = condition.clone()
    swapped[:, :, 0, :2] = condition[:, :, 0, :2].flip(-1)
    torch.testing.assert_close(network(condition), network(swapped))
    assert not torch.equal(network(condition), network(condition + 0.1))
