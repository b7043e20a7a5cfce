"""University of Amsterdam, Deep Learning 1, assignment 1, 2018 to 2025.

The layers are in ``modules.py``, the network is in ``mlp_numpy.py``.

Which way the weight of a layer lies, which shape its bias has and where a network keeps its layers
is left to the student, so `LinearModule` and `MLP` look at what they find.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from backproof.candidates.candidate import Answer, CandidateError, Example
from backproof.candidates.dialects.dialect import Ask, Dialect, Edition, column, row
from backproof.candidates.dialects.trial import (
    BATCH,
    INPUTS,
    OUTPUTS,
    Accumulating,
    Shape,
    Tried,
    flat_gradient,
    misshapen_columns,
)
from backproof.candidates.script import Script
from backproof.candidates.wire import Handle
from backproof.networks.mlp import DEPTHS


class Module(Tried):
    """What all modules share: ``forward(x)`` and ``backward(dout)``.

    Since 2021 a method that is still to be written has one line: `return out`, or `return dx`.
    """

    module = "modules"
    unwritten = (
        re.compile(r"(.*) raised NameError: name '(out|dx)' is not defined"),
        r"\1 is not written: it has no \2",
    )

    def forward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Call forward."""
        return {"y": script.call(layer, "forward", example.inputs["x"])}

    def backward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Call backward."""
        return {"x": script.call(layer, "backward", example.cotangent)}


class ReLUModule(Module):
    """2018 and 2021."""

    operation, name = "relu", "ReLUModule"


class LeakyReLUModule(Module):
    """2019: the slope is handed to the constructor."""

    operation, name = "leaky_relu", "LeakyReLUModule"
    trial = Example(Module.trial.inputs, {"slope": 0.25}, Module.trial.cotangent)

    def create(self, script: Script, example: Example) -> Handle:
        """Make the object with its slope."""
        return script.create(self.module, self.name, example.parameters["slope"])


class ELUModule(Module):
    """Since 2024: alpha is handed to the constructor."""

    operation, name = "elu", "ELUModule"
    trial = Example(Module.trial.inputs, {"alpha": 0.5}, Module.trial.cotangent)

    def create(self, script: Script, example: Example) -> Handle:
        """Make the object with its alpha."""
        return script.create(self.module, self.name, example.parameters["alpha"])


class UnitELUModule(Module):
    """2020, 2022 and 2023: alpha is 1."""

    operation, name = "elu", "ELUModule"
    conventions = MappingProxyType({"alpha": (1.0,)})


class SoftMaxModule(Module):
    """Its backward multiplies by the whole Jacobian."""

    operation, name = "softmax", "SoftMaxModule"


class CrossEntropyModule(Module):
    """The mean over the batch; its backward takes the forward's arguments, no upstream gradient.

    Since 2021 ``y`` holds the classes' indices.
    """

    operation, name = "cross_entropy", "CrossEntropyModule"
    conventions = MappingProxyType({"reduction": ("mean",)})
    cotangent = "ones"
    trial = Example(
        {"probabilities": np.full((BATCH, 2), 0.5), "targets": np.eye(2)[[0, 1, 1, 0]]},
        {},
        np.ones(()),
    )

    def labels(self, targets: np.ndarray) -> np.ndarray:
        """The targets as ``y``."""
        return np.asarray(np.argmax(targets, axis=1))

    def forward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Call forward with probabilities and labels."""
        x, y = example.inputs["probabilities"], self.labels(example.inputs["targets"])
        return {"loss": script.call(layer, "forward", x, y)}

    def backward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Call backward with the same."""
        x, y = example.inputs["probabilities"], self.labels(example.inputs["targets"])
        return {"probabilities": script.call(layer, "backward", x, y)}


class OneHotCrossEntropyModule(CrossEntropyModule):
    """Until 2020 ``y`` is one-hot."""

    def labels(self, targets: np.ndarray) -> np.ndarray:
        """The targets as they are."""
        return targets


FAR_BELOW = -100.0
"""There ELU is -alpha to the last digit, and no form of it overflows."""

WEIGHTS: Mapping[Shape, str] = {(OUTPUTS, INPUTS): "(out, in)", (INPUTS, OUTPUTS): "(in, out)"}
BIASES: Mapping[Shape, str] = {
    (OUTPUTS,): "(out,)",
    (1, OUTPUTS): "(1, out)",
    (OUTPUTS, 1): "(out, 1)",
}


class LinearModule(Accumulating, Module):
    """Its parameters and gradients are in the dicts ``params`` and ``grads``; dW and db are sums.

    Attributes
    ----------
    bias
        The shape of the bias: one of `BIASES`.
    """

    operation, name = "linear", "LinearModule"
    conventions = MappingProxyType({"layout": ("x W^T + b",)})
    clearing = "clear_cache"
    trial = Example(Module.trial.inputs, {}, np.ones((BATCH, OUTPUTS)))

    def __init__(self) -> None:
        super().__init__()
        self.bias = "(out,)"

    def survey(self, ask: Ask) -> None:
        """Look at the parameters of a new layer, and at its gradients before and after backward."""
        weight, bias = self._held(ask, "params")
        if self._shape("weight", weight, WEIGHTS) == "(in, out)":
            self.conventions = MappingProxyType({"layout": ("x W + b",)})
            self.variations.append("weight (in, out)")
        if weight.dtype == np.float32:
            self.variations.append("float32 parameters")
        self.bias = self._shape("bias", bias, {**BIASES, (): "a number"})
        if self.bias != "(out,)":
            self.variations.append(f"bias {self.bias}")
        if not self._has_gradients(ask):
            self.variations.append("no gradients before the first backward")
        _, gradients = self.try_out(ask)
        self._see_shape(gradients["bias"])
        self.see_whether_cleared(ask)

    def _held(self, ask: Ask, attribute: str) -> list[Any]:
        """What a new layer has for weight and bias."""
        script = Script()
        held = script.get(self.create(script, self.trial), attribute)
        return ask(script, [script.item(held, "weight"), script.item(held, "bias")])

    def _shape(self, name: str, value: Any, known: Mapping[Shape, str]) -> str:
        """What the shape of a parameter is called."""
        return self.shape_of(f"{self.name}({INPUTS}, {OUTPUTS}).params[{name!r}]", value, known)

    def _has_gradients(self, ask: Ask) -> bool:
        """Whether there are any before the first backward."""
        try:
            return all(value is not None for value in self._held(ask, "grads"))
        except CandidateError:
            return False

    def _see_shape(self, gradient: Any) -> None:
        """Compare the shapes of the bias and its gradient; a number grows to that of the latter."""
        shape = BIASES.get(getattr(gradient, "shape", ()), "(out,)")
        if self.bias == "a number":
            self.bias = shape
        elif {self.bias, shape} == {"(out,)", "(1, out)"}:
            self.variations.append(f"grads['bias'] {shape}")

    def create(self, script: Script, example: Example) -> Handle:
        """Make a layer of the example's sizes."""
        sizes = example.inputs["x"].shape[1], example.cotangent.shape[1]
        return script.create(self.module, self.name, *sizes)

    def build(self, script: Script, example: Example) -> Handle:
        """Make a layer with the example's parameters."""
        layer = super().build(script, example)
        self.set_parameters(script, layer, example.inputs["weight"], example.inputs["bias"])
        return layer

    def set_parameters(
        self, script: Script, layer: Handle, weight: np.ndarray, bias: np.ndarray
    ) -> None:
        """Put in copies of a weight of its layout and of a bias of any."""
        params = script.get(layer, "params")
        bias = {"(1, out)": row, "(out, 1)": column}.get(self.bias, np.copy)(bias)
        for name, value in {"weight": weight.copy(), "bias": bias}.items():
            script.item(params, name)  # fails where the layer keeps them elsewhere
            script.set_item(params, name, value)

    def forward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Call forward."""
        self.clear(script, layer)
        return super().forward(script, layer, example)

    def backward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Call backward, then read the gradients."""
        x = script.call(layer, "backward", example.cotangent)
        grads = script.get(layer, "grads")
        return {"x": x, "weight": script.item(grads, "weight"), "bias": script.item(grads, "bias")}

    def read(
        self,
        example: Example,
        outputs: Mapping[str, np.ndarray],
        gradients: Mapping[str, np.ndarray],
    ) -> Answer:
        """Say of a column's gradient that does not fit which shape it must have."""
        columns = ["bias"] if self.bias == "(out, 1)" else []
        misshapen = misshapen_columns(example, gradients, columns)
        return replace(super().read(example, outputs, gradients), misshapen=misshapen)

    def _flat(self, name: str, value: np.ndarray) -> np.ndarray:
        return self.flat_bias(value) if name == "bias" else value

    def flat_bias(self, gradient: np.ndarray) -> np.ndarray:
        """The bias' gradient as (out,), if it can be subtracted from the bias."""
        return flat_gradient(gradient, column=self.bias == "(out, 1)")


