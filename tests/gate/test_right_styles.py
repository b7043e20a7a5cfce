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
AVERAGED = "dW and db averaged over the batch"
FLAT = "gamma (D,), beta (D,), running_mean (D,), running_var (D,)"
NAMED = {
    "batchnorm/accumulating": "gradients add up until zero_grads()",
    "batchnorm/chain_with_powers": "dgamma (D,), dbeta (D,)",
    "batchnorm/flat_state_no_keepdims": FLAT,
    "batchnorm/transposed": "dgamma (D,), dbeta (D,)",
    "linear/accumulating": "gradients add up until zero_grads()",
    "linear/column_bias": "b (out, 1)",
    "linear/flat_bias_out_in_weight": "b (out,)",
    "linear/outer_products": "db (out,)",
    "linear/tensordot_float32_parameters": "float32 parameters",
    "softmax_cross_entropy/eps_of_the_value_alone": (
        "1e-07 is added inside the logarithm of the value alone"
    ),
    "softmax_cross_entropy/softmax_then_log_with_eps": "1e-10 is added inside the logarithm",
}
"""What the report says of those that differ from the hand-out."""

OPERATIONS = {"hw1": ["batchnorm_mlp", "mlp_training"]}


@pytest.mark.parametrize("layer", LAYERS, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_passes_a_right_layer_in_any_style(layer, tmp_path, shared_cache):
    """Each is right in its own way: nothing but the function and its derivative is judged."""
    folder = layer.parent.name
    asked = OPERATIONS.get(folder, [folder])
    count = 6 if folder in OPERATIONS else 15
    path = Path(shutil.copytree(HOMEWORK, tmp_path / "homework"))
    shutil.copyfile(layer, path / FILES[folder])
    mytorch = homework.dialect("mytorch")
    verdict = homework.judge(path, mytorch, operations=asked, count=count, kept=shared_cache)
    assert verdict.verdict == "pass", [c for c in verdict.checks if c.status != "pass"]
    named = [NAMED.get(f"{folder}/{layer.stem}", ""), AVERAGED * (folder in {"hw1", "linear"})]
    assert {c.variation for c in verdict.checks} == {", ".join(filter(None, named))}


def test_a_network_takes_its_layers_as_they_are_and_names_what_differs(tmp_path):
    """Whatever shapes their vectors have, its parameters are set in those."""
    path = Path(shutil.copytree(HOMEWORK, tmp_path / "homework"))
    for style in ("linear/column_bias", "batchnorm/flat_state_no_keepdims"):
        shutil.copyfile(STYLES / f"{style}.py", path / FILES[style.partition("/")[0]])
    batch_norm = path / FILES["batchnorm"]  # it holds what it is given, and flattens nothing
    batch_norm.write_text(batch_norm.read_text("utf-8").replace("np.ravel", ""), "utf-8")
    asked = OPERATIONS["hw1"]
    verdict = homework.judge(path, homework.dialect("mytorch"), operations=asked, count=4)
    assert verdict.verdict == "pass", [c for c in verdict.checks if c.status != "pass"]
    (variation,) = {c.variation for c in verdict.checks}
    assert variation == f"b (out, 1), {AVERAGED}, {FLAT}"


@pytest.mark.parametrize(
    ("style", "trained"),
    # Training shows nothing of a loss but its gradient.
    [("eps_of_the_value_alone", False), ("softmax_then_log_with_eps", True)],
)
def test_a_network_takes_its_loss_as_it_is(style, trained, tmp_path):
    """The loss is the homework's, and so is what it adds inside its logarithm."""
    path = Path(shutil.copytree(HOMEWORK, tmp_path / "homework"))
    style = f"softmax_cross_entropy/{style}"
    shutil.copyfile(STYLES / f"{style}.py", path / FILES["softmax_cross_entropy"])
    asked = OPERATIONS["hw1"]
    verdict = homework.judge(path, homework.dialect("mytorch"), operations=asked, count=8)
    assert verdict.verdict == "pass", [c for c in verdict.checks if c.status != "pass"]
    assert {(c.operation, c.variation) for c in verdict.checks} == {
        ("batchnorm_mlp", f"{AVERAGED}, {NAMED[style]}"),
        ("mlp_training", f"{AVERAGED}, {NAMED[style]}" if trained else AVERAGED),
    }


def test_there_are_at_least_thirty_and_some_of_every_component():
    """The folders are the components, so that none is judged without its variety."""
    assert len(LAYERS) >= 30
    assert {layer.parent.name for layer in LAYERS} == FILES.keys()
