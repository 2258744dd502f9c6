"""Aligns a rig with the pixels of a clip, where landmarks alone move too little or too late.

Points on the face carry a colour each, and one light shades them all: between frames only the
poses may explain what changes. Each frame is then a least-squares problem in its pose whose
Jacobian is the picture's gradient times that of the projected points (direct alignment, as of
Lucas and Kanade 1981); nothing has to be rendered.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Float32, Int, UInt8
from torch import Tensor
from torch.nn.functional import avg_pool2d, grid_sample

from incarnate.geometry.cameras import Camera
from incarnate.geometry.meshes import face_normals, sample_surface
from incarnate.rigs.rig import Rig, SurfacePoints
from incarnate.tracking.evidence import chunks, huber
from incarnate.tracking.head_model import LandmarkModel, landmark_model, linearize

_CHUNK = 16
# Logarithms of encoded colour, lifted so that noise in the dark does not count.
_LIFT = 0.1
# Points that are seen at a lower cosine are left out: their pixels are stretched.
_GRAZING = 0.25
# Encoded, logarithmic: what sensor noise and compression alone leave.
_NOISE = 0.03
# Past so many standard deviations a misfit counts linearly (Huber).
_ROBUST = 2.5
# Pixels of a shrunk picture's side, and the memory that a whole clip may take.
_SIDE, _MAX_BYTES = 256, 512 * 2**20
# Frames from which the appearance is learned at most, spread evenly.
_APPEARANCE_FRAMES = 400


@dataclass(frozen=True)
class ClipPictures:
    """The frames of a clip, small; logarithms are taken when they are read."""

    pixels: UInt8[Tensor, "frames 4 height width"]
    """Display-encoded RGB and the matte."""
    scale: float
    """Pixels here per pixel of the camera."""

    def read(self, part: slice | Int[Tensor, "chunk"]) -> Float32[Tensor, "chunk 10 height width"]:
        """Some frames: three logarithms, the matte, and the logarithms' gradients by x and y."""
        values = self.pixels[part].float() / 255
        logs = (values[:, :3] + _LIFT).log()
        by_x, by_y = torch.zeros_like(logs), torch.zeros_like(logs)
        # Per pixel of the camera, not of the small picture.
        by_x[..., 1:-1] = 0.5 * self.scale * (logs[..., 2:] - logs[..., :-2])
        by_y[..., 1:-1, :] = 0.5 * self.scale * (logs[..., 2:, :] - logs[..., :-2, :])
        return torch.cat([logs, values[:, 3:], by_x, by_y], 1)


