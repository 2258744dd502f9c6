"""Parts the colours of a few frames into light and albedo, so that training starts from both.

A head that moves shows the same skin under several angles of light: how each splat brightens and
dims over the frames tells the light whatever the albedo is. What motion leaves open is settled by
the skin, most of which has one albedo. Then each splat gets the albedo that explains its colours.

Skin is glossy as well as matte: toward the rim, and in the shade of a bright room, much of its
colour is the mirrored light. A light fitted to matte skin has to come from all around to explain
that.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from incarnate.avatars.coloring import ALBEDO_BOUNDS, filled_colors, see_points
from incarnate.avatars.head import HeadAvatar, thin_axis
from incarnate.avatars.materials import REFLECTANCE_RANGE, ROUGHNESS_RANGE, decode_bounded
from incarnate.avatars.observations import Observation
from incarnate.avatars.transfer import Transfer, fan_shares
from incarnate.geometry.rotations import quaternion_from_matrix, quaternion_product
from incarnate.light.brdf import specular_albedo
from incarnate.light.environment import Environment
from incarnate.light.prefilter import prefilter
from incarnate.light.shading import specular_occlusion

_SAMPLES = 1000
_ITERATIONS = 150
# Adam's first step size; it falls along a cosine to a twentieth.
_RATE = 0.15
# Pictures are exposed so that skin under a light of radiance one would be this much darker than
# its albedo: so it was on a photographed head and on a modelled one (1.5 to 1.9, each channel).
_ALBEDO_GAIN, _MAX_SKIN = 1.6, 0.8
# Log-ratios at which a sample counts half: over time, and of a splat to the common albedo.
_CHANGE_SPREAD, _ALBEDO_SPREAD = 0.2, 0.2
_ALBEDO_WEIGHT = 0.25
# Log-ratio past which a colour can't be that of skin, however it is lit.
_UNLIKE = 1.0
_SMOOTHNESS = 0.03
# At the rim a colour is mixed with the background, and mostly gloss.
_MIN_FACING = 0.3
_DARK = 4e-3
_FAINT = 0.1
# Where a face's landmarks are known, skin is within this many metres of their middle.
_FACE_RADIUS = 0.06
# Rooms and skies are brighter above: so the fit starts.
_BRIGHT_ABOVE = 0.5


@dataclass(frozen=True)
class _Sights:
    """Colours of splats over frames, and what of their gloss no light changes."""

    colors: Float[Tensor, "frames splats 3"]
    weight: Float[Tensor, "frames splats"]
    """1 where a frame shows the splat's own colour, else 0."""
    mirrored: Float[Tensor, "frames splats 3"]
    """Unit directions that each splat mirrors toward the camera."""
    reflected: Float[Tensor, "frames splats 1"]
    """Share of the light that its gloss takes."""
    visible: Float[Tensor, "frames splats 1"]
    """Share of its glossy lobe that nothing hides."""
    roughness: Float[Tensor, "splats 1"]
    share: Float[Tensor, "splats parts"]
    """How much each splat follows each of the avatar's `shadow_joints`."""
    transfer: Transfer
    shares: Float[Tensor, "frames parts directions texels"]
    """How the texels of a light share in the fan, as each part is turned (`fan_shares`)."""

    def __getitem__(self, splats: Int[Tensor, "chosen"]) -> "_Sights":
        """The sights of some splats."""
        return _Sights(
            colors=self.colors[:, splats],
            weight=self.weight[:, splats],
            mirrored=self.mirrored[:, splats],
            reflected=self.reflected[:, splats],
            visible=self.visible[:, splats],
            roughness=self.roughness[splats],
            share=self.share[splats],
            transfer=self.transfer[splats],
            shares=self.shares,
        )


@dataclass(frozen=True)
class _Lit:
    """What a light makes of splats."""

    diffuse: Float[Tensor, "frames splats 3"]
    """To be multiplied by albedo."""
    gloss: Float[Tensor, "frames splats 3"]


@torch.no_grad()
def part_light_from_albedo(
    avatar: HeadAvatar, observations: list[Observation], generator: torch.Generator
) -> None:
    """Set an untrained avatar's light and albedo from frames that spread over its head poses.

    Args:
        avatar: Coloured as if lit by white light of radiance one.
        observations: The frames.
        generator: Picks the splats that the light is fitted to.
    """
    sights = _look(avatar, observations)
    color = _skin_color(avatar, sights)
    skin = (_ALBEDO_GAIN * color).clamp(max=_MAX_SKIN)
    avatar.light_logits.copy_(_fit_light(avatar, sights, color, skin, generator))
    avatar.start_light_logits.copy_(avatar.light_logits)
    lit = _light_up(sights, avatar.learned_light, skin)
    weight = sights.weight[..., None]
    # One faint sight of skin's albedo decides for splats that lie in the dark.
    explained = (weight * (sights.colors - lit.gloss) * lit.diffuse).sum(0) + _FAINT * skin
    energy = (weight * lit.diffuse.square()).sum(0) + _FAINT
    albedo = filled_colors(avatar.means, explained / energy, sights.weight.sum(0) > 0)
    avatar.albedo_logits.copy_(torch.logit(_shrunk(albedo, skin).clamp(*ALBEDO_BOUNDS)))


