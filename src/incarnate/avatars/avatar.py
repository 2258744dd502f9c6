"""What every avatar is to the rest of the package, and the one way to draw it."""

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.geometry.cameras import Camera
from incarnate.light.environment import Environment
from incarnate.rigs.rig import Pose, Rig
from incarnate.splats.raster import Raster
from incarnate.splats.rasterize import rasterize
from incarnate.splats.splats import Splats


# Checkable at run time, so that the tests' type checker accepts it in a signature.
@runtime_checkable
class Avatar(Protocol):
    """A person that can be posed, drawn and lit."""

    @property
    def rig(self) -> Rig:
        """The rig of this person, identity folded in."""
        ...

    def splat(self, pose: Pose, camera: Camera, light: Environment | None = None) -> Splats:
        """Posed splats with the channels that `shade` reads.

        Args:
            pose: One pose (no batch) in the rig's order.
            camera: The view; only view-dependent channels use it.
            light: What lights the person, as in `shade`; only shadows use it.
        """
        ...

    def shade(
        self, raster: Raster, camera: Camera, light: Environment | None
    ) -> Float[Tensor, "height width 3"]:
        """Linear RGB of the person, premultiplied by ``raster.alpha``.

        Args:
            raster: The rasterized channels.
            camera: The view.
            light: What lights the person; None is the light of the training capture.
        """
        ...


def render(
    avatar: Avatar,
    pose: Pose,
    camera: Camera,
    light: Environment | None = None,
    background: Float[Tensor, "#height #width 3"] | None = None,
) -> Float[Tensor, "height width 3"]:
    """Draw an avatar: the only place where splatting and shading meet.

    Args:
        avatar: Who.
        pose: One pose in the rig's order.
        camera: The view.
        light: What lights the person; None is the light of the training capture.
        background: Linear RGB behind the person; black if left out.

    Returns:
        Linear RGB, float, composited once.
    """
    raster = rasterize(avatar.splat(pose, camera, light), camera)
    image = avatar.shade(raster, camera, light)
    if background is None:
        return image
    return image + (1 - raster.alpha)[..., None] * background


def render_alpha(avatar: Avatar, pose: Pose, camera: Camera) -> Float[Tensor, "height width"]:
    """Coverage of the picture by the avatar, in [0, 1]."""
    with torch.no_grad():
        return rasterize(avatar.splat(pose, camera), camera).alpha