def shrinking(size: int, num_frames: int) -> int:
    """By what factor pictures of a side of ``size`` pixels are shrunk for alignment.

    To about 256 pixels, and less in clips so long that they would fill the memory.
    """
    factor = max(1, size // _SIDE)
    while num_frames * 4 * (size // factor) ** 2 > _MAX_BYTES:
        factor += 1
    return factor


def shrunk(
    picture: UInt8[Tensor, "height width 4"], factor: int
) -> UInt8[Tensor, "4 height_small width_small"]:
    """A picture made smaller by averaging squares of ``factor`` pixels."""
    planes = picture.movedim(-1, 0).float()[None]
    return (avg_pool2d(planes, factor)[0] + 0.5).to(torch.uint8)


@dataclass(frozen=True)
class Surface:
    """Points on a person's face, neck and ears, as alignment uses them."""

    model: LandmarkModel
    """The points; double precision."""
    normals: Float[Tensor, "points 3"]
    """Unit, in rest space."""
    weights: Float[Tensor, "points joints"]
    """How the joints turn the normals."""


def surface_of(rig: Rig, count: int) -> Surface:
    """Spread points over the skin of a rig, of which a camera in front can see some.

    Args:
        rig: Of the person; no pose correctives.
        count: How many points.
    """
    normals = face_normals(rig.vertices, rig.faces)
    skin = rig.parts[rig.faces[:, 0]] == rig.part_names.index("skin")
    # Chest and back are dressed, and clothes have a motion of their own.
    neck = rig.joints[rig.joint_index("neck"), 1]
    above = rig.vertices[rig.faces].mean(1)[:, 1] > neck
    forward = normals[:, 2] > -0.2 * normals.norm(dim=-1)
    density = (skin & above & forward).float()
    generator = torch.Generator().manual_seed(0)
    faces, barycentric = sample_surface(rig.vertices, rig.faces, count, generator, density)
    points = SurfacePoints(faces, barycentric)
    model = landmark_model(rig, points)
    return Surface(
        model=model,
        normals=torch.nn.functional.normalize(normals[faces].double(), dim=-1),
        weights=model.rest[..., 3],
    )


@dataclass(frozen=True)
class Appearance:
    """What the points look like: a colour each under one light, and how far each can be trusted."""

    colors: Float[Tensor, "points 3"]
    """Logarithms, as under a light from everywhere."""
    light: Float[Tensor, "terms 3"]
    """What the direction of the normal adds: coefficients of `shading_terms`."""
    trust: Float[Tensor, "points"]
    """Inverse variance of the points' logarithms over the clip."""


@dataclass(frozen=True)
class PhotometricTerm:
    """What poses cost where a clip's pixels disagree with the points' appearance."""

    pictures: ClipPictures
    surface: Surface
    camera: Camera
    appearance: Appearance
    strength: float
    """How much a point counts; neighbouring points err together."""

    def cost(self, parameters: Float[Tensor, "frames parameters"]) -> float:
        """Of the whole clip."""
        total = 0.0
        for part in chunks(len(parameters), _CHUNK):
            seen = _look(self, parameters[part], part)
            length = seen.residual(self.appearance).norm(dim=-1) / _NOISE
            total += float((self._weights(seen) * huber(length, _ROBUST)).sum())
        return total

    def equations(
        self, parameters: Float[Tensor, "frames parameters"]
    ) -> tuple[Float[Tensor, "frames parameters"], Float[Tensor, "frames parameters parameters"]]:
        """Gradient and Gauss-Newton curvature of each frame."""
        gradients, curvatures = [], []
        for part in chunks(len(parameters), _CHUNK):
            seen = _look(self, parameters[part], part)
            linear = linearize(self.surface.model, parameters[part], self.camera)
            residual = seen.residual(self.appearance)
            length = residual.norm(dim=-1) / _NOISE
            pull = self._weights(seen) * (_ROBUST / length.clamp(min=_ROBUST)) / _NOISE**2
            # The chain rule stays in the two pixel coordinates until the last product.
            in_pixels = torch.einsum("flc,flca->fla", residual, seen.slopes) * pull[..., None]
            metric = torch.einsum("flca,flcb->flab", seen.slopes, seen.slopes)
            weighted = (metric * pull[..., None, None]) @ linear.by_pose
            by_pose = linear.by_pose.flatten(1, 2).transpose(1, 2)
            gradients.append((by_pose @ in_pixels.flatten(1)[..., None])[..., 0])
            curvatures.append(by_pose @ weighted.flatten(1, 2))
        return torch.cat(gradients), torch.cat(curvatures)

    def _weights(self, seen: "_Seen") -> Float[Tensor, "frames points"]:
        return self.strength * seen.weights * self.appearance.trust * _NOISE**2


@dataclass(frozen=True)
class _Seen:
    """What a chunk of frames shows where the points are."""

    logs: Float[Tensor, "frames points 3"]
    slopes: Float[Tensor, "frames points 3 2"]
    """By the pixel's coordinates."""
    weights: Float[Tensor, "frames points"]
    """Matte, and zero where the point is turned away."""
    terms: Float[Tensor, "frames points terms"]

    def residual(self, appearance: Appearance) -> Float[Tensor, "frames points 3"]:
        return self.logs - appearance.colors - self.terms @ appearance.light


def _look(
    term: PhotometricTerm,
    parameters: Float[Tensor, "frames parameters"],
    part: slice | Int[Tensor, "frames"],
) -> _Seen:
    """What the given frames, of which these are the parameters, show where the points are."""
    model, camera = term.surface.model, term.camera
    world = model.points(parameters)
    pixels = camera.project(world)
    turns = torch.einsum(
        "lj,fjab->flab", term.surface.weights, model.transforms(parameters)[..., :3]
    )
    normals = torch.nn.functional.normalize(
        (turns @ term.surface.normals[..., None])[..., 0], dim=-1
    )
    toward = torch.nn.functional.normalize(camera.center - world, dim=-1)
    facing = ((normals * toward).sum(-1) - _GRAZING).clamp(min=0) / (1 - _GRAZING)
    picture = term.pictures.read(part)
    size = torch.tensor([camera.width, camera.height], dtype=pixels.dtype)
    places = (2 * pixels / size - 1).float()[:, :, None]
    read = grid_sample(picture, places, align_corners=False)[..., 0].transpose(1, 2).double()
    inside = (places[:, :, 0].abs() < 1).all(-1)
    # A pixel at the matte's edge is part background.
    matte = ((read[..., 3] - 0.5) * 2).clamp(0, 1)
    return _Seen(
        logs=read[..., :3],
        slopes=torch.stack([read[..., 4:7], read[..., 7:]], -1),
        weights=facing * matte * inside,
        terms=shading_terms(normals),
    )


def shading_terms(normals: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch terms"]:
    """The polynomials in a unit normal that smooth light is made of, without the constant.

    Real spherical harmonics of degree one and two but for their factors (Ramamoorthi and Hanrahan
    2001).
    """
    x, y, z = normals.unbind(-1)
    return torch.stack([x, y, z, x * y, y * z, z * x, x * x - y * y, 3 * z * z - 1], -1)


def learn_appearance(
    term: PhotometricTerm, parameters: Float[Tensor, "frames parameters"], *, rounds: int = 3
) -> PhotometricTerm:
    """The term with the appearance that explains the clip best under the given poses.

    Alternates the points' colours (weighted means) and the light (least squares).
    """
    stride = -(-len(parameters) // _APPEARANCE_FRAMES)
    frames = torch.arange(0, len(parameters), stride).split(_CHUNK)
    seen = [_look(term, parameters[part], part) for part in frames]
    whole = _Seen(*(torch.cat([getattr(s, name) for s in seen]) for name in _Seen.__annotations__))
    weight = whole.weights[..., None]
    total = weight.sum(0).clamp(min=1e-6)
    light = torch.zeros_like(term.appearance.light)
    mean_terms = (weight * whole.terms).sum(0) / total
    mean_logs = (weight * whole.logs).sum(0) / total
    varying, changes = whole.terms - mean_terms, whole.logs - mean_logs
    for _ in range(rounds):
        # Refitted without what does not follow the light: a moving lip is no change of light.
        off = (changes - varying @ light).norm(dim=-1) / (2 * _NOISE)
        sure = (whole.weights / (1 + off.square()))[..., None]
        flat = (varying * sure).flatten(0, 1)
        gram = flat.T @ varying.flatten(0, 1)
        gram = gram + 1e-3 * float(gram.diagonal().mean()) * torch.eye(len(gram), dtype=gram.dtype)
        light = torch.linalg.solve(gram, flat.T @ changes.flatten(0, 1))
    rest = (weight * (changes - varying @ light).square()).sum((0, 2)) / (3 * total[:, 0])
    appearance = Appearance(
        colors=mean_logs - mean_terms @ light, light=light, trust=1 / (rest + _NOISE**2)
    )
    return replace(term, appearance=appearance)


def photometric_term(
    pictures: ClipPictures, rig: Rig, camera: Camera, *, count: int, strength: float
) -> PhotometricTerm:
    """A term that has not yet learned an appearance."""
    surface = surface_of(rig, count)
    zeros = surface.normals.new_zeros
    nothing = Appearance(zeros(count, 3), zeros(8, 3), zeros(count) + 1)
    return PhotometricTerm(pictures, surface, camera, nothing, strength)
