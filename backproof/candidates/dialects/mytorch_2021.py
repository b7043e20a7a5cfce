"""Carnegie Mellon 11-785, homework 1 part 1, as handed out in 2020 and 2021.

The hand-out is document 004: section 3 fixes the interface, appendices A and C the formulas.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from backproof.candidates.candidate import Example
from backproof.candidates.dialects.dialect import Component, Edition, row
from backproof.candidates.script import Script
from backproof.candidates.wire import Handle, Initialiser

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


class BatchNorm(Component):
    """Section 3.3, appendix C: running = alpha running + (1 - alpha) batch, and eps is 1e-8."""

    operation = "batchnorm"
    module, name = "batchnorm", "BatchNorm"
    conventions = MappingProxyType(
        {"mode": ("training", "evaluation"), "momentum": (0.9, 0.75), "eps": (1e-8,)}
    )
    vectors = frozenset({"gamma", "beta", "running_mean", "running_var"})

    def build(self, script: Script, example: Example) -> Handle:
        """Make a layer, and put the example's parameters and running statistics in."""
        features = example.inputs["gamma"].shape[0]
        alpha = example.parameters["momentum"]
        layer = script.create(self.module, self.name, features, alpha=alpha)
        for name in ("gamma", "beta", "running_mean", "running_var"):
            script.set(layer, name, row(example.inputs[name]))
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


EDITION = Edition(
    name="2021",
    folders=("mytorch", "."),
    files=("activation.py", "loss.py", "linear.py", "batchnorm.py"),
    components=(
        Sigmoid,
        Tanh,
        ReLU,
        Identity,
        SoftmaxCrossEntropy,
        Linear,
        BatchNorm,
    ),
)
