"""Opens an avatar of any kind."""

from pathlib import Path

from incarnate.avatars.body import BodyAvatar
from incarnate.avatars.body_files import load_body
from incarnate.avatars.files import load_head, read_manifest
from incarnate.avatars.head import HeadAvatar


def load_avatar(folder: Path | str) -> HeadAvatar | BodyAvatar:
    """Read a head or a body avatar from its folder.

    Raises:
        AvatarError: The folder holds no avatar, a newer one, or a damaged one.
    """
    folder = Path(folder)
    is_body = read_manifest(folder).get("kind") == "body"
    return load_body(folder) if is_body else load_head(folder)
