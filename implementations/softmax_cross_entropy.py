"""Cross-entropy of a softmax, from logits: loss_s = log(sum_k exp(x_sk)) - x_s,true, then reduced.

Hazards: exp overflows and the logarithm of a softmax that underflowed is -inf. The row's maximum is
subtracted first and the logarithm is never taken of a single probability (log-sum-exp). With
log_eps above 0 it is, of p + log_eps, as many programs have it; the gradient is then multiplied by
the true class's p / (p + log_eps).

Source: 004, appendix A (value; gradient softmax - target) and appendix B (log-sum-exp);
003, eq. 2 (mean over the batch) and eq. 8 (its gradient).
"""

from typing import NamedTuple

import numpy as np

from implementations.array_types import Floating, Index
from implementations.reduction import reduced, sample_weights


class Cache(NamedTuple):
    """What ``backward`` needs of ``forward``: the softmax and the number of each true class.

    ``share`` is what ``log_eps`` leaves of each sample's gradient, 1 without it.
    """

    probabilities: Floating[np.ndarray, "batch classes"]
    labels: Index[np.ndarray, "batch"]
    reduction: str
    share: Floating[np.ndarray, "batch"]


class Gradients(NamedTuple):
    """The cotangent, pulled back to each input."""

    logits: Floating[np.ndarray, "batch classes"]


def forward(
    logits: Floating[np.ndarray, "batch classes"],
    targets: Floating[np.ndarray, "batch classes"] | Index[np.ndarray, "batch"],
    *,
    reduction: str = "mean",
    targets_as: str = "one-hot",
    log_eps: float = 0.0,
) -> tuple[Floating[np.ndarray, ""] | Floating[np.ndarray, "batch"], Cache]:
    """Measure, in nats, how far the logits' softmax is from the targets (004, appendices A and B).

    Parameters
    ----------
    logits
        Unnormalised log-probabilities.
    targets
        The true class of each row.
    reduction
        ``"mean"`` and ``"sum"`` over the batch, or ``"none"``: one loss per sample.
    targets_as
        ``"one-hot"`` rows of 0 and a single 1, or the ``"index"`` of the class, from 0.
    log_eps
        Added to the softmax inside the logarithm.

    Returns
    -------
    loss
        An array without axes, or one number per sample.
    cache
        For ``backward``.

    Raises
    ------
    ValueError
        If a convention is unknown, the shapes do not fit, or a target names no class.
    """
    if targets_as not in {"one-hot", "index"}:
        raise ValueError(f'set targets_as to "one-hot" or "index", not {targets_as!r}')
    shape = logits.shape if targets_as == "one-hot" else logits.shape[:1]
    if targets.shape != shape:
        raise ValueError(f"give {targets_as} targets the shape {shape}; they have {targets.shape}")
    if targets_as == "one-hot":
        if np.any((targets != 0) & (targets != 1)) or np.any(targets.sum(axis=1) != 1):
            raise ValueError("make every row of one-hot targets 0 but for a single 1")
        labels = targets.argmax(axis=1)
    else:
        if not np.all((targets >= 0) & (targets < logits.shape[1])):
            raise ValueError(f"number the classes from 0 to {logits.shape[1] - 1}")
        labels = targets
    shifted = logits - logits.max(axis=1, keepdims=True)
    weight = np.exp(shifted)
    total = weight.sum(axis=1, keepdims=True)
    probabilities = weight / total
    true = np.arange(len(labels)), labels
    if log_eps:
        offset = probabilities[true] + logits.dtype.type(log_eps)
        per_sample, share = -np.log(offset), probabilities[true] / offset
    else:
        per_sample, share = np.log(total[:, 0]) - shifted[true], np.ones_like(total[:, 0])
    return reduced(per_sample, reduction), Cache(probabilities, labels, reduction, share)


def backward(
    cotangent: Floating[np.ndarray, ""] | Floating[np.ndarray, "batch"], cache: Cache
) -> Gradients:
    """Subtract the target from the softmax, over N for the mean (004, appendix A; 003, eq. 8).

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
    probabilities, labels, reduction, share = cache
    weights = sample_weights(cotangent, reduction, len(labels)) * share[:, np.newaxis]
    residual = probabilities.copy()
    residual[np.arange(len(labels)), labels] -= 1
    return Gradients(logits=weights * residual)
