"""Carnegie Mellon 11-785, homework 1 part 1, as handed out in 2022: ``mytorch.nn.modules``.

The losses are means, but their backwards leave the mean out, and the linear layer puts it in: the
gradients of the linear layers' parameters are the true ones only when both are chained.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from backproof.candidates.candidate import Answer, Example
from backproof.candidates.dialects.dialect import Ask, Edition, column, keep_initial, row
from backproof.candidates.dialects.mytorch_2021 import ALPHA, BEGINS, MLP, alpha
from backproof.candidates.dialects.trial import (
    BATCH,
    INPUTS,
    OUTPUTS,
    RAISES_NOT_IMPLEMENTED,
    Accumulating,
    Shape,
    Tried,
    fits_column,
    flat_gradient,
    misshapen_columns,
)
from backproof.candidates.script import Script
from backproof.candidates.wire import Handle
from backproof.networks.batchnorm_mlp import MOMENTUM, layers_of
from backproof.operation import Sizes
from derivations.conventions import OVER_ENTRIES


class Module(Tried):
    """What all modules share."""

    unwritten = RAISES_NOT_IMPLEMENTED

    def forward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Call forward."""
        return {"y": script.call(layer, "forward", example.inputs["x"])}

    def pull(self, script: Script, layer: Handle, upstream: Handle) -> Handle:
        """In a chain: from the gradient by what came out to that by what went in."""
        return script.call(layer, "backward", upstream)


