"""Carnegie Mellon 11-785, homework 1 part 1, as handed out in 2020 and 2021.

The hand-out is document 004: section 3 fixes the interface, appendices A and C the formulas.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from backproof.candidates.candidate import Example
from backproof.candidates.dialects.dialect import Component, Dialect, row
from backproof.candidates.wire import Call, Command, Create, Get, Handle, Initialiser, Set

LAYER = Handle(0)

# The skeleton's __call__ only calls forward, and a student may have kept either alone.
FORWARD = ("__call__", "forward")


def _activation(operation: str, class_name: str) -> Component:
    """Section 3.1: ``derivative()`` is elementwise, from the state that the forward stored."""
    return Component(
        operation,
        module="activation",
        class_name=class_name,
        setup=lambda _: [Create("activation", class_name)],
        outputs=lambda example: {"y": Call(LAYER, FORWARD, (example.inputs["x"],))},
        gradients=lambda _: {"x": Call(LAYER, "derivative")},
        elementwise=True,
    )


def _loss_outputs(example: Example) -> Mapping[str, Command]:
    logits, targets = example.inputs["logits"], example.inputs["targets"]
    return {"loss": Call(LAYER, FORWARD, (logits, targets))}


# Section 3.2: a loss for each sample, and a derivative without upstream gradient or 1/N.
SOFTMAX_CROSS_ENTROPY = Component(
    "softmax_cross_entropy",
    module="loss",
    class_name="SoftmaxCrossEntropy",
    setup=lambda _: [Create("loss", "SoftmaxCrossEntropy")],
    outputs=_loss_outputs,
    gradients=lambda _: {"logits": Call(LAYER, "derivative")},
    conventions=MappingProxyType({"reduction": ("none",), "targets_as": ("one-hot",)}),
    cotangent="ones",
)


def _linear(example: Example) -> list[Command]:
    weight, bias = example.inputs["weight"], example.inputs["bias"]
    initialisers = Initialiser(weight.copy()), Initialiser(row(bias))
    return [Create("linear", "Linear", (*weight.shape, *initialisers))]


# Section 3.4: dW and db are averaged over the batch, the returned dx is not.
LINEAR = Component(
    "linear",
    module="linear",
    class_name="Linear",
    setup=_linear,
    outputs=lambda example: {"y": Call(LAYER, FORWARD, (example.inputs["x"],))},
    gradients=lambda example: {
        "x": Call(LAYER, "backward", (example.cotangent,)),
        "weight": Get(LAYER, "dW"),
        "bias": Get(LAYER, "db"),
    },
    conventions=MappingProxyType({"layout": ("x W + b",)}),
    averaged=frozenset({"weight", "bias"}),
    rows=frozenset({"bias"}),
)


def _batchnorm(example: Example) -> list[Command]:
    features = example.inputs["gamma"].shape[0]
    state = ("gamma", "beta", "running_mean", "running_var")
    return [
        Create("batchnorm", "BatchNorm", (features,), {"alpha": example.parameters["momentum"]}),
        *(Set(LAYER, name, row(example.inputs[name])) for name in state),
    ]


def _batchnorm_outputs(example: Example) -> Mapping[str, Command]:
    evaluation = (True,) if example.parameters["mode"] == "evaluation" else ()
    return {
        "y": Call(LAYER, FORWARD, (example.inputs["x"], *evaluation)),
        "running_mean": Get(LAYER, "running_mean"),
        "running_var": Get(LAYER, "running_var"),
    }


def _batchnorm_gradients(example: Example) -> Mapping[str, Command]:
    if example.parameters["mode"] == "evaluation":
        return {}  # the hand-out has a backward of the training mode alone
    return {
        "x": Call(LAYER, "backward", (example.cotangent,)),
        "gamma": Get(LAYER, "dgamma"),
        "beta": Get(LAYER, "dbeta"),
    }


# Section 3.3 and appendix C: running = alpha running + (1 - alpha) batch, and eps is 1e-8.
BATCHNORM = Component(
    "batchnorm",
    module="batchnorm",
    class_name="BatchNorm",
    setup=_batchnorm,
    outputs=_batchnorm_outputs,
    gradients=_batchnorm_gradients,
    conventions=MappingProxyType(
        {"mode": ("training", "evaluation"), "momentum": (0.9, 0.75), "eps": (1e-8,)}
    ),
    rows=frozenset({"gamma", "beta", "running_mean", "running_var"}),
)

MYTORCH = Dialect(
    name="mytorch",
    folder="mytorch",
    files=("activation.py", "loss.py", "linear.py", "batchnorm.py"),
    components=(
        _activation("sigmoid", "Sigmoid"),
        _activation("tanh", "Tanh"),
        _activation("relu", "ReLU"),
        _activation("identity", "Identity"),
        SOFTMAX_CROSS_ENTROPY,
        LINEAR,
        BATCHNORM,
    ),
)
