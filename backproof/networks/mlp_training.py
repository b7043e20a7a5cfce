"""Training the multi-layer perceptron of document 004: some steps of gradient descent.

The gradients of a step are those of its own batch alone. Weights and biases follow the gradient of
the batch's mean loss, with momentum: v <- momentum v - lr g, W <- W + v (004, section 3.5.3). Batch
normalisation's scale and shift follow the sum over the batch (004 eq. 8 and 9), without momentum:
the hand-out keeps that to the linear layers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backproof.network import Backward, Calculus, Network, Node, Reference, Value, varied
from backproof.networks import batchnorm_mlp
from backproof.operation import Input, Operation, Parameters, Sizes
from backproof.operations import softmax_cross_entropy

_WITH_MOMENTUM = ("weight", "bias")


@dataclass(frozen=True)
class Training:
    """Steps of gradient descent, and a forward in evaluation mode after them.

    Attributes
    ----------
    network
        In training mode, with the sum over the batch as its loss.
    evaluation
        In evaluation mode, up to the logits.
    """

    network: Network
    evaluation: Network

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The batches of the steps, the one to evaluate, and the parameters to start from."""
        start = [replace(i, differentiable=False) for i in self.evaluation.inputs[1:]]
        return (
            Input("x", ("steps", "batch", "inputs"), differentiable=False),
            Input("targets", ("steps", "batch", "classes"), "one-hot", differentiable=False),
            Input("x_evaluation", ("samples", "inputs"), differentiable=False),
            *start,
        )

    @property
    def nodes(self) -> tuple[Node, ...]:
        """What it is composed of."""
        return (*self.network.nodes, *self.evaluation.nodes)

    @property
    def output_names(self) -> tuple[str, ...]:
        """The logits of the evaluation, and what the steps have made of the parameters."""
        return ("logits", *(i.name for i in self.evaluation.inputs[1:]))

    @property
    def output_axes(self) -> tuple[str, ...]:
        """The axes of the logits."""
        return ("samples", "classes")

    def run(
        self, calculus: Calculus[Value], arrays: Mapping[str, Any]
    ) -> tuple[dict[str, Value], Backward[Value]]:
        """Take the steps and evaluate; nothing of it is differentiated."""
        state = {name: calculus.given(array) for name, array in arrays.items()}
        x, targets, x_evaluation = (state.pop(n) for n in ("x", "targets", "x_evaluation"))
        steps, batch, _ = arrays["x"].shape
        one = calculus.given(np.ones((), dtype=arrays["x"].dtype))
        velocity: dict[str, Value] = {}
        for step in range(steps):
            given = {"x": calculus.part(x, step), "targets": calculus.part(targets, step)}
            outputs, backward = self.network.run(calculus, {**state, **given})
            for name, gradient in backward(one).items():
                averaged = name.startswith(_WITH_MOMENTUM)
                rates = (-1.0, "lr", 1 / batch) if averaged else (-1.0, "lr")
                terms = [calculus.times(rates, gradient)]
                if name in velocity:
                    terms.append(calculus.times(("momentum",), velocity[name]))
                if averaged:
                    velocity[name] = calculus.add(terms)
                state[name] = calculus.add([state[name], *terms])
            state |= {name: value for name, value in outputs.items() if name in state}
        outputs, _ = self.evaluation.run(calculus, {"x": x_evaluation, **state})
        return {name: {**outputs, **state}[name] for name in self.output_names}, lambda _: {}


def compose(layers: str, loss: Operation = softmax_cross_entropy.OPERATION) -> Training:
    """The steps of the network with these layers, down the gradient of this cross-entropy."""
    return Training(
        batchnorm_mlp.compose(layers, "sum", "training", loss),
        batchnorm_mlp.scores(layers, "evaluation"),
    )


def fit(sizes: Sizes, parameters: Parameters) -> tuple[Sizes, Parameters]:
    """Keep what rounding may do within bounds that show something."""
    if "batchnorm" in parameters["layers"]:
        sizes["batch"] += 2
    if parameters["layers"].count("batchnorm") > 1:
        sizes["steps"] = min(sizes["steps"], 2)
    return sizes, parameters


def reference(
    torch: Any,
    x: Any,
    targets: Any,
    x_evaluation: Any,
    *,
    layers: str,
    lr: float,
    momentum: float,
    loss: Operation = softmax_cross_entropy.OPERATION,
    **state: Any,
) -> Any:
    """The torch reference."""
    # What torch.optim.SGD's step calls; the class itself loads torch's compiler, two seconds.
    descend = torch.optim._functional.sgd  # noqa: SLF001
    plain = {"weight_decay": 0.0, "dampening": 0.0, "nesterov": False, "maximize": False}
    trained = [name for name in state if not name.startswith(batchnorm_mlp.RUNNING)]
    outputs = dict(state)
    outputs |= {name: state[name].clone().requires_grad_() for name in trained}
    buffers: dict[str, list[Any]] = {name: [None] for name in trained}
    for samples, labels in zip(x, targets, strict=True):
        logits, running = batchnorm_mlp.forward(torch, samples, layers, "training", outputs)
        mean = loss.torch(torch, logits, labels, reduction="mean", targets_as="one-hot")
        gradients = torch.autograd.grad(mean, [outputs[name] for name in trained])
        with torch.no_grad():
            for name, gradient in zip(trained, gradients, strict=True):
                linear = name.startswith(_WITH_MOMENTUM)
                descend(
                    [outputs[name]],
                    [gradient if linear else gradient * len(samples)],
                    buffers[name],
                    momentum=momentum if linear else 0.0,
                    lr=lr,
                    **plain,
                )
        outputs |= {name: value.detach() for name, value in running.items()}
    logits, _ = batchnorm_mlp.forward(torch, x_evaluation, layers, "evaluation", outputs)
    return logits, *outputs.values()


_PLAIN = Operation(
    name="mlp_training",
    compose=compose,
    implementation=Reference(compose, ("layers",)),
    torch=reference,
    outputs=(
        "logits",
        *(f"{name}{n}" for n in (1, 2, 3) for name in ("weight", "bias")),
        *(f"{name}{n}" for n in (1, 2) for name in ("gamma", "beta", *batchnorm_mlp.RUNNING)),
    ),
    conventions={"layers": batchnorm_mlp.LAYERS},
    parameters={"lr": (0.1, 0.02), "momentum": (0.9, 0.5, 0.0)},
    fit=fit,
)

OPERATION = replace(_PLAIN, variations=varied(_PLAIN, loss=softmax_cross_entropy.OPERATION))
