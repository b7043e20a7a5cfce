"""Multiclass hinge loss: loss_s = sum over k != y_s of max(0, x_sk - x_s,y + margin), then reduced.

Hazards: the true class would violate its own margin, by just the margin, and is left out. The kink:
a score exactly at the margin has no derivative; 0 is taken, as at any score below it.

Source: CS231n, assignment 1 (value, and the gradient: 1 for each violation, minus their number at
the true class, over N for the mean).
"""

from typing import NamedTuple

import numpy as np

from implementations.array_types import Floating, Index
from implementations.reduction import reduced, sample_weights


class Cache(NamedTuple):
    """What ``backward`` needs of ``forward``; ``active`` is 1 where the margin is violated."""

    active: Floating[np.ndarray, "batch classes"]
    targets: Index[np.ndarray, "batch"]
    reduction: str


class Gradients(NamedTuple):
    """The cotangent, pulled back to each input."""

    scores: Floating[np.ndarray, "batch classes"]


def forward(
    scores: Floating[np.ndarray, "batch classes"],
    targets: Index[np.ndarray, "batch"],
    *,
    margin: float = 1.0,
    reduction: str = "mean",
) -> tuple[Floating[np.ndarray, ""] | Floating[np.ndarray, "batch"], Cache]:
    """Charge for each wrong class that scores within the margin of the true one, or above it.

    Parameters
    ----------
    scores
        One row per sample.
    targets
        The number of each true class, from 0.
    margin
        By how much the true class is to be ahead; CS231n calls it Delta.
    reduction
        ``"mean"`` and ``"sum"`` over the batch, or ``"none"``: one loss per sample.

    Returns
    -------
    loss
        An array without axes, or one number per sample; in the units of the scores.
    cache
        For ``backward``.

    Raises
    ------
    ValueError
        If the reduction is unknown, the shapes do not fit, or a target names no class.
    """
    if targets.shape != scores.shape[:1]:
        raise ValueError(f"give targets the shape {scores.shape[:1]}; they have {targets.shape}")
    if not np.all((targets >= 0) & (targets < scores.shape[1])):
        raise ValueError(f"number the classes from 0 to {scores.shape[1] - 1}")
    true = np.arange(len(targets)), targets
    violation = scores - scores[true][:, np.newaxis] + scores.dtype.type(margin)
    violation[true] = 0
    active = (violation > 0).astype(scores.dtype)
    per_sample = np.sum(np.maximum(violation, 0), axis=1)
    return reduced(per_sample, reduction), Cache(active, targets, reduction)


def backward(
    cotangent: Floating[np.ndarray, ""] | Floating[np.ndarray, "batch"], cache: Cache
) -> Gradients:
    """Pull each violating score down and the true one up as often, over N for the mean.

    Parameters
    ----------
    cotangent
        Gradient of whatever follows in the loss; 1 if nothing does.
    cache
        From ``forward``.

    Raises
    ------
    ValueError
        If the cotangent does not have the loss's shape.
    """
    active, targets, reduction = cache
    weights = sample_weights(cotangent, reduction, len(targets))
    pull = active.copy()
    pull[np.arange(len(targets)), targets] = -active.sum(axis=1)
    return Gradients(scores=weights * pull)
