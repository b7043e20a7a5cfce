"""The classifier of document 003: linear, rectifier, linear, softmax, and a penalty on the weights.

Its loss is the mean cross-entropy plus reg (||W1||**2 + ||W2||**2), without 1/2.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from backproof.network import Network, Node, Reference, varied
from backproof.operation import Input, Operation
from backproof.operations import l2_penalty, linear, relu, softmax, softmax_cross_entropy

LAYOUT = {"layout": "x W + b"}


def compose(loss: Operation = softmax_cross_entropy.OPERATION) -> Network:
    """The graph (003 eq. 1, 2, 9 to 16).

    Parameters
    ----------
    loss
        The cross-entropy, or a variation of it.
    """
    return Network(
        inputs=(
            Input("x", ("batch", "inputs"), differentiable=False),
            Input("W1", ("inputs", "hidden"), "small"),
            Input("b1", ("hidden",), "small"),
            Input("W2", ("hidden", "classes"), "small"),
            Input("b2", ("classes",), "small"),
            Input("targets", ("batch",), "index", differentiable=False, into="classes"),
        ),
        nodes=(
            Node(linear.OPERATION, {"x": "x", "weight": "W1", "bias": "b1"}, ("z2",), LAYOUT),
            Node(relu.OPERATION, {"x": "z2"}, ("a2",)),
            Node(linear.OPERATION, {"x": "a2", "weight": "W2", "bias": "b2"}, ("z3",), LAYOUT),
            Node(
                loss,
                {"logits": "z3", "targets": "targets"},
                ("data_loss",),
                {"reduction": "mean", "targets_as": "index"},
                loss.fixed,
            ),
            Node(l2_penalty.OPERATION, {"weight": "W1"}, ("penalty1",), {}, {"strength": "reg"}),
            Node(l2_penalty.OPERATION, {"weight": "W2"}, ("penalty2",), {}, {"strength": "reg"}),
            Node(softmax.OPERATION, {"x": "z3"}, ("probabilities",)),
        ),
        outputs={
            "loss": ("data_loss", "penalty1", "penalty2"),
            "probabilities": ("probabilities",),
            "scores": ("z3",),
        },
        output_axes=(),
    )


def reference(
    torch: Any,
    x: Any,
    W1: Any,
    b1: Any,
    W2: Any,
    b2: Any,
    targets: Any,
    *,
    reg: float,
    loss: Operation = softmax_cross_entropy.OPERATION,
) -> Any:
    """The torch reference."""
    scores = torch.relu(x @ W1 + b1) @ W2 + b2
    penalty = reg * (W1.square().sum() + W2.square().sum())
    data_loss = loss.torch(torch, scores, targets, reduction="mean", targets_as="index")
    return data_loss + penalty, torch.softmax(scores, dim=1), scores


_PLAIN = Operation(
    name="two_layer_net",
    compose=compose,
    implementation=Reference(compose, ()),
    torch=reference,
    outputs=("loss", "probabilities", "scores"),
    parameters={"reg": (0.05, 0.5, 1e-3, 0.0)},
)

OPERATION = replace(_PLAIN, variations=varied(_PLAIN, loss=softmax_cross_entropy.OPERATION))
