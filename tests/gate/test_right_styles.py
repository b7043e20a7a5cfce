"""No false alarm: right layers and networks in the many styles in which students write them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from backproof import homework

HOMEWORK = Path(__file__).parents[2] / "examples" / "mytorch"
STYLES = Path(__file__).parent / "right_styles"
LAYERS = sorted(STYLES.glob("*/*.py"))
FILES = {
    "batchnorm": "mytorch/batchnorm.py",
    "hw1": "hw1/hw1.py",
    "identity": "mytorch/activation.py",
    "linear": "mytorch/linear.py",
    "relu": "mytorch/activation.py",
    "sigmoid": "mytorch/activation.py",
    "softmax_cross_entropy": "mytorch/loss.py",
    "tanh": "mytorch/activation.py",
}
OPERATIONS = {"hw1": ["batchnorm_mlp", "mlp_training"]}


@pytest.mark.parametrize("layer", LAYERS, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_passes_a_right_layer_in_any_style(layer, tmp_path):
    """Each is right in its own way: nothing but the function and its derivative is judged."""
    folder = layer.parent.name
    asked = OPERATIONS.get(folder, [folder])
    count = 6 if folder in OPERATIONS else 15
    path = Path(shutil.copytree(HOMEWORK, tmp_path / "homework"))
    shutil.copyfile(layer, path / FILES[folder])
    verdict = homework.judge(path, homework.dialect("mytorch"), operations=asked, count=count)
    assert verdict.verdict == "pass", [c for c in verdict.checks if c.status != "pass"]


def test_there_are_at_least_thirty_and_some_of_every_component():
    """The folders are the components, so that none is judged without its variety."""
    assert len(LAYERS) >= 30
    assert {layer.parent.name for layer in LAYERS} == FILES.keys()
