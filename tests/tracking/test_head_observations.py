"""How far detected landmarks are trusted."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.tracking.heads import seen_head

from incarnate.rigs.landmarks import MEDIAPIPE_CONTOUR, MEDIAPIPE_LEFT_IRIS, MEDIAPIPE_LIPS
from incarnate.tracking.head_observations import HeadObservations, landmark_evidence


@pytest.fixture(scope="module")
def seen() -> HeadObservations:
    return seen_head(12, focal=900.0, distance=0.7, noise=0.0).seen


def test_errors_grow_with_the_face_and_neighbours_share_their_weight(
    seen: HeadObservations,
) -> None:
    evidence = landmark_evidence(seen, sigma=0.01, correlation=8.0)
    twice = landmark_evidence(replace(seen, points=2 * seen.points), sigma=0.01, correlation=4.0)
    assert twice.sigma == pytest.approx(2 * evidence.sigma)
    torch.testing.assert_close(twice.weights, 2 * evidence.weights)
    torch.testing.assert_close(evidence.points, torch.from_numpy(seen.points[..., :2]))


def test_lips_count_more_than_the_contour_that_slides(seen: HeadObservations) -> None:
    weights = landmark_evidence(seen, sigma=0.01, correlation=8.0).weights
    assert float(weights[0, MEDIAPIPE_LIPS[0]]) > 4 * float(weights[0, MEDIAPIPE_CONTOUR[0]])


def test_an_iris_behind_a_closed_lid_hardly_counts(seen: HeadObservations) -> None:
    blink = seen.score_names.index("eyeBlinkLeft")
    scores = np.zeros_like(seen.scores)
    scores[3, blink] = 1.0
    weights = landmark_evidence(replace(seen, scores=scores), sigma=0.01, correlation=8.0).weights
    iris = list(MEDIAPIPE_LEFT_IRIS)
    assert float(weights[3, iris].max()) < 0.05 * float(weights[2, iris].min())
    others = [i for i in range(weights.shape[1]) if i not in iris]
    torch.testing.assert_close(weights[3, others], weights[2, others])