def _network(*widths: int) -> Example:
    """A question to a network of these sizes."""
    inputs: dict[str, np.ndarray] = {"x": np.ones((BATCH, widths[0]))}
    for n, (before, after) in enumerate(pairwise(widths), start=1):
        inputs |= {f"weight{n}": np.ones((after, before)), f"bias{n}": np.ones(after)}
    parameters = {"hidden_layers": len(widths) - 2, "slope": 0.25}
    return Example(inputs, parameters, np.ones((BATCH, widths[-1])))


class MLP(Module):
    """``mlp_numpy.py``: ``MLP(n_inputs, n_hidden, n_classes)``, with a softmax at its end.

    What it calls its layers is left to the student: the objects of the class `LinearModule` that it
    holds are looked for, and told by their sizes.

    Attributes
    ----------
    linear
        What is known of `LinearModule`.
    places
        For each number of hidden layers, where the linear layers are among those that are found.
    """

    operation, module, name = "mlp", "mlp_numpy", "MLP"
    hides = frozenset({"shapes", "dtypes", "layouts", "linearity"})
    activation: ClassVar[type[Module]]
    trial = _network(INPUTS, OUTPUTS, OUTPUTS + 1)

    def __init__(self) -> None:
        super().__init__()
        self.conventions = MappingProxyType(
            {"activation": (self.activation.operation,), "alpha": (1.0,)}
        )
        self.linear = LinearModule()
        self.places = {depth: tuple(range(depth + 1)) for depth in DEPTHS}

    def survey(self, ask: Ask) -> None:
        """Look at a linear layer, and then for those of networks of every depth."""
        try:
            self.linear.survey(ask)
        finally:
            self.refusal = self.linear.refusal
        self.variations += self.linear.variations
        self.accumulates = self.linear.accumulates
        for depth in DEPTHS:
            self._see_places(ask, depth)
        self.try_out(ask)

    def _see_places(self, ask: Ask, depth: int) -> None:
        """Tell the linear layers by the sizes of their weights, in either layout."""
        widths = (INPUTS, *range(OUTPUTS, OUTPUTS + depth + 1))
        script = Script()
        net = self.create(script, _network(*widths))
        layers = script.find(net, Module.module, LinearModule.name)
        params = [script.get(script.item(layers, n), "params") for n in range(depth + 1)]
        weights = [script.item(held, "weight") for held in params]
        found = [{*getattr(weight, "shape", ())} for weight in self.asked(ask, script, weights)]
        try:
            self.places[depth] = tuple(found.index({*pair}) for pair in pairwise(widths))
        except ValueError:
            sizes = f"{self.name}({widths[0]}, {[*widths[1:-1]]}, {widths[-1]})"
            kept = " and ".join(f"{LinearModule.name}({i}, {o})" for i, o in pairwise(widths))
            message = f"{sizes} does not hold {kept}"
            raise self.refused("error", message) from None

    def create(self, script: Script, example: Example) -> Handle:
        """Make a network of the example's sizes."""
        widths = self._widths(example)
        return script.create(self.module, self.name, widths[0], widths[1:-1], widths[-1])

    def _widths(self, example: Example) -> list[int]:
        weights = [example.inputs[f"weight{n}"] for n in self._numbers(example)]
        return [weights[0].shape[1], *map(len, weights)]

    def _numbers(self, example: Example) -> range:
        """Those of the linear layers."""
        return range(1, example.parameters["hidden_layers"] + 2)

    def build(self, script: Script, example: Example) -> Handle:
        """Make a network with the example's parameters."""
        net = super().build(script, example)
        for n, layer in self._layers(script, net, example):
            weight, bias = (example.inputs[f"{name}{n}"] for name in ("weight", "bias"))
            self.linear.set_parameters(script, layer, self._laid(weight), bias)
        return net

    def _layers(
        self, script: Script, net: Handle, example: Example
    ) -> Iterator[tuple[int, Handle]]:
        """The linear layers with their numbers."""
        found = script.find(net, Module.module, LinearModule.name)
        for n in self._numbers(example):
            place = self.places[example.parameters["hidden_layers"]][n - 1]
            yield n, script.item(found, place)

    def _laid(self, weight: np.ndarray) -> np.ndarray:
        """A weight, or its gradient, in the layout that the operation has not."""
        lies = self.linear.conventions["layout"] == ("x W + b",)
        return weight.T if lies and weight.ndim == 2 else weight

    def forward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Call forward."""
        if self.linear.clears:
            for _, linear in self._layers(script, layer, example):
                script.call(linear, "clear_cache")
        return {"probabilities": script.call(layer, "forward", example.inputs["x"])}

    def backward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Call backward, then read the gradients off the layers."""
        script.call(layer, "backward", example.cotangent)
        slopes: dict[str, Handle] = {}
        for n, linear in self._layers(script, layer, example):
            grads = script.get(linear, "grads")
            slopes |= {f"{name}{n}": script.item(grads, name) for name in ("weight", "bias")}
        return slopes

    def _flat(self, name: str, value: np.ndarray) -> np.ndarray:
        if name.startswith("weight"):
            return self._laid(value)
        return self.linear.flat_bias(value) if name.startswith("bias") else value


