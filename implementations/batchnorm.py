"""Batch normalisation: y = gamma x^ + beta, x^ = (x - mean) / sqrt(variance + eps), per feature.

Hazards: E[x**2] - E[x]**2 cancels; the variance is taken in two passes, around the mean. It is the
biased one (1/m). Mean and variance depend on x: dropping either term from the gradient is the
classic mistake. The gradient is the compact form, one subtraction each for the mean and variance.

Source: 004, eq. 1 to 4 (value), 5 and 6 (running statistics), 7 to 9 (beta and gamma), 37 (x, the
terms that the compact form collects: gamma / sqrt(variance + eps) (g - mean(g) - x^ mean(g x^)));
001, 3.2.
"""

from typing import NamedTuple

import numpy as np

from implementations.array_types import Floating


class Cache(NamedTuple):
    """What ``backward`` needs of ``forward``."""

    normalized: Floating[np.ndarray, "batch features"]
    deviation: Floating[np.ndarray, "features"]
    gamma: Floating[np.ndarray, "features"]
    mode: str


class Gradients(NamedTuple):
    """The cotangent of y, pulled back to each input; running statistics carry no gradient."""

    x: Floating[np.ndarray, "batch features"]
    gamma: Floating[np.ndarray, "features"]
    beta: Floating[np.ndarray, "features"]


class Outputs(NamedTuple):
    """The value: the activations, and the running statistics after this batch."""

    y: Floating[np.ndarray, "batch features"]
    running_mean: Floating[np.ndarray, "features"]
    running_var: Floating[np.ndarray, "features"]


def forward(
    x: Floating[np.ndarray, "batch features"],
    gamma: Floating[np.ndarray, "features"],
    beta: Floating[np.ndarray, "features"],
    running_mean: Floating[np.ndarray, "features"],
    running_var: Floating[np.ndarray, "features"],
    *,
    mode: str = "training",
    momentum: float = 0.9,
    eps: float = 1e-5,
) -> tuple[Outputs, Cache]:
    """Give every feature a learned mean and scale over the batch (004, eq. 1 to 6).

    Parameters
    ----------
    x
        Pre-activations.
    gamma, beta
        Scale and shift of the normalised features.
    running_mean, running_var
        Statistics of the batches seen before; the new ones are returned.
    mode
        ``"training"`` uses the batch's statistics, ``"evaluation"`` the running ones, unchanged.
    momentum
        What the running statistics keep of themselves; 004 calls it alpha, PyTorch 1 - momentum.
    eps
        Added to the variance before the square root.

    Returns
    -------
    outputs
        ``y`` and the new running statistics.
    cache
        For ``backward``.

    Raises
    ------
    ValueError
        If the mode is unknown or a per-feature array does not have one number per feature.
    """
    if mode not in {"training", "evaluation"}:
        raise ValueError(f'set mode to "training" or "evaluation", not {mode!r}')
    if not gamma.shape == beta.shape == running_mean.shape == running_var.shape == x.shape[1:]:
        raise ValueError(
            f"give gamma, beta, running_mean and running_var the shape {x.shape[1:]}; they have "
            f"{gamma.shape}, {beta.shape}, {running_mean.shape} and {running_var.shape}"
        )
    number = x.dtype.type
    if mode == "training":
        mean = x.mean(axis=0)
        variance = np.mean((x - mean) ** 2, axis=0)
        running_mean = number(momentum) * running_mean + number(1 - momentum) * mean
        running_var = number(momentum) * running_var + number(1 - momentum) * variance
    else:
        mean = running_mean = running_mean.copy()
        variance = running_var = running_var.copy()
    deviation = np.sqrt(variance + number(eps))
    normalized = (x - mean) / deviation
    outputs = Outputs(gamma * normalized + beta, running_mean, running_var)
    return outputs, Cache(normalized, deviation, gamma, mode)


def backward(cotangent: Floating[np.ndarray, "batch features"], cache: Cache) -> Gradients:
    """Send the cotangent through x, the mean and the variance at once (004, eq. 7 to 9 and 37).

    Parameters
    ----------
    cotangent
        Gradient of the loss in ``y``.
    cache
        From ``forward``.

    Raises
    ------
    ValueError
        If the cotangent does not have the shape of ``y``.
    """
    normalized, deviation, gamma, mode = cache
    shape = normalized.shape
    if cotangent.shape != shape:
        raise ValueError(f"give the cotangent y's shape, {shape}; it has {cotangent.shape}")
    upstream = cotangent * gamma
    if mode == "training":
        projection = normalized * np.mean(upstream * normalized, axis=0)
        upstream = upstream - upstream.mean(axis=0) - projection
    return Gradients(
        x=upstream / deviation,
        gamma=np.sum(cotangent * normalized, axis=0),
        beta=cotangent.sum(axis=0),
    )
