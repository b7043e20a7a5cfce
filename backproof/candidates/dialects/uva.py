"""University of Amsterdam, Deep Learning 1, assignment 1: ``modules.py``, 2018 to 2025.

Which way the weight of a layer lies and which shape its bias has is left to the student, so
`LinearModule` looks at what it finds.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from backproof.candidates.candidate import Answer, CandidateError, Example
from backproof.candidates.dialects.dialect import Ask, Dialect, Edition, column, row
from backproof.candidates.dialects.trial import (
    BATCH,
    INPUTS,
    OUTPUTS,
    Shape,
    Tried,
    flat_gradient,
    misshapen_columns,
)
from backproof.candidates.script import Script
from backproof.candidates.wire import Handle


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


WEIGHTS: Mapping[Shape, str] = {(OUTPUTS, INPUTS): "(out, in)", (INPUTS, OUTPUTS): "(in, out)"}
BIASES: Mapping[Shape, str] = {
    (OUTPUTS,): "(out,)",
    (1, OUTPUTS): "(1, out)",
    (OUTPUTS, 1): "(out, 1)",
}


class LinearModule(Module):
    """Its parameters and gradients are in the dicts ``params`` and ``grads``; dW and db are sums.

    Attributes
    ----------
    bias
        The shape of the bias: one of `BIASES`.
    clears
        Whether gradients add up until ``clear_cache()``.
    """

    operation, name = "linear", "LinearModule"
    conventions = MappingProxyType({"layout": ("x W^T + b",)})
    trial = Example(Module.trial.inputs, {}, np.ones((BATCH, OUTPUTS)))

    def __init__(self) -> None:
        super().__init__()
        self.bias = "(out,)"
        self.clears = False

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
        once, twice = self._gradients(ask)
        self._see_shape(once[1])
        if any(map(_doubled, once, twice)):
            self._see_whether_cleared(ask)

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

    def _gradients(self, ask: Ask) -> tuple[list[Any], list[Any]]:
        """Those of weight and bias after one backward of a new layer, and after a second alike."""
        script = Script()
        layer = self.create(script, self.trial)
        *_, weight, bias = self._both(script, layer)
        *_, weight_again, bias_again = self._both(script, layer)
        found = self.asked(ask, script, [weight, bias, weight_again, bias_again])
        return found[:2], found[2:]

    def _both(self, script: Script, layer: Handle) -> list[Handle]:
        """Run forward and backward on the trial; all results."""
        outputs = self.forward(script, layer, self.trial)
        gradients = self.backward(script, layer, self.trial)
        return [*outputs.values(), *gradients.values()]

    def _see_shape(self, gradient: Any) -> None:
        """Compare the shapes of the bias and its gradient; a number grows to that of the latter."""
        shape = BIASES.get(getattr(gradient, "shape", ()), "(out,)")
        if self.bias == "a number":
            self.bias = shape
        elif {self.bias, shape} == {"(out,)", "(1, out)"}:
            self.variations.append(f"grads['bias'] {shape}")

    def _see_whether_cleared(self, ask: Ask) -> None:
        """Gradients add up: by design, if clear_cache ends it."""
        self.clears = True
        with contextlib.suppress(CandidateError):
            once, twice = self._gradients(ask)
            if all(map(np.array_equal, once, twice)):
                self.variations.append("gradients add up until clear_cache()")
                self.accumulates = True
                return
        self.clears = False

    def create(self, script: Script, example: Example) -> Handle:
        """Make a layer of the example's sizes."""
        sizes = example.inputs["x"].shape[1], example.cotangent.shape[1]
        return script.create(self.module, self.name, *sizes)

    def build(self, script: Script, example: Example) -> Handle:
        """Make a layer with the example's parameters."""
        layer = super().build(script, example)
        params = script.get(layer, "params")
        bias = {"(1, out)": row, "(out, 1)": column}.get(self.bias, np.copy)(example.inputs["bias"])
        for name, value in {"weight": example.inputs["weight"].copy(), "bias": bias}.items():
            script.item(params, name)  # fails where the layer keeps them elsewhere
            script.set_item(params, name, value)
        return layer

    def forward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Call forward."""
        if self.clears:
            script.call(layer, "clear_cache")
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
        """The bias' gradient as (out,), if it can be subtracted from the bias."""
        return flat_gradient(value, column=self.bias == "(out, 1)") if name == "bias" else value


def _doubled(once: Any, twice: Any) -> bool:
    """Whether the second backward added what the first had left."""
    if not isinstance(once, np.ndarray) or not np.any(once):
        return False
    with np.errstate(all="ignore"):  # a gradient may hold anything
        return np.array_equal(2 * once, twice)


FOLDERS = (".", "assignment1", "code", "assignment_1/code", "assignment_1/1_mlp_cnn/code")


def _edition(name: str, activation: type[Module], loss: type[Module], *marks: str) -> Edition:
    return Edition(
        name=name,
        folders=FOLDERS,
        files=("modules.py",),
        components=(LinearModule, activation, SoftMaxModule, loss),
        marks=(f"class {activation.name}", *marks),
    )


UVA = Dialect(
    name="uva",
    editions=(
        _edition("2024", ELUModule, CrossEntropyModule, "input_layer", "def __init__(self, alpha"),
        _edition("2022", UnitELUModule, CrossEntropyModule, "input_layer"),
        _edition("2021", ReLUModule, CrossEntropyModule, "input_layer"),
        _edition("2020", UnitELUModule, OneHotCrossEntropyModule),
        _edition("2019", LeakyReLUModule, OneHotCrossEntropyModule),
        _edition("2018", ReLUModule, OneHotCrossEntropyModule),
    ),
)