class Activation(Module):
    """``backward()`` is elementwise, from what the forward stored."""

    module = "mytorch.nn.modules.activation"
    elementwise = True

    def backward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Ask for the derivative."""
        return {"x": script.call(layer, "backward")}

    def pull(self, script: Script, layer: Handle, upstream: Handle) -> Handle:
        """The chain multiplies by the derivative, which may be a number."""
        return script.call(upstream, "__mul__", script.call(layer, "backward"))


class Identity(Activation):
    """Its derivative may be the number 1."""

    operation, name = "identity", "Identity"


class Sigmoid(Activation):
    """The logistic function."""

    operation, name = "sigmoid", "Sigmoid"


class Tanh(Activation):
    """The hyperbolic tangent."""

    operation, name = "tanh", "Tanh"


class ReLU(Activation):
    """The rectifier."""

    operation, name = "relu", "ReLU"


class Loss(Module):
    """One number, which may come as (1, 1): the hand-out writes its sums as products with ones."""

    module = "mytorch.nn.modules.loss"
    cotangent = "ones"
    arguments: ClassVar[tuple[str, str]]

    def survey(self, ask: Ask) -> None:
        """Look at the shape of the loss."""
        (loss, *_), _ = (list(values.values()) for values in self.try_out(ask))
        if isinstance(loss, np.ndarray) and _is_number(loss) and loss.ndim:
            self.variations.append(f"loss {loss.shape}")

    def forward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Call forward with the model's output and the labels."""
        a, y = (example.inputs[name] for name in self.arguments)
        return {"loss": script.call(layer, "forward", a, y)}

    def backward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Ask for the derivative."""
        return {self.arguments[0]: script.call(layer, "backward")}

    def _flat(self, name: str, value: np.ndarray) -> np.ndarray:
        return value.reshape(()) if name == "loss" and _is_number(value) else value


def _is_number(value: np.ndarray) -> bool:
    return value.shape in {(), (1,), (1, 1)}


def _half_the_entries(sizes: Sizes) -> float:
    return sizes["batch"] * sizes["features"] / 2


def _samples(sizes: Sizes) -> float:
    return sizes["batch"]


class MSELoss(Loss):
    """The mean over all entries; its backward is the bare difference."""

    operation, name = "mse", "MSELoss"
    arguments = ("prediction", "target")
    conventions = MappingProxyType({"reduction": (OVER_ENTRIES,)})
    scale = MappingProxyType({"prediction": _half_the_entries})
    trial = Example(
        {"prediction": np.ones((BATCH, INPUTS)), "target": np.zeros((BATCH, INPUTS))},
        {},
        np.ones(()),
    )


class CrossEntropyLoss(Loss):
    """The mean over samples, with one-hot labels; its backward is softmax minus label."""

    operation, name = "softmax_cross_entropy", "CrossEntropyLoss"
    arguments = ("logits", "targets")
    conventions = MappingProxyType({"reduction": ("mean",), "targets_as": ("one-hot",)})
    scale = MappingProxyType({"logits": _samples})
    trial = Example(
        {"logits": np.ones((BATCH, INPUTS)), "targets": np.eye(INPUTS)[[0, 1, 1, 0]]},
        {},
        np.ones(()),
    )


class Layer(Accumulating, Module):
    """What has parameters and running statistics; they are set, each in the shape it is found in.

    Attributes
    ----------
    attributes
        Where each of them is kept, by the operation's name of it.
    gradients
        Where its gradient is.
    shapes
        What its shapes are called in a layer like the trial's, the hand-out's first.
    held
        The one that it has.
    """

    attributes: ClassVar[Mapping[str, str]]
    gradients: ClassVar[Mapping[str, str]]
    shapes: ClassVar[Mapping[str, Mapping[Shape, str]]]
    clearing = "zero_grads"

    def __init__(self) -> None:
        super().__init__()
        self.held = {name: next(iter(known.values())) for name, known in self.shapes.items()}

    def survey(self, ask: Ask) -> None:
        """Look at the shapes of what a new layer holds, and of its gradients."""
        script = Script()
        layer = self.create(script, self.trial)
        handles = [script.get(layer, attribute) for attribute in self.attributes.values()]
        for name, value in zip(self.attributes, self.asked(ask, script, handles), strict=True):
            self._see_held(name, value)
        self.see_whether_cleared(ask)
        _, gradients = self.try_out(ask)
        for name, attribute in self.gradients.items():
            self._see_gradient(name, attribute, gradients[name])
        self.see_averaged(gradients, self.gradients)

    def _see_held(self, name: str, value: Any) -> None:
        attribute, known = self.attributes[name], self.shapes[name]
        found = self.shape_of(f"{self.name}.{attribute}", value, known)
        if found != self.held[name]:
            self.held[name] = found
            self.variations.append(f"{attribute} {found}")

    def _see_gradient(self, name: str, attribute: str, value: Any) -> None:
        """Name a vector's gradient that fits the vector and has another shape."""
        if not isinstance(value, np.ndarray):  # its check says so
            return
        shape, is_column = self.shapes[name].get(value.shape), self.is_column(name)
        fits = fits_column(value.shape) if is_column else self._flat(name, value).ndim == 1
        if shape not in {None, self.held[name]} and fits:
            self.variations.append(f"{attribute} {shape}")

    def build(self, script: Script, example: Example) -> Handle:
        """Make a layer, and put the example's parameters and statistics in."""
        layer = super().build(script, example)
        for name, attribute in self.attributes.items():
            value = example.inputs[name]
            if self.begins(example, name):
                keep_initial(script, layer, attribute, value.dtype)
            else:
                script.get(layer, attribute)  # fails where the layer keeps it elsewhere
                script.set(layer, attribute, self._shaped(name, value))
        return layer

    def forward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Call forward."""
        self.clear(script, layer)
        return super().forward(script, layer, example)

    def backward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Call backward, then read the gradients of the parameters."""
        return {
            "x": script.call(layer, "backward", example.cotangent),
            **{name: script.get(layer, attribute) for name, attribute in self.gradients.items()},
        }

    def _shaped(self, name: str, value: np.ndarray) -> np.ndarray:
        if self.is_column(name):
            return column(value)
        return row(value) if self.held[name].startswith("(1, ") else value.copy()

    def read(
        self,
        example: Example,
        outputs: Mapping[str, np.ndarray],
        gradients: Mapping[str, np.ndarray],
    ) -> Answer:
        """Say of a column's gradient that does not fit which shape it must have."""
        columns = list(filter(self.is_column, self._vectors()))
        misshapen = misshapen_columns(example, gradients, columns)
        return replace(super().read(example, outputs, gradients), misshapen=misshapen)

    def _vectors(self) -> list[str]:
        """The parameters with a gradient that are vectors."""
        return [name for name in self.gradients if name != "weight"]

    def is_column(self, name: str) -> bool:
        """Whether the layer holds it as (n, 1)."""
        return self.held[name].endswith(", 1)")

    def _flat(self, name: str, value: np.ndarray) -> np.ndarray:
        """A vector's gradient as (n,), if it can be subtracted from the vector."""
        if name in self._vectors():
            return flat_gradient(value, column=self.is_column(name))
        return super()._flat(name, value)


