"""The tables of a body's ablation, on figures made up."""

from incarnate.train.body_ablation_table import BodyArmResult, body_ablation_markdown


def result(name: str, claim: str, *, matte: float, against: str = "whole") -> BodyArmResult:
    splits = {
        "held-out camera": {"psnr_matte": matte, "iou": 0.9},
        "other clip": {"psnr_matte": matte - 2},
    }
    return BodyArmResult(
        name, claim, f"does {name}", against, splits=splits, own={"minutes": 2.0, "splats": 500.0}
    )


WHOLE = result("whole", "", matte=18.5)


def test_an_arm_stands_beside_what_it_is_held_to() -> None:
    text = body_ablation_markdown(
        [WHOLE, result("static", "Posed beats static", matte=17.25)], "All alike."
    )
    assert "All alike." in text
    assert (
        "| arm | held-out camera, in the matte | other clip, in the matte | splats | CPU minutes |"
        in (text)
    )
    assert "| `static`: does static | 17.25 | 15.25 | 500 | 2.0 |" in text
    assert "## Posed beats static\n" in text
    assert "`static`: does static. Held to `whole`: does whole." in text
    assert "| held-out camera, `whole` | 18.50 | 0.900 |" in text
    # Of the other clip no IoU is known.
    lines = [line for line in text.splitlines() if line.startswith("| **difference**")]
    assert lines == ["| **difference** | +1.25 | +0.000 |", "| **difference** | +1.25 | – |"]


def test_arms_of_one_claim_share_a_heading_and_a_base() -> None:
    base = result("styleunet-alone", "", matte=18.0)
    arms = [
        result(name, "StyleUNet wins", matte=17.0, against="styleunet-alone")
        for name in ("unet-alone", "mlp-alone")
    ]
    text = body_ablation_markdown([WHOLE, base, *arms], "")
    assert text.count("## StyleUNet wins") == 1
    assert text.count("Held to `styleunet-alone`") == 2
    # Before its base is measured, an arm is only in the overview.
    assert "Held to" not in body_ablation_markdown([WHOLE, arms[0]], "")


def test_a_skipped_arm_says_why() -> None:
    skipped = BodyArmResult(
        "three-cameras", "Few suffice", "", "whole", splits={}, own={}, skipped="there are two"
    )
    text = body_ablation_markdown([WHOLE, skipped], "")
    assert "`three-cameras` was skipped: there are two." in text
    assert text.count("three-cameras") == 1
