"""Cross-entropy of given probabilities: loss_s = -sum_k T_sk log X_sk, then reduced over the batch.

With log_eps above 0 the logarithm is of X_sk + log_eps, as many programs have it.

Hazards: a softmax may round a probability to 0. Where the target is 0 too, 0 log 0 is 0 and the
gradient 0: those entries are never handed to log or to the division. Where the target is not 0 the
loss would be infinite; softmax_cross_entropy, from logits, is finite there.

Source: 002, Q1.1 c ii (value and gradient, mean over the S samples); 000, eq. 1 to 3 (one sample);
001, 1.1 c (sum over the batch).
"""

from typing import NamedTuple

import numpy as np

from implementations.array_types import Floating
from implementations.reduction import reduced, sample_weights


class Cache(NamedTuple):
    """What ``backward`` needs of ``forward``.

    ``counted`` is what the logarithm is taken of, and 1 where the target is 0.
    """

    counted: Floating[np.ndarray, "batch classes"]
    targets: Floating[np.ndarray, "batch classes"]
    reduction: str


class Gradients(NamedTuple):
    """The cotangent, pulled back to each input."""

    probabilities: Floating[np.ndarray, "batch classes"]


def forward(
    probabilities: Floating[np.ndarray, "batch classes"],
    targets: Floating[np.ndarray, "batch classes"],
    *,
    reduction: str = "mean",
    log_eps: float = 0.0,
) -> tuple[Floating[np.ndarray, ""] | Floating[np.ndarray, "batch"], Cache]:
    """Measure, in nats, how far the probabilities are from the targets (002, Q1.1 c ii).

    Parameters
    ----------
    probabilities
        One distribution per row.
    targets
        The true class of each row, one-hot.
    reduction
        ``"mean"`` and ``"sum"`` over the batch, or ``"none"``: one loss per sample.
    log_eps
        Added to each probability inside the logarithm.

    Returns
    -------
    loss
        An array without axes, or one number per sample.
    cache
        For ``backward``.

    Raises
    ------
    ValueError
        If the reduction is unknown, the shapes differ, or a true class has no probability.
    """
    if targets.shape != probabilities.shape:
        raise ValueError(
            f"give targets the probabilities' shape, {probabilities.shape}; it has {targets.shape}"
        )
    number = probabilities.dtype.type
    counted = np.where(targets == 0, number(1), probabilities + number(log_eps))
    if not np.all(counted > 0):
        raise ValueError(
            "make the true class's probability positive, or use softmax_cross_entropy on the logits"
        )
    per_sample = -np.sum(targets * np.log(counted), axis=1)
    return reduced(per_sample, reduction), Cache(counted, targets, reduction)


def backward(
    cotangent: Floating[np.ndarray, ""] | Floating[np.ndarray, "batch"], cache: Cache
) -> Gradients:
    """Divide the targets by the probabilities: -T / X, over S for the mean (002, Q1.1 c ii).

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
    counted, targets, reduction = cache
    weights = sample_weights(cotangent, reduction, len(counted))
    return Gradients(probabilities=-weights * (targets / counted))
