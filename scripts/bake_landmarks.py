"""Bake the landmark embeddings of the embedded rig: ``mediapipe478`` and ``ibug68``.

    python scripts/bake_landmarks.py face_landmarker.task

The painted head is drawn from many sides and with the mouth open; MediaPipe's FaceLandmarker (the
`track` extra) finds its landmarks in each picture; where a landmark's pixel meets the skin that it
may lie on, the point is carried to the rest pose. The robust mean over the pictures, made
left-right symmetric and put back on the allowed skin, is the embedding. Allowed is: the margin of
the right lid for eye contours, skin that does or does not follow the jaw for the lips. Irises are
set on the eyeballs about the visual axis.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.ndimage
import scipy.optimize
import torch
from face_paint import SIZE, Picture, Shot, take

from incarnate.rigs import landmarks as lists
from incarnate.rigs.embedded import EMBEDDED_FILE, LANDMARKS_FILE
from incarnate.rigs.files import load_rig
from incarnate.rigs.rig import Rig

NUM_SKIN = 468
IRIS_RADIUS = 0.0059
REACH = 7.0  # pixels from a detection to skin it may lie on; about 3.5 mm

FRONT = [Shot(yaw=yaw, pitch=pitch) for yaw in (-12, 0, 12) for pitch in (-8, 0, 8)]
SIDES = [Shot(yaw=yaw, pitch=pitch) for yaw in (-38, -25, 25, 38) for pitch in (-6, 6)]
OPEN = [Shot(yaw=yaw, jaw=jaw) for yaw in (-15, 0, 15) for jaw in (0.1, 0.16, 0.24)]
INNER_LIPS = {*lists.MEDIAPIPE_LIPS_INNER_UPPER, *lists.MEDIAPIPE_LIPS_INNER_LOWER}
LIP_CORNERS = {61, 291, 78, 308}
EYE_CORNERS = {33, 133, 263, 362}
EYE_ENDS = {7, 246, 173, 155, 249, 466, 398, 382}


@dataclass(frozen=True)
class Regions:
    """Which faces a landmark may lie on."""

    allowed: dict[int, np.ndarray]
    """Per landmark a boolean (faces,)."""
    beside: dict[int, tuple[np.ndarray, int]]
    """Landmarks of a margin: the faces (boolean) that lie beyond it in the picture, and how many
    pixels away from them it may be seen."""
    eyeballs: np.ndarray
    """Boolean (faces,)."""


def find_regions(rig: Rig) -> Regions:
    """Allowed faces by what moves them: the jaw, or a blink."""
    faces = rig.faces.numpy()

    def on_part(*names: str) -> np.ndarray:
        wanted = [rig.part_names.index(name) for name in names]
        return np.isin(rig.parts.numpy(), wanted)[faces].all(1)

    jaw = rig.skinning_weights[:, rig.joint_index("jaw")].numpy()[faces].mean(1)
    # The mouth's inside begins just behind the lips: their inner rim belongs to both.
    near_lips = on_part("skin", "lips") | (on_part("lips", "mouth") & ~on_part("mouth"))
    outside = on_part("skin") | on_part("lips") | on_part("skin", "lips")
    allowed = dict.fromkeys(range(NUM_SKIN), outside)
    upper, lower = near_lips & (jaw < 0.35), near_lips & (jaw > 0.5)
    for upper_row, lower_row in (
        (lists.MEDIAPIPE_LIPS_OUTER_UPPER, lists.MEDIAPIPE_LIPS_OUTER_LOWER),
        (lists.MEDIAPIPE_LIPS_INNER_UPPER, lists.MEDIAPIPE_LIPS_INNER_LOWER),
    ):
        allowed |= dict.fromkeys(set(upper_row) - LIP_CORNERS, upper)
        allowed |= dict.fromkeys(set(lower_row) - LIP_CORNERS, lower)
    for side in ("Left", "Right"):
        blink = rig.expression_basis[rig.expression_names.index(f"eyeBlink{side}"), :, 1]
        falls = blink.numpy()[faces].mean(1) < -5e-4
        rows = {
            "Left": (lists.MEDIAPIPE_LEFT_EYE_UPPER, lists.MEDIAPIPE_LEFT_EYE_LOWER),
            "Right": (lists.MEDIAPIPE_RIGHT_EYE_UPPER, lists.MEDIAPIPE_RIGHT_EYE_LOWER),
        }[side]
        allowed |= dict.fromkeys(set(rows[0]) - EYE_CORNERS, on_part("skin") & falls)
        allowed |= dict.fromkeys(set(rows[1]) - EYE_CORNERS, on_part("skin") & ~falls)
    eyeballs = on_part("left_eye") | on_part("right_eye")
    inside = on_part("mouth") | on_part("teeth") | on_part("tongue")
    middles = set(lists.MEDIAPIPE_EYES) - EYE_CORNERS
    # Next to its corners an eye's contour leaves the eyeball for the tear duct.
    beside = {index: (eyeballs, 5 if index in EYE_ENDS else 1) for index in middles}
    beside |= dict.fromkeys(INNER_LIPS - LIP_CORNERS, (inside, 1))
    return Regions(allowed, beside, eyeballs)


class Detector:
    """MediaPipe's FaceLandmarker on still pictures."""

    def __init__(self, model: Path) -> None:
        import mediapipe
        from mediapipe.tasks import python as tasks
        from mediapipe.tasks.python import vision

        self._mediapipe = mediapipe
        options = vision.FaceLandmarkerOptions(
            base_options=tasks.BaseOptions(model_asset_path=str(model)), num_faces=1
        )
        self.landmarker = vision.FaceLandmarker.create_from_options(options)

    def find(self, image: np.ndarray) -> np.ndarray:
        """Landmarks (478, 3): pixels, and the detector's relative depth on the same scale."""
        frame = self._mediapipe.Image(
            image_format=self._mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(image)
        )
        (found,) = self.landmarker.detect(frame).face_landmarks
        return np.array([[point.x, point.y, point.z] for point in found]) * SIZE


