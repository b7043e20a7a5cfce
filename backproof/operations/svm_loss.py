"""The multiclass hinge loss; its kinks are scores exactly at the margin.

No course fixes the derivative there, so there is no test of a convention.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from backproof.operation import Operation
from derivations import svm_loss as derivation
from derivations.reduction import REDUCTIONS
from implementations import svm_loss as implementation


def reference(torch: Any, scores: Any, targets: Any, *, margin: float, reduction: str) -> Any:
    """The torch reference; torch's own multi_margin_loss divides by the number of classes."""
    true = torch.nn.functional.one_hot(targets, scores.shape[1]).bool()
    violation = scores - scores[true][:, None] + margin
    loss = torch.relu(violation).masked_fill(true, 0).sum(dim=1)
    return {"sum": loss.sum(), "mean": loss.mean(), "none": loss}[reduction]


def distance(inputs: Mapping[str, np.ndarray], parameters: Mapping[str, Any]) -> float:
    """Half the distance of the nearest wrong score from the margin: two scores may move."""
    scores, targets = inputs["scores"], inputs["targets"]
    true = targets[:, np.newaxis] == np.arange(scores.shape[1])
    violation = scores - scores[true][:, np.newaxis] + parameters["margin"]
    return float(np.abs(violation).min(initial=np.inf, where=~true)) / 2


OPERATION = Operation(
    name="svm_loss",
    derive=derivation.derive,
    implementation=implementation,
    torch=reference,
    outputs=("loss",),
    conventions={"reduction": REDUCTIONS},
    parameters={"margin": (1.0, 0.5)},
    margin=distance,
)
