"""The errors that a user's mistake raises; what is wrong with our own code stays an assertion."""


class IncarnateError(Exception):
    """Base of every error that the user can mend; its text says what came, and what to do."""


class CaptureError(IncarnateError):
    """A capture folder is incomplete, damaged or of another version."""


class TrackingError(IncarnateError):
    """A video cannot be tracked: no face, several faces, a cut, or it cannot be decoded."""


class ModelFileError(IncarnateError):
    """A model file (face landmarks, matte, LPIPS weights) is missing or is not the known one."""


class RigError(IncarnateError):
    """A rig file lacks fields, or its parts do not fit each other."""


class AvatarError(IncarnateError):
    """An avatar or checkpoint cannot be read, or does not fit the capture."""


class LightError(IncarnateError):
    """An environment map cannot be read, or is not an environment map."""


class RenderError(IncarnateError):
    """A picture or video can't be made as asked: its file, size, background, light or frames."""


class DriveError(IncarnateError):
    """A driver's motion cannot be read, or does not fit the avatar."""


class SplatFileError(IncarnateError):
    """A file of splats can't be read or written: malformed, too large, or of another version."""
