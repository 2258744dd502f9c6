"""Weights in timm's names come back exactly; those of another network are refused by name."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from incarnate.avatars.mobilenet import MobileNet, NetworkStyle
from incarnate.avatars.mobilenet_weights import adopt_tensors, load_mobilenet
from incarnate.errors import ModelFileError

FROZEN = NetworkStyle(norm="frozen", padding="same", epsilon=1e-3)


def published(prefix: str = "") -> dict[str, Tensor]:
    """What timm's ``tf_mobilenetv3_small_minimal_100`` has, with counters and a classifier."""
    tensors: dict[str, Tensor] = {}
    for name, value in MobileNet("small_minimal", FROZEN).state_dict().items():
        tensors[prefix + name] = torch.rand_like(value) + 0.5
        if name.endswith("running_var"):
            counter = name.replace("running_var", "num_batches_tracked")
            tensors[prefix + counter] = torch.tensor(7)
    tensors[f"{prefix}conv_head.weight"] = torch.rand(1024, 576, 1, 1)
    tensors[f"{prefix}classifier.bias"] = torch.rand(1000)
    return tensors


@pytest.mark.parametrize("prefix", ["", "expression_encoder.encoder."])
def test_weights_come_back(tmp_path: Path, prefix: str) -> None:
    tensors = published(prefix)
    save_file({**tensors, "expression_layers.0.weight": torch.rand(5, 3)}, tmp_path / "w")
    if not prefix:
        save_file(tensors, tmp_path / "w")
    network = MobileNet("small_minimal", FROZEN)
    load_mobilenet(network, tmp_path / "w")
    for name, value in network.state_dict().items():
        assert torch.equal(value, tensors[prefix + name]), name


def test_names_are_those_of_timm() -> None:
    names = set(MobileNet("large", FROZEN).state_dict())
    assert {
        "conv_stem.weight",
        "bn1.running_var",
        "blocks.0.0.conv_dw.weight",
        "blocks.0.0.conv_pw.weight",
        "blocks.1.0.conv_pwl.weight",
        "blocks.1.0.bn3.running_mean",
        "blocks.2.0.se.conv_reduce.bias",
        "blocks.6.0.conv.weight",
        "blocks.6.0.bn1.bias",
    } <= names
    assert "blocks.0.0.bn3.weight" not in names


def test_another_network_is_refused_with_what_differs() -> None:
    tensors = published()
    del tensors["blocks.1.0.conv_pw.weight"]
    tensors["blocks.9.0.extra"] = torch.rand(3)
    tensors["conv_stem.weight"] = torch.rand(24, 3, 3, 3)
    with pytest.raises(
        ModelFileError,
        match=r"1 missing: blocks\.1\.0\.conv_pw\.weight; 1 not known: blocks\.9\.0\.extra; "
        r"1 unfit: conv_stem\.weight is \(24, 3, 3, 3\) for \(16, 3, 3, 3\)",
    ):
        adopt_tensors(MobileNet("small_minimal", FROZEN), tensors, "w")


def test_a_file_of_several_networks_is_refused() -> None:
    tensors = published("pose.") | published("shape.")
    with pytest.raises(ModelFileError, match=r"holds 2 networks.*pose\., shape\."):
        adopt_tensors(MobileNet("small_minimal", FROZEN), tensors, "w")


def test_a_file_that_is_no_safetensors_is_refused(tmp_path: Path) -> None:
    (tmp_path / "w").write_bytes(b"nothing")
    with pytest.raises(ModelFileError, match="cannot be read as safetensors"):
        load_mobilenet(MobileNet("small_minimal", FROZEN), tmp_path / "w")
