"""Made people to test on: a whole capture with its truth, drawn from a seed alone."""

from incarnate.capture.synthetic.make import write_synthetic_capture
from incarnate.capture.synthetic.settings import PRESETS, SyntheticSettings

__all__ = ["PRESETS", "SyntheticSettings", "write_synthetic_capture"]
