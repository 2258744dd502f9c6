from incarnate.avatars.body_model import BodyModel
from incarnate.avatars.networks import NETWORK_SIZES
from incarnate.avatars.pose_changes import POSE_CHANNELS


def test_the_network_is_given_what_the_avatar_has_and_asked_for_what_it_reads() -> None:
    model = BodyModel(history=(0.1, 0.3), gravity=True, network=NETWORK_SIZES["smoke"])
    assert model.painter.condition_channels == 3 * (1 + 2 + 1)
    assert model.painter.channels == POSE_CHANNELS
    assert model.painter.view_channels == 0
    assert model.condition.size == NETWORK_SIZES["smoke"].condition_size
