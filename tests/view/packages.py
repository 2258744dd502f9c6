"""A head avatar without training that has something of everything that a package carries."""

import torch
from tests.avatars.people import portrait_camera, small_avatar, talking_poses

from incarnate.avatars.files import Stage
from incarnate.avatars.head import HeadAvatar, HeadModel


def lively_avatar(num_splats: int = 1500, model: HeadModel | None = None) -> HeadAvatar:
    """Coloured, glossy in places, with learned bases, occlusion, residual, and its own light."""
    avatar = small_avatar(model, num_splats)
    draw = torch.Generator().manual_seed(7)
    waves = torch.sin(40 * avatar.means.detach() + 1)

    def noise(like: torch.Tensor) -> torch.Tensor:
        return torch.randn(like.shape, generator=draw)

    with torch.no_grad():
        avatar.albedo_logits.copy_(waves)
        avatar.roughness_logits.copy_(2 * waves[:, 0])
        avatar.reflectance_logits.copy_(2 * waves[:, 1])
        avatar.corrective_basis.add_(1e-3 * noise(avatar.corrective_basis))
        avatar.occlusion_basis.add_(0.3 * noise(avatar.occlusion_basis))
        avatar.residual.add_(0.2 * noise(avatar.residual))
        rows = torch.linspace(2, -1, avatar.model.light_height)[:, None, None]
        avatar.light_logits.add_(rows + torch.tensor([0.4, 0.0, -0.3]))
    return avatar.requires_grad_(False)


def lively_stage(avatar: HeadAvatar, size: int = 96) -> Stage:
    """Eight poses before a camera that looks at the face."""
    return Stage(portrait_camera(size), talking_poses(avatar.rig, 8), fps=25.0, test_start=8)