class Linear(Layer):
    """The gradients of its parameters are divided by the batch size, the returned one is not."""

    operation = "linear"
    module, name = "mytorch.nn.modules.linear", "Linear"
    conventions = MappingProxyType({"layout": ("x W^T + b",)})
    averaged = frozenset({"weight", "bias"})
    attributes = MappingProxyType({"weight": "W", "bias": "b"})
    gradients = MappingProxyType({"weight": "dLdW", "bias": "dLdb"})
    shapes = MappingProxyType(
        {
            "weight": {(OUTPUTS, INPUTS): "(out, in)", (INPUTS, OUTPUTS): "(in, out)"},
            "bias": {(OUTPUTS, 1): "(out, 1)", (1, OUTPUTS): "(1, out)", (OUTPUTS,): "(out,)"},
        }
    )
    trial = Example(Module.trial.inputs, {}, np.ones((BATCH, OUTPUTS)))

    def _see_held(self, name: str, value: Any) -> None:
        super()._see_held(name, value)
        if self.held["weight"] == "(in, out)":
            self.conventions = MappingProxyType({"layout": ("x W + b",)})

    def create(self, script: Script, example: Example) -> Handle:
        """Make a layer of the example's sizes."""
        sizes = example.inputs["x"].shape[1], example.cotangent.shape[1]
        return script.create(self.module, self.name, *sizes)


FEATURES = {(1, INPUTS): "(1, D)", (INPUTS,): "(D,)", (INPUTS, 1): "(D, 1)"}


class BatchNorm1d(Layer):
    """running = alpha running + (1 - alpha) batch, and eps is 1e-8; its gradients are sums."""

    operation = "batchnorm"
    module, name = "mytorch.nn.modules.batchnorm", "BatchNorm1d"
    conventions = MappingProxyType(
        {"mode": ("training", "evaluation"), "momentum": (ALPHA, 0.75), "eps": (1e-8,)}
    )
    initial = BEGINS
    vectors = frozenset({"running_mean", "running_var"})
    attributes = MappingProxyType(
        {"gamma": "BW", "beta": "Bb", "running_mean": "running_M", "running_var": "running_V"}
    )
    gradients = MappingProxyType({"gamma": "dLdBW", "beta": "dLdBb"})
    shapes = MappingProxyType(dict.fromkeys(attributes, FEATURES))
    trial = Example(
        {"x": np.arange(BATCH * INPUTS, dtype=np.float64).reshape(BATCH, INPUTS)},
        {"mode": "training", "momentum": 0.9},
        Module.trial.cotangent,
    )

    def create(self, script: Script, example: Example) -> Handle:
        """Make a layer of as many features."""
        features = example.inputs["x"].shape[1]
        return script.create(self.module, self.name, features, **alpha(example))

    def forward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Call forward, then read the running statistics."""
        self.clear(script, layer)
        evaluation = (True,) if example.parameters["mode"] == "evaluation" else ()
        return {
            "y": script.call(layer, "forward", example.inputs["x"], *evaluation),
            "running_mean": script.get(layer, "running_M"),
            "running_var": script.get(layer, "running_V"),
        }

    def backward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Call backward, then read the gradients; the hand-out has it in training alone."""
        if example.parameters["mode"] == "evaluation":
            return {}
        return super().backward(script, layer, example)


