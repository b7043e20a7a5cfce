"""Saarland University, High-Level Computer Vision: ``two_layernet.py``, document 003.

Sapienza's Advanced Machine Learning hands out the same. The network is asked in three parts, so
that one which is still to be written is no error of the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from backproof.candidates.candidate import CandidateError, Example
from backproof.candidates.dialects.dialect import Ask, Component, Dialect, Edition
from backproof.candidates.script import Script
from backproof.candidates.wire import Handle

PARAMETERS = ("W1", "b1", "W2", "b2")
SLOPES = tuple(f"gradient.{name}" for name in PARAMETERS)


def _all_but(*shown: str) -> frozenset[str]:
    """The other outputs and gradients of the network."""
    return frozenset({"forward", "forward.probabilities", "forward.scores", *SLOPES}) - {*shown}


class Part(Component):
    """What all parts share: ``params`` is a dict with W1, b1, W2 and b2; ``y`` is a class index.

    Attributes
    ----------
    trial
        What `survey` asks: no size is another, and the loss is above 0.
    unwritten
        What is said of a part that is still to be written.
    """

    operation = "two_layer_net"
    module, name = "two_layernet", "TwoLayerNet"
    cotangent = "ones"
    trial = Example(
        {
            "x": np.ones((5, 2)),
            "W1": np.eye(2, 3),
            "b1": np.ones(3),
            "W2": np.eye(3, 4),
            "b2": np.ones(4),
            "targets": np.array([0, 1, 2, 3, 0]),
        },
        {"reg": 0.5},
        np.ones(()),
    )

    def __init__(self) -> None:
        super().__init__()
        self.unwritten = ""

    def survey(self, ask: Ask) -> None:
        """See whether the part is written."""
        script = Script()
        outputs = self.forward(script, self.build(script, self.trial), self.trial)
        for handle, found in zip(outputs.values(), ask(script, [*outputs.values()]), strict=True):
            if not isinstance(found, np.ndarray) and found == 0:
                self.unwritten = f"{script.spelled(handle)} is still 0"

    def build(self, script: Script, example: Example) -> Handle:
        """Make a network of the example's sizes, with its parameters."""
        if self.unwritten:
            raise CandidateError("not-implemented", self.unwritten)
        arrays = example.inputs
        net = script.create(self.module, self.name, *arrays["W1"].shape, arrays["W2"].shape[1])
        params = script.get(net, "params")
        for name in PARAMETERS:
            script.set_item(params, name, arrays[name].copy())
        return net

    def backward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Nothing, but for the gradients."""
        return {}

    def known(self, example: Example) -> dict[str, Any]:
        """The arguments beside X where there are labels."""
        return {"y": example.inputs["targets"], "reg": example.parameters["reg"]}


class Probabilities(Part):
    """``loss(X)``, without labels."""

    label = "probabilities"
    hides = _all_but("forward.probabilities")

    def forward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Ask for the probabilities."""
        return {"probabilities": script.call(layer, "loss", example.inputs["x"])}


class Loss(Part):
    """The first of the pair that ``loss(X, y, reg)`` returns."""

    label = "loss"
    hides = _all_but("forward")

    def forward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Ask for the pair."""
        found = script.call(layer, "loss", example.inputs["x"], **self.known(example))
        return {"loss": script.item(found, 0)}


class Gradients(Part):
    """The second of the pair, a dict; it has no upstream gradient.

    Attributes
    ----------
    method
        What returns the pair.
    """

    label = "gradients"
    hides = _all_but(*SLOPES)
    method = "loss"

    def survey(self, ask: Ask) -> None:
        """Look at the shapes of the biases' gradients."""
        script = Script()
        net = self.build(script, self.trial)
        self.forward(script, net, self.trial)
        slopes = self.backward(script, net, self.trial)
        biases = "b1", "b2"
        found = ask(script, [slopes[name] for name in biases])
        for name, slope in zip(biases, found, strict=True):
            size = self.trial.inputs[name].size
            if getattr(slope, "shape", None) == (1, size):
                self.variations.append(f"grads[{name!r}] (1, {'H' if name == 'b1' else 'C'})")

    def forward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Ask for the pair."""
        found = script.call(layer, self.method, example.inputs["x"], **self.known(example))
        self.grads = script.item(found, 1)
        return {"loss": script.item(found, 0)}

    def backward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Take the gradients that came with the loss."""
        return {name: script.item(self.grads, name) for name in PARAMETERS}

    def _flat(self, name: str, value: np.ndarray) -> np.ndarray:
        """The gradient of a bias as (n,), if it can be subtracted from the bias."""
        is_row = name in {"b1", "b2"} and value.ndim == 2 and len(value) == 1
        return value[0] if is_row else value


class ProbabilitiesV1(Probabilities):
    """``forward(X)``."""

    name = "TwoLayerNetv1"

    def forward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Ask for the probabilities."""
        return {"probabilities": script.call(layer, "forward", example.inputs["x"])}


class LossV2(Loss):
    """``compute_loss(X, y, reg)``."""

    name = "TwoLayerNetv2"

    def forward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Ask for the loss."""
        x = example.inputs["x"]
        return {"loss": script.call(layer, "compute_loss", x, **self.known(example))}


class GradientsV3(Gradients):
    """``back_propagation(X, y, reg)``, whose loss is judged too: it may be written anew."""

    name = "TwoLayerNetv3"
    hides = _all_but("forward", *SLOPES)
    method = "back_propagation"


def _edition(name: str, components: tuple[type[Component], ...]) -> Edition:
    return Edition(name=name, folders=(".",), files=("two_layernet.py",), components=components)


HLCV = Dialect(
    name="hlcv",
    editions=(
        replace(
            _edition("2024", (ProbabilitiesV1, LossV2, GradientsV3)),
            marks=("class TwoLayerNetv1",),
            years=("2025",),
        ),
        _edition("2021", (Probabilities, Loss, Gradients)),
    ),
)
