"""The report's page: whole by itself, readable by browsers, safe with any name."""

import base64
import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from incarnate.capture.capture import Consent
from incarnate.evaluate.page import report_page
from incarnate.evaluate.report import figure_rows
from incarnate.evaluate.scores import FrameScores, PictureRow, RelitScores, Report

VOID = {"meta", "img", "path", "circle", "polyline", "br"}


class Balance(HTMLParser):
    """Notes tags that are closed in the wrong order, and all attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def flat(value: int, height: int = 12, width: int = 10) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


@pytest.fixture
def report() -> Report:
    frames = tuple(FrameScores(i, 20.0 + i, 17.0 + i, 0.9, 1.2, 0.8) for i in (4, 5, 6))
    rows = (
        PictureRow(
            "frames", "Worst frame: 4", "17.0 dB", (("truth", flat(9)), ("avatar", flat(8)))
        ),
        PictureRow("relit", "Under dusk: frame 5", "", (("truth", flat(40)),)),
        PictureRow("maps", "Normals: frame 5", "", (("truth", flat(128)),)),
    )
    return Report(
        "ada", "clip", {"width": 10, "height": 12, "frames": [4, 5, 6]}, frames,
        relit={"dusk": (RelitScores(5, 21.5, 14.25),)},
        reasons={"lpips_vgg": "not asked for"},
        pictures=rows,
    )  # fmt: skip


def page_of(report: Report) -> str:
    return report_page(report, figure_rows(report))


def test_the_page_needs_no_other_file(report: Report) -> None:
    page = page_of(report)
    parser = Balance()
    parser.feed(page)
    links = [value for _, name, value in parser.attributes if name in ("src", "href", "srcset")]
    assert links
    assert all(link.startswith("data:") for link in links)
    assert not re.search(r"https?://|//[a-z]|@import|url\(|<script|<link", page)


def test_every_tag_is_closed_in_order(report: Report) -> None:
    parser = Balance()
    parser.feed(page_of(report))
    assert not parser.wrong
    assert not parser.open


def test_pictures_come_through_whole(report: Report) -> None:
    uris = re.findall(r"data:image/jpeg;base64,([^\"]+)", page_of(report))
    pictures = [np.array(Image.open(io.BytesIO(base64.b64decode(uri)))) for uri in uris]
    assert [picture.shape for picture in pictures] == [(12, 10, 3)] * 4
    # JPEG of a flat picture is right to one step of 256.
    assert [int(picture.mean().round()) for picture in pictures] == [9, 8, 40, 128]


def test_every_picture_has_a_text_for_those_who_cannot_see_it(report: Report) -> None:
    parser = Balance()
    parser.feed(page_of(report))
    texts = [value for tag, name, value in parser.attributes if (tag, name) == ("img", "alt")]
    assert texts[0] == "Worst frame: 4, truth"
    assert len(texts) == 4
    assert all(texts)


def test_sections_that_have_nothing_to_show_are_left_out(report: Report) -> None:
    assert "Relighting" in page_of(report)
    page = page_of(replace(report, pictures=report.pictures[:1], relit={}, reasons={}))
    assert "Likeness" in page
    for heading in ("Relighting", "Surface", "Not measured"):
        assert heading not in page


def test_the_page_says_who_is_seen(report: Report) -> None:
    assert "Who is seen" not in page_of(report)
    consent = Consent("Ada <b>", "agreed to be shown", "her own camera")
    page = page_of(replace(report, consent=consent))
    assert "Ada &lt;b&gt;" in page
    assert page.index("Who is seen") < page.index("agreed to be shown") < page.index("her own")


def test_the_legend_names_the_lines_in_their_order(report: Report) -> None:
    keys = re.findall(r'<span class="key (key\d)">([^<]+)</span>', page_of(report))
    assert keys == [("key0", "inside the matte"), ("key1", "whole picture")]


def test_a_single_frame_has_no_curve(report: Report) -> None:
    assert "<svg" in page_of(report)
    assert "<svg" not in page_of(replace(report, frames=report.frames[:1]))


def test_names_are_shown_not_run(report: Report) -> None:
    evil = "<script>alert(1)</script>"
    page = page_of(replace(report, avatar=evil, capture=evil, reasons={"psnr": evil}))
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 3


def test_large_pictures_are_shrunk(report: Report) -> None:
    row = PictureRow("frames", "Large", "", (("truth", flat(60, 1400, 700)),))
    page = page_of(replace(report, pictures=(row,)))
    (uri,) = re.findall(r"data:image/jpeg;base64,([^\"]+)", page)
    assert Image.open(io.BytesIO(base64.b64decode(uri))).size == (320, 640)
