"""Preview pictures of a running training: what the camera saw beside what the avatar shows."""

from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from incarnate.capture.pictures import write_picture
from incarnate.geometry.colors import srgb_from_linear
from incarnate.train.frames import TrainingFrame


def write_preview(image: Float[Tensor, "height width 3"], frame: TrainingFrame, path: Path) -> None:
    """Write truth, avatar and their difference side by side.

    Args:
        image: The avatar over black, linear RGB.
        frame: The frame that it should look like.
        path: A .jpg or .png file; its folder is made.
    """
    encoded = srgb_from_linear(image).clamp(0, 1)
    # Four times the difference around mid grey: what is too bright or too dark shows as such.
    difference = (0.5 + 4 * (encoded - frame.target)).clamp(0, 1)
    sheet = torch.cat([frame.target, encoded, difference], 1)
    write_picture(path, (sheet * 255 + 0.5).to(torch.uint8).numpy())
