"""Squared error: loss_s = sum_j (a_sj - y_sj)**2, then reduced over the batch.

Hazards: none while the differences can be squared. What is averaged is a convention: the mean here
is over the samples, not over the entries, and there is no factor 1/2.

Source: 004, appendix D (C0 = (a - y)**2, its derivative 2 (a - y), and 1/n sum over examples).
"""

from typing import NamedTuple

import numpy as np

from implementations.array_types import Floating
from implementations.reduction import reduced, sample_weights


class Cache(NamedTuple):
    """What ``backward`` needs of ``forward``."""

    difference: Floating[np.ndarray, "batch features"]
    reduction: str


class Gradients(NamedTuple):
    """The cotangent, pulled back to each input."""

    prediction: Floating[np.ndarray, "batch features"]


def forward(
    prediction: Floating[np.ndarray, "batch features"],
    target: Floating[np.ndarray, "batch features"],
    *,
    reduction: str = "mean",
) -> tuple[Floating[np.ndarray, ""] | Floating[np.ndarray, "batch"], Cache]:
    """Measure the squared distance of each prediction from its target (004, appendix D).

    Parameters
    ----------
    prediction
        What the network says.
    target
        What it should say.
    reduction
        ``"mean"`` and ``"sum"`` over the batch, or ``"none"``: one loss per sample.

    Returns
    -------
    loss
        An array without axes, or one number per sample; in the target's units, squared.
    cache
        For ``backward``.

    Raises
    ------
    ValueError
        If the reduction is unknown or the shapes differ.
    """
    if target.shape != prediction.shape:
        raise ValueError(
            f"give the target the prediction's shape, {prediction.shape}; it has {target.shape}"
        )
    difference = prediction - target
    per_sample = np.sum(difference**2, axis=1)
    return reduced(per_sample, reduction), Cache(difference, reduction)


def backward(
    cotangent: Floating[np.ndarray, ""] | Floating[np.ndarray, "batch"], cache: Cache
) -> Gradients:
    """Double the difference, over n for the mean (004, appendix D).

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
    difference, reduction = cache
    weights = sample_weights(cotangent, reduction, len(difference))
    return Gradients(prediction=weights * (2 * difference))
