"""What paint says about points of a surface."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from incarnate.capture.synthetic.palette import Colour


@dataclass(frozen=True)
class Material:
    """Surface properties of points."""

    albedo: Float[Tensor, "points 3"]
    """Linear RGB."""
    roughness: Float[Tensor, "points 1"]
    """Perceptual; GGX α is its square."""
    reflectance: Float[Tensor, "points 1"]
    """F0 at normal incidence."""
    slope: Float[Tensor, "points 3"]
    """Gradient of the height of bumps, in rest axes; no unit (metres a metre)."""

    def layered(self, cover: "Material", amount: Float[Tensor, "points 1"]) -> "Material":
        """This material under another one that covers a share of it."""
        return Material(
            *(
                torch.lerp(under, over, amount.expand_as(under))
                for under, over in zip(_fields(self), _fields(cover), strict=True)
            )
        )

    def at(self, chosen: Bool[Tensor, "points"]) -> "Material":
        """The material of some of the points."""
        return Material(*(values[chosen] for values in _fields(self)))

    def replaced(self, chosen: Bool[Tensor, "points"], others: "Material") -> "Material":
        """This material, with that of the chosen points taken from others, in their order."""
        return Material(
            *(
                whole.masked_scatter(chosen[:, None].expand_as(whole), part)
                for whole, part in zip(_fields(self), _fields(others), strict=True)
            )
        )


def even_material(
    count: int, colour: Colour, roughness: float, reflectance: float = 0.04
) -> Material:
    """The same smooth stuff everywhere."""
    return Material(
        torch.tensor(colour).expand(count, 3),
        torch.full((count, 1), roughness),
        torch.full((count, 1), reflectance),
        torch.zeros(count, 3),
    )


def _fields(material: Material) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return material.albedo, material.roughness, material.reflectance, material.slope
