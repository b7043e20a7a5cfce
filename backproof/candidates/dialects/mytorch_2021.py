"""Carnegie Mellon 11-785, homework 1 part 1, as handed out in 2020 and 2021.

The hand-out is document 004: section 3 fixes the interface, appendices A and C the formulas.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from types import MappingProxyType

import numpy as np

from backproof.candidates.candidate import Example
from backproof.candidates.dialects.dialect import Component, Edition, keep_initial, row
from backproof.candidates.dialects.trial import RAISES_NOT_IMPLEMENTED, Tried
from backproof.candidates.script import Script
from backproof.candidates.wire import Handle, Initialiser
from backproof.networks.batchnorm_mlp import LAYERS, RUNNING, layers_of
from backproof.operation import Parameters, Sizes

# The skeleton's __call__ only calls forward, and a student may have kept either alone.
FORWARD = ("__call__", "forward")


class Activation(Component):
    """Section 3.1: ``derivative()`` is elementwise, from the state that the forward stored."""

    module = "activation"
    elementwise = True

    def forward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Call the object."""
        return {"y": script.call(layer, FORWARD, example.inputs["x"])}

    def backward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Ask for the derivative."""
        return {"x": script.call(layer, "derivative")}


class Sigmoid(Activation):
    """Appendix A."""

    operation, name = "sigmoid", "Sigmoid"


class Tanh(Activation):
    """Appendix A."""

    operation, name = "tanh", "Tanh"


class ReLU(Activation):
    """Section 3.1.6 fixes the derivative at 0."""

    operation, name = "relu", "ReLU"
    fixes_kink = True


class Identity(Activation):
    """Its derivative may be the number 1."""

    operation, name = "identity", "Identity"


class SoftmaxCrossEntropy(Component):
    """Section 3.2: a loss for each sample, and a derivative without upstream gradient or 1/N."""

    operation = "softmax_cross_entropy"
    module, name = "loss", "SoftmaxCrossEntropy"
    conventions = MappingProxyType({"reduction": ("none",), "targets_as": ("one-hot",)})
    cotangent = "ones"

    def forward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Call the object with logits and labels."""
        logits, targets = example.inputs["logits"], example.inputs["targets"]
        return {"loss": script.call(layer, FORWARD, logits, targets)}

    def backward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Ask for the derivative."""
        return {"logits": script.call(layer, "derivative")}


class Linear(Component):
    """Section 3.4: dW and db are averaged over the batch, the returned dx is not."""

    operation = "linear"
    module, name = "linear", "Linear"
    conventions = MappingProxyType({"layout": ("x W + b",)})
    averaged = frozenset({"weight", "bias"})
    vectors = frozenset({"bias"})

    def build(self, script: Script, example: Example) -> Handle:
        """Make a layer whose initialisers return the example's parameters."""
        weight, bias = example.inputs["weight"], example.inputs["bias"]
        initialisers = Initialiser(weight.copy()), Initialiser(row(bias))
        return script.create(self.module, self.name, *weight.shape, *initialisers)

    def clear(self, script: Script, layer: Handle) -> None:
        """Clear gradients that add up by design."""
        script.call_if_there(layer, "zero_grads")

    def forward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Clear the gradients, and call the layer."""
        self.clear(script, layer)
        return {"y": script.call(layer, FORWARD, example.inputs["x"])}

    def backward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Call backward, then read dW and db."""
        return {
            "x": script.call(layer, "backward", example.cotangent),
            "weight": script.get(layer, "dW"),
            "bias": script.get(layer, "db"),
        }


BEGINS = MappingProxyType({"gamma": 1.0, "beta": 0.0, "running_mean": 0.0, "running_var": 1.0})
"""What a new batch norm holds."""

ALPHA = 0.9
"""The constructor's default."""


def alpha(example: Example) -> dict[str, float]:
    """The momentum as the constructor's keyword, unless it is the default."""
    asked = example.parameters["momentum"]
    return {} if asked == ALPHA else {"alpha": asked}