@dataclass
class Hits:
    """Where a landmark was seen, in the rest pose."""

    points: list[np.ndarray]
    weights: list[float]


def collect(rig: Rig, regions: Regions, detector: Detector) -> tuple[list[Hits], np.ndarray]:
    """All hits of the 468 skin landmarks, and the detections in the front view (478, 3)."""
    hits = [Hits([], []) for _ in range(NUM_SKIN)]
    front = np.zeros((478, 3))
    for shot in FRONT + SIDES + OPEN:
        picture = take(rig, shot)
        detected = detector.find(picture.image)
        if shot == Shot():
            front = detected
        for index in range(NUM_SKIN):
            wanted = (shot.jaw > 0) if index in INNER_LIPS else (shot.jaw < 0.2)
            if wanted:
                at = detected[index, :2]
                _add_hit(rig, picture, regions, hits[index], index=index, at=at)
    return hits, front


def _add_hit(
    rig: Rig, picture: Picture, regions: Regions, hits: Hits, *, index: int, at: np.ndarray
) -> None:
    """Carry the detection of landmark `index`, at a pixel, to the rest pose and add it.

    Nothing is added where no skin that the landmark may lie on is near.
    """
    left, top = (np.maximum(np.floor(at).astype(int) - int(REACH) - 2, 0)).tolist()
    window = (slice(top, top + 2 * int(REACH) + 5), slice(left, left + 2 * int(REACH) + 5))
    face = picture.raster.face[window].numpy()
    usable = (face >= 0) & regions.allowed[index][face]
    if index in regions.beside:
        beyond, reach = regions.beside[index]
        side = 2 * reach + 1
        usable &= scipy.ndimage.binary_dilation((face >= 0) & beyond[face], np.ones((side, side)))
    rows, columns = np.nonzero(usable)
    if not len(rows):
        return
    distance = np.hypot(columns + left + 0.5 - at[0], rows + top + 0.5 - at[1])
    nearest = distance.argmin()
    if distance[nearest] > REACH:
        return
    row, column = rows[nearest], columns[nearest]
    triangle = rig.faces[face[row, column]]
    weights = picture.raster.barycentric[window][row, column]
    corners = picture.vertices[triangle].double()
    normal = torch.linalg.cross(corners[1] - corners[0], corners[2] - corners[0])
    to_camera = picture.camera.center.double() - corners.mean(0)
    cosine = float(normal @ to_camera / (normal.norm() * to_camera.norm()).clamp(min=1e-12))
    hits.points.append((rig.vertices[triangle] * weights[:, None]).sum(0).double().numpy())
    # Grazing views say little about where on the skin; far detections little about this landmark.
    hits.weights.append(max(cosine, 0.05) ** 2 / (1 + (distance[nearest] / 2) ** 2))


def robust_mean(hits: Hits) -> np.ndarray:
    """Weighted geometric median (Weiszfeld's iteration)."""
    points, weights = np.array(hits.points), np.array(hits.weights)
    estimate = np.average(points, axis=0, weights=weights)
    for _ in range(30):
        closeness = weights / np.maximum(np.linalg.norm(points - estimate, axis=1), 5e-4)
        estimate = np.average(points, axis=0, weights=closeness)
    return estimate


def mirror_pairs(front: np.ndarray) -> np.ndarray:
    """For each landmark its counterpart on the other side, from a front view of a face."""
    points = front - [SIZE / 2, 0, 0]
    mirrored = points * [-1.0, 1.0, 1.0]
    cost = np.linalg.norm(points[:, None] - mirrored[None], axis=-1)
    _, pairs = scipy.optimize.linear_sum_assignment(cost**2)
    assert (pairs[pairs] == np.arange(len(pairs))).all(), "mirroring twice must be the identity"
    return pairs


