"""How a loss over a batch becomes one number, or stays one number for each sample.

What cross_entropy, softmax_cross_entropy and mse share: loss = sum, mean or nothing of it over the
batch, and the factor that this puts before each sample's gradient.

Source: 002, Q1.1 c ii (1/S); 001, 1.1 c (sum); 004, section 3.2 (one loss for each sample).
"""

import numpy as np

from implementations.array_types import Floating

REDUCTIONS = ("sum", "mean", "none")


def reduced(
    per_sample: Floating[np.ndarray, "batch"], reduction: str
) -> Floating[np.ndarray, ""] | Floating[np.ndarray, "batch"]:
    """Reduce the losses of a batch.

    Raises
    ------
    ValueError
        If the reduction is unknown.
    """
    if reduction not in REDUCTIONS:
        raise ValueError(f'set reduction to "mean", "sum" or "none", not {reduction!r}')
    if reduction == "none":
        return per_sample
    return np.asarray(per_sample.mean() if reduction == "mean" else per_sample.sum())


def sample_weights(
    cotangent: Floating[np.ndarray, ""] | Floating[np.ndarray, "batch"], reduction: str, batch: int
) -> Floating[np.ndarray, "..."]:
    """What each sample's gradient is multiplied by, ready to broadcast along its row.

    Raises
    ------
    ValueError
        If the cotangent does not have the reduced loss's shape.
    """
    shape = (batch,) if reduction == "none" else ()
    if cotangent.shape != shape:
        raise ValueError(f"give the cotangent the loss's shape, {shape}; it has {cotangent.shape}")
    weights = cotangent[..., np.newaxis]
    return weights / batch if reduction == "mean" else weights
