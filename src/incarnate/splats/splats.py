"""The record of 3D Gaussians that everything in the package passes around."""

from dataclasses import dataclass, replace

from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True)
class Splats:
    """N anisotropic 3D Gaussians with named feature channels (docs/conventions.md, Splats)."""

    means: Float[Tensor, "splats 3"]
    """Centres, world metres."""
    quaternions: Float[Tensor, "splats 4"]
    """Splat-to-world rotation, ``wxyz``; normalised where it is used."""
    log_scales: Float[Tensor, "splats 3"]
    """Natural log of one standard deviation along each axis, metres."""
    opacity_logits: Float[Tensor, "splats"]
    """Sigmoid gives the opacity."""
    features: Float[Tensor, "splats channels"]
    """What is splatted: linear colour, or materials."""
    channels: tuple[str, ...]
    """One name a feature column; a name with three columns stands three times, in order."""

    def __post_init__(self) -> None:
        assert len(self.channels) == self.features.shape[-1], (self.channels, self.features.shape)

    def __len__(self) -> int:
        return self.means.shape[0]

    def __getitem__(self, name: str) -> Float[Tensor, "splats width"]:
        """The feature columns of one channel."""
        return self.features[:, columns_of(self.channels, name)]

    def take(self, indices: Int[Tensor, "chosen"]) -> "Splats":
        """Some of the splats, in the order of the indices."""
        return replace(
            self,
            means=self.means[indices],
            quaternions=self.quaternions[indices],
            log_scales=self.log_scales[indices],
            opacity_logits=self.opacity_logits[indices],
            features=self.features[indices],
        )

    def with_features(
        self, features: Float[Tensor, "splats channels"], channels: tuple[str, ...]
    ) -> "Splats":
        """The same geometry that carries other features."""
        return replace(self, features=features, channels=channels)


def columns_of(channels: tuple[str, ...], name: str) -> slice:
    """The columns of a named channel.

    Raises:
        KeyError: There is no such channel; the text lists those that exist.
    """
    if name not in channels:
        known = ", ".join(dict.fromkeys(channels))
        raise KeyError(f"no channel {name!r}; these exist: {known}")
    first = channels.index(name)
    count = channels.count(name)
    assert channels[first : first + count] == (name,) * count, f"channel {name!r} is not contiguous"
    return slice(first, first + count)
