"""A multi-layer perceptron with softmax at its end: linear, activation, ..., linear, softmax.

What is differentiated are its probabilities, with any cotangent: the loss is a module of its own,
whose gradient is one of them.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from backproof.network import Network, Node, Reference
from backproof.operation import Input, Operation
from backproof.operations import elu, leaky_relu, linear, relu, softmax

DEPTHS = (0, 1, 2)
"""The numbers of hidden layers."""

_ACTIVATIONS = {
    "relu": (relu.OPERATION, {}),
    "leaky_relu": (leaky_relu.OPERATION, {"slope": "slope"}),
    "elu": (elu.OPERATION, {"alpha": "alpha"}),
}


def compose(activation: str, hidden_layers: int) -> Network:
    """The graph (002, Q1.1 a to c).

    Parameters
    ----------
    activation
        After every hidden layer: ``"relu"``, ``"leaky_relu"`` or ``"elu"``.
    hidden_layers
        One of `DEPTHS`.
    """
    operation, parameters = _ACTIVATIONS[activation]
    widths = ("inputs", *(f"hidden{n}" for n in range(1, hidden_layers + 1)), "classes")
    inputs, nodes = [Input("x", ("batch", "inputs"), differentiable=False)], []
    array = "x"
    for n, (before, after) in enumerate(pairwise(widths), start=1):
        weight, bias, z, a = (f"{name}{n}" for name in ("weight", "bias", "z", "a"))
        inputs += [Input(weight, (after, before), "small"), Input(bias, (after,), "small")]
        given = {"x": array, "weight": weight, "bias": bias}
        nodes.append(Node(linear.OPERATION, given, (z,), {"layout": "x W^T + b"}))
        if n <= hidden_layers:
            nodes.append(Node(operation, {"x": z}, (a,), {}, parameters))
            array = a
        else:
            nodes.append(Node(softmax.OPERATION, {"x": z}, ("probabilities",)))
    outputs = {"probabilities": ("probabilities",)}
    return Network(tuple(inputs), tuple(nodes), outputs, ("batch", "classes"))


def reference(
    torch: Any,
    x: Any,
    *,
    activation: str,
    hidden_layers: int,
    slope: float,
    alpha: float,
    **parameters: Any,
) -> Any:
    """The torch reference."""
    functional = torch.nn.functional
    activate = {
        "relu": torch.relu,
        "leaky_relu": lambda z: functional.leaky_relu(z, slope),
        "elu": lambda z: functional.elu(z, alpha),
    }[activation]
    for n in range(1, hidden_layers + 1):
        x = activate(functional.linear(x, parameters[f"weight{n}"], parameters[f"bias{n}"]))
    last = hidden_layers + 1
    scores = functional.linear(x, parameters[f"weight{last}"], parameters[f"bias{last}"])
    return torch.softmax(scores, dim=1)


OPERATION = Operation(
    name="mlp",
    compose=compose,
    implementation=Reference(compose, ("activation", "hidden_layers")),
    torch=reference,
    outputs=("probabilities",),
    conventions={"activation": tuple(_ACTIVATIONS), "hidden_layers": DEPTHS},
    parameters={
        "slope": leaky_relu.OPERATION.parameters["slope"],
        "alpha": elu.OPERATION.parameters["alpha"],
    },
)