class BatchNorm(Component):
    """Section 3.3, appendix C: running = alpha running + (1 - alpha) batch, and eps is 1e-8."""

    operation = "batchnorm"
    module, name = "batchnorm", "BatchNorm"
    conventions = MappingProxyType(
        {"mode": ("training", "evaluation"), "momentum": (ALPHA, 0.75), "eps": (1e-8,)}
    )
    vectors = frozenset({"gamma", "beta", "running_mean", "running_var"})
    initial = BEGINS

    def build(self, script: Script, example: Example) -> Handle:
        """Make a layer, and put the example's parameters and running statistics in."""
        features = example.inputs["gamma"].shape[0]
        layer = script.create(self.module, self.name, features, **alpha(example))
        for name in self.initial:
            value = example.inputs[name]
            if self.begins(example, name):
                keep_initial(script, layer, name, value.dtype)
            else:
                script.set(layer, name, row(value))
        return layer

    def forward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Call the layer, then read the running statistics."""
        evaluation = (True,) if example.parameters["mode"] == "evaluation" else ()
        return {
            "y": script.call(layer, FORWARD, example.inputs["x"], *evaluation),
            "running_mean": script.get(layer, "running_mean"),
            "running_var": script.get(layer, "running_var"),
        }

    def backward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Call backward, then read dgamma and dbeta; the hand-out has it in training alone."""
        if example.parameters["mode"] == "evaluation":
            return {}
        return {
            "x": script.call(layer, "backward", example.cotangent),
            "gamma": script.get(layer, "dgamma"),
            "beta": script.get(layer, "dbeta"),
        }


ACTIVATIONS = {kind.operation: kind.name for kind in (Sigmoid, Tanh, ReLU, Identity)}
ON_LINEAR = {"weight": "W", "bias": "b"}
ON_BATCH_NORM = {name: name for name in ("gamma", "beta", *RUNNING)}
UNASKED = frozenset({"shapes", "dtypes", "layouts"})
SLOPES = {"weight": "dW", "bias": "db", "gamma": "dgamma", "beta": "dbeta"}


def _numbered(*names: str) -> frozenset[str]:
    """What the operation calls these of each layer."""
    return frozenset(f"{name}{n}" for name in names for n in (1, 2, 3))


def _start(*widths: int) -> dict[str, np.ndarray]:
    """Parameters of layers that are all followed by batch normalisation."""
    found = {}
    for n, (before, after) in enumerate(pairwise(widths), start=1):
        found[f"weight{n}"] = np.ones((before, after)) / 4
        found |= {f"{name}{n}": np.ones(after) for name in ("bias", *ON_BATCH_NORM)}
    return found


class Network(Tried):
    """Section 3.5: ``hw1.MLP``, made of the homework's own layers, activations and loss.

    The parameters are set on ``linear_layers`` and ``bn_layers``; after every backward comes
    ``zero_grads``, as the hand-out asks.
    """

    module, name = "hw1", "MLP"
    vectors = _numbered("bias", *ON_BATCH_NORM)
    unwritten = RAISES_NOT_IMPLEMENTED

    def create(self, script: Script, example: Example) -> Handle:
        """Make the network, with the example's parameters and running statistics."""
        arrays, parameters = example.inputs, example.parameters
        layers = layers_of(parameters["layers"])
        weights, biases = (
            [make(arrays[f"{name}{n + 1}"]) for n in range(len(layers))]
            for name, make in (("weight", np.copy), ("bias", row))
        )
        widths = [len(weights[0]), *(weight.shape[1] for weight in weights)]
        net = script.create(
            self.module,
            self.name,
            widths[0],
            widths[-1],
            widths[1:-1],
            [script.create("activation", ACTIVATIONS[activation]) for _, activation in layers],
            Initialiser(weights[0], tuple(weights[1:])),
            Initialiser(biases[0], tuple(biases[1:])),
            script.create("loss", "SoftmaxCrossEntropy"),
            parameters.get("lr", 0.1),
            momentum=parameters.get("momentum", 0.0),
            num_bn_layers=sum(normalised for normalised, _ in layers),
        )
        for name, layer, attribute in self.attributes(script, net, example):
            value = arrays[name]
            script.set(layer, attribute, value.copy() if value.ndim == 2 else row(value))
        return net

    def attributes(
        self, script: Script, net: Handle, example: Example
    ) -> list[tuple[str, Handle, str]]:
        """For each parameter and running statistic: its layer, and what it is called there."""
        normalised = [norm for norm, _ in layers_of(example.parameters["layers"])]
        kinds = {"linear_layers": (len(normalised), ON_LINEAR)}
        if any(normalised):  # else there may be no such list
            kinds["bn_layers"] = sum(normalised), ON_BATCH_NORM
        found = []
        for held, (count, names) in kinds.items():
            layers = script.get(net, held)
            for n in range(count):
                layer = script.item(layers, n)
                found += [(f"{name}{n + 1}", layer, own) for name, own in names.items()]
        return found