def closest_on_faces(
    point: np.ndarray, vertices: np.ndarray, faces: np.ndarray, among: np.ndarray
) -> tuple[int, np.ndarray]:
    """The face (of those among) and barycentric weights of the surface point nearest to a point."""
    chosen = np.flatnonzero(among)
    corners = vertices[faces[chosen]]
    near = np.argsort(np.linalg.norm(corners - point, axis=-1).min(1))[:60]
    best = (np.inf, 0, np.zeros(3))
    for candidate in near:
        weights = _closest_on_triangle(point, corners[candidate])
        distance = float(np.linalg.norm(weights @ corners[candidate] - point))
        if distance < best[0] - 1e-9:
            best = (distance, int(chosen[candidate]), weights)
    return best[1], best[2]


def _closest_on_triangle(point: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Barycentric weights of the nearest point: a small non-negative least squares problem."""
    # A heavy row keeps the sum of the weights at one.
    heavy = 1e3
    matrix = np.vstack([corners.T - point[:, None], np.full(3, heavy)])
    weights, _ = scipy.optimize.nnls(matrix, np.array([0.0, 0.0, 0.0, heavy]))
    return weights / weights.sum()


def iris_points(rig: Rig, detected: np.ndarray, picture: Picture) -> np.ndarray:
    """Iris centres and rims (10, 3) about the visual axis, in the detector's order."""
    result = np.zeros((10, 3))
    for first, side in ((0, "right"), (5, "left")):
        center = rig.joints[rig.joint_index(f"{side}_eye_smplhf")].double().numpy()
        on_eye = rig.parts == rig.part_names.index(f"{side}_eye")
        ball = float((rig.vertices[on_eye] - torch.from_numpy(center).float()).norm(dim=1).mean())
        depth = np.sqrt(ball**2 - IRIS_RADIUS**2)
        rim = IRIS_RADIUS * np.array([[1, 0], [0, 1], [-1, 0], [0, -1]])
        rim = center + np.column_stack([rim, np.full(4, depth)])
        pixels = picture.camera.project(torch.from_numpy(rim).float()).numpy()
        found = detected[first + 1 : first + 5]
        cost = np.linalg.norm(found[:, None] - pixels[None], axis=-1)
        _, order = scipy.optimize.linear_sum_assignment(cost)
        result[first] = center + np.array([0, 0, ball])
        result[first + 1 : first + 5] = rim[order]
    return result


def embed(rig: Rig, detector: Detector) -> tuple[np.ndarray, np.ndarray]:
    """Faces (478,) and barycentric weights (478, 3) on the body rig."""
    regions = find_regions(rig)
    hits, front = collect(rig, regions, detector)
    missing = [index for index in range(NUM_SKIN) if len(hits[index].points) < 3]
    assert not missing, f"landmarks seen fewer than three times: {missing}"
    points = np.stack([robust_mean(h) for h in hits])
    pairs = mirror_pairs(front[:NUM_SKIN])
    symmetric = (points + points[pairs] * [-1.0, 1.0, 1.0]) / 2
    asymmetry = np.linalg.norm(symmetric - points, axis=1)
    print(f"asymmetry: median {np.median(asymmetry) * 1e3:.2f}, max {asymmetry.max() * 1e3:.2f} mm")
    symmetric = np.vstack([symmetric, iris_points(rig, front[NUM_SKIN:, :2], take(rig, Shot()))])
    vertices, faces = rig.vertices.double().numpy(), rig.faces.numpy()
    allowed = regions.allowed | dict.fromkeys(lists.MEDIAPIPE_IRISES, regions.eyeballs)
    embedded = [
        closest_on_faces(symmetric[index], vertices, faces, allowed[index])
        for index in range(len(symmetric))
    ]
    on_skin = np.stack([weights @ vertices[faces[face]] for face, weights in embedded])
    moved = np.linalg.norm(on_skin - symmetric, axis=1)
    print(
        f"moved to the surface: median {np.median(moved) * 1e3:.2f}, max {moved.max() * 1e3:.2f} mm"
    )
    return np.array([face for face, _ in embedded]), np.stack([w for _, w in embedded])


def main() -> None:
    """Bake and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="MediaPipe's face_landmarker.task")
    data = Path(__file__).parents[1] / "src" / "incarnate" / "rigs" / "data"
    parser.add_argument("--output", type=Path, default=data / LANDMARKS_FILE)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rig = load_rig(data / EMBEDDED_FILE)
    detector = Detector(arguments.model)
    faces, weights = embed(rig, detector)
    detector.landmarker.close()
    ibug = list(lists.IBUG68_FROM_MEDIAPIPE)
    np.savez_compressed(
        arguments.output,
        **{
            "mediapipe478.faces": faces.astype(np.uint16),
            "mediapipe478.barycentric": weights.astype(np.float32),
            "ibug68.faces": faces[ibug].astype(np.uint16),
            "ibug68.barycentric": weights[ibug].astype(np.float32),
        },
    )


if __name__ == "__main__":
    main()
