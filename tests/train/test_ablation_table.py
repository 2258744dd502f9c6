"""The table of an ablation says who is better, and by how much."""

from incarnate.train.ablation_table import ArmResult, ablation_markdown

WHOLE = ArmResult("whole", "", "the whole method", {"psnr": 30.5, "drift_mm": 1.0, "minutes": 2.0})
BAKED = ArmResult(
    "baked", "Shading pays", "one colour a splat", {"psnr": 30.0, "ssim": 0.9, "drift_mm": 3.8}
)


def test_arms_stand_beside_the_whole_with_the_difference() -> None:
    lines = ablation_markdown([WHOLE, BAKED], "On ada.").splitlines()
    start = lines.index("## Shading pays")
    assert lines[start + 2 :][:5] == [
        "| arm | PSNR | SSIM | median drift | CPU minutes |",
        "| --- | ---: | ---: | ---: | ---: |",
        "| `baked`: one colour a splat | 30.00 dB | 0.9000 | 3.80 mm | – |",
        "| the whole method | 30.50 dB | – | 1.00 mm | 2.0 |",
        "| **difference** | +0.50 dB | – | -2.80 mm | – |",
    ]
    assert "On ada." in lines


def test_the_whole_alone_is_a_table_too() -> None:
    text = ablation_markdown([WHOLE], "On ada.")
    assert "| the whole method | 30.50 dB | 1.00 mm | 2.0 |" in text
    assert "difference" not in text
