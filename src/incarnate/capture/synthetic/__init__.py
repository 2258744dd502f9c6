"""Made people to test on: a whole capture with its truth, drawn from a seed alone."""

from incarnate.capture.synthetic.make import make_head_capture

__all__ = ["make_head_capture"]