_DEEP = tuple(layers for layers in LAYERS if layers.count("batchnorm") == 2)
"""Drawn first, and more often: nothing else has a second batch norm, which has checks too."""


class MLP(Network):
    """In training: the loss of each sample, by a criterion of its own, and every gradient."""

    operation = "batchnorm_mlp"
    conventions = MappingProxyType(
        {"layers": (*_DEEP, *LAYERS, *_DEEP), "reduction": ("none",), "mode": ("training",)}
    )
    cotangent = "ones"
    averaged = _numbered("weight", "bias")
    hides = UNASKED | {f"forward.{name}" for name in _numbered(*RUNNING)}  # training shows them
    trial = Example(
        {"x": np.eye(4, 2), "targets": np.eye(3)[[0, 1, 2, 0]], **_start(2, 3)},
        {"layers": "batchnorm identity"},
        np.ones(4),
    )

    def forward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Call the network, then a criterion."""
        logits = script.call(layer, FORWARD, example.inputs["x"])
        criterion = script.create("loss", "SoftmaxCrossEntropy")
        loss = script.call(criterion, FORWARD, logits, example.inputs["targets"])
        return {"loss": loss, "logits": logits}

    def backward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Call backward with the labels, then read the gradients off the layers."""
        script.call(layer, "backward", example.inputs["targets"])
        slopes = {
            name: script.get(owner, SLOPES[name[:-1]])
            for name, owner, _ in self.attributes(script, layer, example)
            if name[:-1] in SLOPES
        }
        script.call(layer, "zero_grads")
        return slopes


class Training(Network):
    """Some steps with momentum, and after each an evaluation, which must leave no trace."""

    operation = "mlp_training"
    conventions = MappingProxyType(
        {"layers": (*_DEEP, *(n for n in LAYERS if n != "batchnorm sigmoid, identity"), *_DEEP)}
    )
    cotangent = "ones"
    hides = UNASKED | {"mutation", "repeatability"}  # its arrays are copies, and it is a sequence
    trial = Example(
        {
            "x": np.eye(4, 2)[np.newaxis],
            "targets": np.eye(3)[[[0, 1, 2, 0]]],
            "x_evaluation": np.eye(2),
            **_start(2, 3),
        },
        {"layers": "batchnorm identity"},
        np.ones((2, 3)),
    )

    def fit(self, sizes: Sizes, parameters: Parameters) -> tuple[Sizes, Parameters]:
        """Take two steps at least: momentum shows in the second."""
        return {**sizes, "steps": max(sizes["steps"], 2)}, parameters

    def forward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Take the steps; read the last evaluation, and what has become of the parameters."""
        evaluated = script.keep(example.inputs["x_evaluation"])
        for samples, labels in zip(example.inputs["x"], example.inputs["targets"], strict=True):
            script.call(layer, "train")
            script.call(layer, FORWARD, samples.copy())
            script.call(layer, "backward", labels.copy())
            script.call(layer, "step")
            script.call(layer, "zero_grads")
            script.call(layer, "eval")
            logits = script.call(layer, FORWARD, evaluated)
        parts = self.attributes(script, layer, example)
        return {"logits": logits, **{name: script.get(owner, own) for name, owner, own in parts}}

    def backward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Nothing is differentiated."""
        return {}


EDITION = Edition(
    name="2021",
    folders=("mytorch", ".", "hw1"),
    files=("activation.py", "loss.py", "linear.py", "batchnorm.py", "hw1.py"),
    components=(
        Sigmoid,
        Tanh,
        ReLU,
        Identity,
        SoftmaxCrossEntropy,
        Linear,
        BatchNorm,
        MLP,
        Training,
    ),
)
