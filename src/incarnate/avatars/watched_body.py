"""A body that is drawn, and how far the poses it is drawn in lie from those of its training."""

from typing import final

from jaxtyping import Float
from torch import Tensor

from incarnate.avatars.body import BodyAvatar
from incarnate.geometry.cameras import Camera
from incarnate.light.environment import Environment
from incarnate.rigs.rig import Pose, Rig
from incarnate.splats.raster import Raster
from incarnate.splats.splats import Splats


@final
class WatchedBody:
    """See `incarnate.avatars.avatar.Avatar`; what a pose tells the networks is found once."""

    def __init__(self, body: BodyAvatar) -> None:
        """Watch a body; it is not changed."""
        self._body = body
        self.distances: list[float] = []
        """Of the poses so far (`BodyAvatar.pose_distance`); none where the body can't tell."""

    @property
    def rig(self) -> Rig:
        """The body's rig."""
        return self._body.rig

    def splat(self, pose: Pose, camera: Camera, light: Environment | None = None) -> Splats:
        """See `Avatar.splat`."""
        condition = self._body.condition(pose)
        distance = self._body.pose_distance(condition)
        if distance is not None:
            self.distances.append(distance)
        return self._body.splat(pose, camera, light, condition=condition)

    def shade(
        self, raster: Raster, camera: Camera, light: Environment | None
    ) -> Float[Tensor, "height width 3"]:
        """See `Avatar.shade`."""
        return self._body.shade(raster, camera, light)