class Chain(Tried):
    """The homework's own layers in a row, and the cross-entropy at the end.

    In training: forward through all of them, then the loss, and backward in turn; only then are the
    gradients read, as an optimiser would. Batch norm's are sums, and what the loss hands down is N
    times the gradient of its mean.

    Attributes
    ----------
    kinds
        The components of its layers and of its loss, by their operation.
    parts
        What is known of each.
    holders
        By the name of a parameter, what has it.
    links
        Of the latest object: each layer's number, its component, and the layer.
    """

    operation = "batchnorm_mlp"
    kinds: ClassVar[tuple[type[Module], ...]] = (
        *(Linear, BatchNorm1d, CrossEntropyLoss),
        *(Identity, Sigmoid, Tanh, ReLU),
    )
    conventions = MappingProxyType({**MLP.conventions, "reduction": ("mean",)})
    cotangent = "ones"
    scale = MappingProxyType(dict.fromkeys(("gamma1", "beta1", "gamma2", "beta2"), _samples))
    hides = MLP.hides
    unwritten = RAISES_NOT_IMPLEMENTED
    trial = replace(MLP.trial, cotangent=np.ones(()))

    def __init__(self) -> None:
        super().__init__()
        self.parts = {kind.operation: kind() for kind in self.kinds}
        layers = [part for part in self.parts.values() if isinstance(part, Layer)]
        self.holders = {name: layer for layer in layers for name in layer.attributes}
        self.links: list[tuple[int, Module, Handle]] = []

    def survey(self, ask: Ask) -> None:
        """Look at each layer by itself, and then at all in a row."""
        for part in self.parts.values():
            try:
                part.survey(ask)
            finally:
                self.refusal = part.refusal
            self.variations += part.variations
        self.try_out(ask)

    def create(self, script: Script, example: Example) -> Handle:
        """Make the layers, each with its own of the example's parameters, and then the loss."""
        self.links = []
        for n, (normalised, activation) in enumerate(layers_of(example.parameters["layers"]), 1):
            for operation in ("linear", *normalised * ("batchnorm",), activation):
                part = self.parts[operation]
                layer = part.build(script, self._own(example, n, operation))
                self.links.append((n, part, layer))
        return self.parts["softmax_cross_entropy"].build(script, example)

    def _own(self, example: Example, n: int, operation: str) -> Example:
        """What one layer is made from; of its input, the width counts."""
        inputs = {name[:-1]: a for name, a in example.inputs.items() if name.endswith(str(n))}
        before, after = inputs["weight"].shape
        inputs["weight"] = self._laid(inputs["weight"])
        inputs["x"] = np.ones((1, before if operation == "linear" else after))
        return Example(inputs, {"momentum": MOMENTUM}, np.ones((1, after)))

    def _laid(self, weight: np.ndarray) -> np.ndarray:
        """A weight, or its gradient, from the network's layout to the layer's or back."""
        lies = self.parts["linear"].conventions["layout"] == ("x W^T + b",)
        return weight.T if lies else weight

    def forward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Call every forward, then the loss."""
        array: Any = example.inputs["x"]
        for _, _, link in self.links:
            array = script.call(link, "forward", array)
        loss = script.call(layer, "forward", array, example.inputs["targets"])
        return {"loss": loss, "logits": array}

    def backward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Call every backward, the loss' first; then read the gradients off the layers."""
        upstream = script.call(layer, "backward")
        for _, part, link in reversed(self.links):
            upstream = part.pull(script, link, upstream)
        return {
            f"{name}{n}": script.get(link, attribute)
            for n, part, link in self.links
            if isinstance(part, Layer)
            for name, attribute in part.gradients.items()
        }

    def read(
        self,
        example: Example,
        outputs: Mapping[str, np.ndarray],
        gradients: Mapping[str, np.ndarray],
    ) -> Answer:
        """Say of a column's gradient that does not fit which shape it must have."""
        columns = [name for name in gradients if self._is_column(name)]
        misshapen = misshapen_columns(example, gradients, columns)
        return replace(super().read(example, outputs, gradients), misshapen=misshapen)

    def _is_column(self, name: str) -> bool:
        kind = name[:-1]
        return self.holders[kind].is_column(kind)

    def _flat(self, name: str, value: np.ndarray) -> np.ndarray:
        if name == "loss":
            return value.reshape(()) if _is_number(value) else value
        if name.startswith("weight"):
            return self._laid(value) if value.ndim == 2 else value
        if name.startswith(("bias", "gamma", "beta")):
            return flat_gradient(value, column=self._is_column(name))
        return super()._flat(name, value)


EDITION = Edition(
    name="2022",
    folders=(".",),
    files=tuple(
        f"mytorch/nn/modules/{file}.py" for file in ("activation", "loss", "linear", "batchnorm")
    ),
    components=(
        Identity,
        Sigmoid,
        Tanh,
        ReLU,
        MSELoss,
        CrossEntropyLoss,
        Linear,
        BatchNorm1d,
        Chain,
    ),
)
