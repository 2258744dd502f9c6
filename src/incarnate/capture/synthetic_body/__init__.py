"""Made people in loose clothes: a whole multi-view capture with its truth, from a seed alone."""

from incarnate.capture.synthetic_body.make import make_body_capture
from incarnate.capture.synthetic_body.settings import BODY_PRESETS, BodyCaptureSettings

__all__ = ["BODY_PRESETS", "BodyCaptureSettings", "make_body_capture"]
