"""Index lists of the landmark sets ``mediapipe478`` and ``ibug68``.

MediaPipe's numbers are those of its face mesh with irises, as its documentation and drawing tables
publish them; left and right are the subject's. See docs/rigs.md.
"""

MEDIAPIPE_LIPS_OUTER_UPPER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
MEDIAPIPE_LIPS_OUTER_LOWER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
MEDIAPIPE_LIPS_INNER_UPPER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
MEDIAPIPE_LIPS_INNER_LOWER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
MEDIAPIPE_LIPS = (
    *MEDIAPIPE_LIPS_OUTER_UPPER,
    *MEDIAPIPE_LIPS_OUTER_LOWER[1:-1],
    *MEDIAPIPE_LIPS_INNER_UPPER,
    *MEDIAPIPE_LIPS_INNER_LOWER[1:-1],
)
"""Outer and inner contour of the lips, each corner once: 40 points."""

MEDIAPIPE_LEFT_EYE_UPPER = (362, 398, 384, 385, 386, 387, 388, 466, 263)
MEDIAPIPE_LEFT_EYE_LOWER = (362, 382, 381, 380, 374, 373, 390, 249, 263)
MEDIAPIPE_RIGHT_EYE_UPPER = (133, 173, 157, 158, 159, 160, 161, 246, 33)
MEDIAPIPE_RIGHT_EYE_LOWER = (133, 155, 154, 153, 145, 144, 163, 7, 33)
MEDIAPIPE_EYES = (
    *MEDIAPIPE_LEFT_EYE_UPPER,
    *MEDIAPIPE_LEFT_EYE_LOWER[1:-1],
    *MEDIAPIPE_RIGHT_EYE_UPPER,
    *MEDIAPIPE_RIGHT_EYE_LOWER[1:-1],
)
"""Margins of the lids, inner corner first, each corner once: 32 points."""

MEDIAPIPE_LEFT_BROW = (276, 283, 282, 295, 285, 300, 293, 334, 296, 336)
MEDIAPIPE_RIGHT_BROW = (46, 53, 52, 65, 55, 70, 63, 105, 66, 107)
MEDIAPIPE_BROWS = (*MEDIAPIPE_LEFT_BROW, *MEDIAPIPE_RIGHT_BROW)
"""Lower and upper rim of the eyebrows."""

MEDIAPIPE_RIGHT_IRIS = (468, 469, 470, 471, 472)
MEDIAPIPE_LEFT_IRIS = (473, 474, 475, 476, 477)
MEDIAPIPE_IRISES = (*MEDIAPIPE_RIGHT_IRIS, *MEDIAPIPE_LEFT_IRIS)
"""Centre first, then four points of the rim; they ride on the eyeballs."""

MEDIAPIPE_CONTOUR = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288),
    *(397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136),
    *(172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
"""The oval of the face. The detector slides these along the skin to the outline of the head as it
turns, so a fit should count them little, most of all on the side that turns away."""

IBUG68_FROM_MEDIAPIPE = (
    *(162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389),
    *(70, 63, 105, 66, 107, 336, 296, 334, 293, 300),
    *(168, 197, 5, 4, 98, 97, 2, 326, 327),
    *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),
    *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),
    *(78, 82, 13, 312, 308, 317, 14, 87),
)
"""For each of the 68 points of 300-W (iBUG) the MediaPipe point that is used for it."""
