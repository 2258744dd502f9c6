"""The viewer's page in the package, and the folder that shows an avatar anywhere."""

import base64
import gzip
import hashlib
import re
from pathlib import Path

from incarnate.view.web import viewer_page, write_web_folder
from incarnate.view.webcam import MODEL_NAME, webcam_parts


def source_hash(viewer: Path) -> str:
    """What viewer/build.mjs writes into the page: a hash of all that it is made from."""
    folders = [*(viewer / "src").rglob("*"), *(viewer / "data").rglob("*")]
    own = [viewer / "build.mjs", viewer / "package.json"]
    names = [path.relative_to(viewer).as_posix() for path in (*folders, *own) if path.is_file()]
    digest = hashlib.sha256()
    for name in sorted(names):
        digest.update(f"{name}\0".encode())
        digest.update((viewer / name).read_bytes())
    return digest.hexdigest()


def test_the_page_is_built_from_the_sources_as_they_are(repository: Path) -> None:
    named = re.search(rb'<meta name="source" content="(\w+)">', viewer_page())
    assert named is not None
    # Where this fails: make viewer
    assert named[1].decode() == source_hash(repository / "viewer")


def test_the_page_asks_nothing_of_other_servers() -> None:
    text = viewer_page().decode()
    # Names of XML's namespaces aside, which nobody fetches.
    addresses = set(re.findall(r"https?://[\w./-]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=\"(?!data:)", text)


def test_the_page_is_small() -> None:
    assert len(viewer_page()) < 400_000


def test_a_folder_holds_the_page_and_the_package_twice(tmp_path: Path) -> None:
    package = b"glTF" + bytes(range(256)) * 40
    download = write_web_folder(package, tmp_path / "web")
    names = sorted(path.name for path in (tmp_path / "web").iterdir())
    assert names == ["avatar.glb", "avatar.js", "index.html"]
    assert (tmp_path / "web" / "avatar.glb").read_bytes() == package
    script = (tmp_path / "web" / "avatar.js").read_text()
    packed = script.removeprefix('window.INCARNATE_AVATAR="').removesuffix('";\n')
    assert gzip.decompress(base64.b64decode(packed)) == package
    assert download == len(package) + len(viewer_page())


def test_a_folder_for_webcams_holds_what_finds_faces_too(tmp_path: Path) -> None:
    download = write_web_folder(b"glTF", tmp_path, face_model=b"a model")
    assert (tmp_path / MODEL_NAME).read_bytes() == b"a model"
    for name, part in webcam_parts().items():
        assert (tmp_path / name).read_bytes() == part
    assert b'name="webcam" content="model"' in (tmp_path / "index.html").read_bytes()
    # They are fetched only when the webcam is switched on.
    assert download < len(b"glTF") + len(viewer_page()) + 10
