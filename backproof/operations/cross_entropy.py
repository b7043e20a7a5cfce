"""Cross-entropy on probabilities."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from backproof.operation import Operation, Parameters, Sizes
from derivations import cross_entropy as derivation
from derivations.reduction import REDUCTIONS
from implementations import cross_entropy as implementation


def reference(torch: Any, probabilities: Any, targets: Any, *, reduction: str) -> Any:
    """The torch reference."""
    loss = -(targets * torch.log(probabilities)).sum(dim=1)
    return {"sum": loss.sum(), "mean": loss.mean(), "none": loss}[reduction]


def margin(inputs: Mapping[str, np.ndarray], _: Mapping[str, Any]) -> float:
    """The distance from the edge of the logarithm's domain."""
    return float(inputs["probabilities"].min())


def fit(sizes: Sizes, parameters: Parameters) -> tuple[Sizes, Parameters]:
    """Make two classes at least: a right program may clip the probability 1 of a single one."""
    return {**sizes, "classes": max(sizes["classes"], 2)}, parameters


OPERATION = Operation(
    name="cross_entropy",
    derive=derivation.derive,
    implementation=implementation,
    torch=reference,
    outputs=("loss",),
    conventions={"reduction": REDUCTIONS},
    values={"probabilities": "probability", "targets": "one-hot"},
    margin=margin,
    fit=fit,
)
