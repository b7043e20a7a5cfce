"""Squared error: loss_s = sum_j (a_sj - y_sj)**2, then reduced over the batch or over all entries.

Hazards: none while the differences can be squared. What is averaged is a convention: "mean" is over
the samples, "mean over entries" over the features too, and there is no factor 1/2.

Source: 004, appendix D (C0 = (a - y)**2, its derivative 2 (a - y), and 1/n sum over examples);
11-785, homework 1, since 2022 (the mean over entries).
"""

from typing import NamedTuple

import numpy as np

from implementations.array_types import Floating
from implementations.reduction import reduced, sample_weights

OVER_ENTRIES = "mean over entries"


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
        ``"mean"`` and ``"sum"`` over the batch, ``"none"``: one loss per sample, or
        ``"mean over entries"``.

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
    cache = Cache(difference, reduction)
    if reduction == OVER_ENTRIES:
        return np.asarray(np.mean(difference**2)), cache
    return reduced(np.sum(difference**2, axis=1), reduction), cache


def backward(
    cotangent: Floating[np.ndarray, ""] | Floating[np.ndarray, "batch"], cache: Cache
) -> Gradients:
    """Double the difference, over what the mean is over (004, appendix D).

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
    if reduction == OVER_ENTRIES:
        weights = sample_weights(cotangent, "mean", difference.size)
    else:
        weights = sample_weights(cotangent, reduction, len(difference))
    return Gradients(prediction=weights * (2 * difference))