class ReLUMLP(MLP):
    """2018 and 2021."""

    activation = ReLUModule


class LeakyReLUMLP(MLP):
    """2019: the slope is handed to the constructor."""

    activation = LeakyReLUModule

    def create(self, script: Script, example: Example) -> Handle:
        """Make a network of the example's sizes and slope."""
        widths = self._widths(example)
        sizes = widths[0], widths[1:-1], widths[-1]
        return script.create(self.module, self.name, *sizes, example.parameters["slope"])


class UnitELUMLP(MLP):
    """2020, 2022 and 2023."""

    activation = UnitELUModule


class ELUMLP(MLP):
    """Since 2024: its alpha is the student's choice, and is seen in what an activation returns."""

    activation = ELUModule

    def survey(self, ask: Ask) -> None:
        """Look at an activation, too."""
        super().survey(ask)
        script = Script()
        found = script.find(self.create(script, self.trial), Module.module, ELUModule.name)
        lowest = script.call(script.item(found, 0), "forward", np.full((1, 1), FAR_BELOW))
        (value,) = self.asked(ask, script, [lowest])
        alpha = -float(value.item()) if isinstance(value, np.ndarray) and value.size == 1 else 1.0
        if 0 < alpha < np.inf and alpha != 1:
            self.conventions = MappingProxyType({**self.conventions, "alpha": (alpha,)})
            self.variations.append(f"alpha {alpha:g}")


FOLDERS = (".", "assignment1", "code", "assignment_1/code", "assignment_1/1_mlp_cnn/code")


def _edition(
    name: str, network: type[MLP], loss: type[Module], *marks: str, years: tuple[str, ...] = ()
) -> Edition:
    activation = network.activation
    return Edition(
        name=name,
        folders=FOLDERS,
        files=("modules.py",),
        components=(LinearModule, activation, SoftMaxModule, loss, network),
        marks=(f"class {activation.name}", *marks),
        years=years,
    )


UVA = Dialect(
    name="uva",
    editions=(
        _edition(
            "2024",
            ELUMLP,
            CrossEntropyModule,
            "input_layer",
            "def __init__(self, alpha",
            years=("2025",),
        ),
        _edition("2022", UnitELUMLP, CrossEntropyModule, "input_layer", years=("2023",)),
        _edition("2021", ReLUMLP, CrossEntropyModule, "input_layer"),
        _edition("2020", UnitELUMLP, OneHotCrossEntropyModule),
        _edition("2019", LeakyReLUMLP, OneHotCrossEntropyModule),
        _edition("2018", ReLUMLP, OneHotCrossEntropyModule),
    ),
)
