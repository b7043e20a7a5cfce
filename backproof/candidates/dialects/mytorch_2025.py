"""Carnegie Mellon 11-785, homework 1 part 1, as handed out in 2025: ``mytorch.nn``.

The classes are those of 2022, with two activations more. Every backward is the true gradient.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from backproof.candidates.candidate import Example
from backproof.candidates.dialects import mytorch_2022
from backproof.candidates.dialects.dialect import Edition
from backproof.candidates.script import Script
from backproof.candidates.wire import Handle


class Activation(mytorch_2022.Module):
    """``backward(dLdA)`` returns dLdZ."""

    module = "mytorch.nn.activation"

    def backward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Call backward."""
        return {"x": script.call(layer, "backward", example.cotangent)}


class Identity(Activation):
    """Nothing changes."""

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


class GELU(Activation):
    """By the error function."""

    operation, name = "gelu", "GELU"


class Softmax(Activation):
    """Its backward multiplies by the whole Jacobian."""

    operation, name = "softmax", "Softmax"


class MSELoss(mytorch_2022.MSELoss):
    """Twice the difference, divided by the number of entries."""

    module = "mytorch.nn.loss"
    scale = MappingProxyType({})


class CrossEntropyLoss(mytorch_2022.CrossEntropyLoss):
    """Softmax minus label, divided by the batch size."""

    module = "mytorch.nn.loss"
    scale = MappingProxyType({})


class Linear(mytorch_2022.Linear):
    """The gradients of its parameters are sums over the batch."""

    module = "mytorch.nn.linear"
    averaged = frozenset()


class BatchNorm1d(mytorch_2022.BatchNorm1d):
    """As in 2022."""

    module = "mytorch.nn.batchnorm"


class Chain(mytorch_2022.Chain):
    """Every gradient is that of the mean loss."""

    kinds = (Linear, BatchNorm1d, CrossEntropyLoss, Identity, Sigmoid, Tanh, ReLU)
    scale = MappingProxyType({})


EDITION = Edition(
    name="2025",
    folders=(".",),
    files=tuple(f"mytorch/nn/{file}.py" for file in ("activation", "loss", "linear", "batchnorm")),
    components=(
        Identity,
        Sigmoid,
        Tanh,
        ReLU,
        GELU,
        Softmax,
        MSELoss,
        CrossEntropyLoss,
        Linear,
        BatchNorm1d,
        Chain,
    ),
)