def _look(avatar: HeadAvatar, observations: list[Observation]) -> _Sights:
    weights = avatar.skinning_weights()
    colors, seen_weights, normals, views, rotations = [], [], [], [], []
    for observation in observations:
        seen = see_points(observation, avatar.means, weights, avatar.rig_basis)
        turn = observation.world_from_rest[:, :3, :3]
        turned = quaternion_product(weights @ quaternion_from_matrix(turn), avatar.quaternions)
        to_camera = nn.functional.normalize(observation.frame.camera.center - seen.position, dim=-1)
        colors.append(seen.color)
        seen_weights.append(seen.weight)
        normals.append(thin_axis(turned))
        views.append(to_camera)
        rotations.append(turn[avatar.shadow_joints])
    normal, to_camera = torch.stack(normals), torch.stack(views)
    n_dot_v = (normal * to_camera).sum(-1, keepdim=True)
    roughness = decode_bounded(avatar.roughness_logits, ROUGHNESS_RANGE)[:, None]
    reflectance = decode_bounded(avatar.reflectance_logits, REFLECTANCE_RANGE)[:, None]
    open_sky = 1 - avatar.transfer.hidden
    rough, reflectance, open_sky = (
        values.expand_as(n_dot_v) for values in (roughness, reflectance, open_sky)
    )
    return _Sights(
        colors=torch.stack(colors),
        weight=torch.stack(seen_weights) * (n_dot_v[..., 0] > _MIN_FACING),
        mirrored=2 * n_dot_v * normal - to_camera,
        reflected=specular_albedo(rough, n_dot_v, reflectance),
        visible=specular_occlusion(open_sky, n_dot_v, rough),
        roughness=roughness,
        share=avatar.shadow_share(weights),
        transfer=avatar.transfer,
        shares=fan_shares(avatar.model.light_height, torch.stack(rotations)),
    )


def _skin_color(avatar: HeadAvatar, sights: _Sights) -> Float[Tensor, "3"]:
    """The median colour in the middle of the face, or of all there is."""
    chosen = sights.weight > 0
    landmarks = avatar.rig.landmarks.get("mediapipe478")
    if landmarks is not None:
        middle = landmarks.on(avatar.rig.vertices, avatar.rig.faces).mean(0)
        in_face = (avatar.means - middle).norm(dim=-1) < _FACE_RADIUS
        chosen = chosen & in_face if bool((chosen & in_face).any()) else chosen
    return sights.colors[chosen].median(0).values.clamp(min=_DARK)


def _light_up(sights: _Sights, light: Environment, skin: Float[Tensor, "3"]) -> _Lit:
    """Light splats around which all has skin's albedo; differentiable in the light."""
    fan = sights.shares @ light.radiance.reshape(-1, 3)
    irradiance = sights.transfer.irradiance(fan, sights.share, skin[None])
    roughness = sights.roughness.expand_as(sights.reflected)
    gloss = prefilter(light).specular(sights.mirrored, roughness)
    return _Lit((1 - sights.reflected) * irradiance, sights.reflected * sights.visible * gloss)


@torch.enable_grad()
def _fit_light(
    avatar: HeadAvatar,
    sights: _Sights,
    color: Float[Tensor, "3"],
    skin: Float[Tensor, "3"],
    generator: torch.Generator,
) -> Float[Tensor, "height width 3"]:
    """Logits of the light that explains how splats change, with one albedo for skin."""
    often = torch.nonzero((sights.weight.mean(0) > 0.5) & _is_like(sights, color))[:, 0]
    if len(often) == 0:
        return avatar.light_logits.detach().clone()
    sights = sights[often[torch.randint(len(often), (_SAMPLES,), generator=generator)]]
    observed = torch.log(sights.colors + _DARK)
    weight = sights.weight[..., None]
    logits = avatar.light_logits
    start = logits.detach().clone()
    above = torch.linspace(1, -1, len(logits))[:, None, None]
    logits.data.add_(_BRIGHT_ABOVE * above)
    adam = torch.optim.Adam([logits], lr=_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, _ITERATIONS, _RATE / 20)
    for _ in range(_ITERATIONS):
        adam.zero_grad()
        light = avatar.learned_light
        lit = _light_up(sights, light, skin)
        misfit = observed - torch.log(skin * lit.diffuse + lit.gloss + _DARK)
        mean = (weight * misfit).sum(0) / weight.sum(0)
        change = weight * torch.log1p(((misfit - mean) / _CHANGE_SPREAD).square())
        albedo = torch.log1p((mean / _ALBEDO_SPREAD).square())
        loss = change.sum() / (3 * weight.sum()) + _ALBEDO_WEIGHT * albedo.mean()
        (loss + _SMOOTHNESS * light_roughness(light.radiance)).backward()
        adam.step()
        schedule.step()
    logits.grad = None
    fitted = logits.detach().clone()
    logits.data.copy_(start)
    return fitted


def light_roughness(radiance: Float[Tensor, "height width 3"]) -> Float[Tensor, ""]:
    """Mean squared log-ratio of neighbouring texels of a light, around the map and down it."""
    log = torch.log(radiance + 1e-3)
    return (log - log.roll(1, 1)).square().mean() + (log[1:] - log[:-1]).square().mean()


def _is_like(sights: _Sights, skin: Float[Tensor, "3"]) -> Bool[Tensor, "splats"]:
    """Which splats may be skin, in more or less light."""
    weight = sights.weight[..., None]
    mean = (weight * sights.colors).sum(0) / weight.sum(0).clamp(min=1)
    return (torch.log((mean + _DARK) / skin).abs() < _UNLIKE).all(-1)


def _shrunk(
    albedo: Float[Tensor, "splats 3"], skin: Float[Tensor, "3"]
) -> Float[Tensor, "splats 3"]:
    """Albedos near that of skin moved onto it: what differs little is light not yet explained."""
    ratio = torch.log(albedo.clamp(min=ALBEDO_BOUNDS[0]) / skin)
    distance = ratio.square().sum(-1, keepdim=True)
    return skin * torch.exp(ratio * distance / (distance + 3 * _ALBEDO_SPREAD**2))
