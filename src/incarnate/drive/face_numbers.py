"""The numbers by which a face before a camera drives an avatar, for programs in other languages.

``scripts/draw_viewer_data.py`` writes them for the browser viewer, which drives as Python does.
"""

from typing import Any

from incarnate.drive import calibration, clips, retargeting
from incarnate.drive.live_camera import head_points
from incarnate.drive.live_follow import FollowSettings
from incarnate.rigs.embedded import EYE_LOOK_RADIANS, JAW_OPEN_RADIANS
from incarnate.tracking.smoothing import OneEuroSettings

# A micrometre of the head is far below what a landmark is known to.
_DECIMALS = 6


def face_numbers() -> dict[str, Any]:
    """Turns, shares and limits by name, and MediaPipe's points on the embedded head at rest."""
    rest, tells_turn = head_points()
    return {
        "eyeLookRadians": dict(EYE_LOOK_RADIANS),
        "jawOpenRadians": JAW_OPEN_RADIANS,
        "neckShare": retargeting.NECK_SHARE,
        "calmShare": calibration.CALM_SHARE,
        "minCalmFrames": calibration.MIN_CALM_FRAMES,
        "softMargin": calibration.SOFT_MARGIN,
        "minCutoff": FollowSettings().cutoff,
        "beta": clips.FOLLOWING_BETA,
        "speedCutoff": OneEuroSettings().speed_cutoff,
        "metresPerUnit": clips.METRES_PER_UNIT,
        "headPoints": tells_turn.nonzero()[0].tolist(),
        "headPlaces": rest[tells_turn].round(_DECIMALS).flatten().tolist(),
    }
