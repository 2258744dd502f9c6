"""Start colours of a body, read from a few frames of several cameras."""

import torch

from incarnate.avatars.body import BodyAvatar
from incarnate.avatars.coloring import ALBEDO_BOUNDS, filled_colors, see_points
from incarnate.avatars.observations import observe_views, spread_frames
from incarnate.capture.capture import Capture, Track

# Poses that are looked at, and the size of the pictures in pixels.
_POSES, _SIZE = 8, 256


@torch.no_grad()
def color_from_frames(avatar: BodyAvatar, capture: Capture, track: Track) -> None:
    """Set each splat's albedo to the mean colour at which training pictures show it.

    The light starts white with radiance one, under which albedo and linear colour are equal.
    """
    color_sum = torch.zeros_like(avatar.means)
    seen = torch.zeros_like(avatar.opacity_logits)
    still = avatar.means.new_zeros(*avatar.means.shape, track.rig.num_expressions)
    for index in spread_frames(track, capture.indices("train"), _POSES):
        for observation in observe_views(capture, track, index, _SIZE):
            now = see_points(observation, avatar.means, avatar.maps.weights, still)
            color_sum += now.weight[:, None] * now.color
            seen += now.weight
    colors = color_sum / seen.clamp(min=1)[:, None]
    colors = filled_colors(avatar.means, colors, seen > 0)
    avatar.albedo_logits.copy_(torch.logit(colors.clamp(*ALBEDO_BOUNDS)))
