"""Inverted dropout: y = x mask / (1 - rate) in training, y = x in evaluation.

Hazards: the randomness is the caller's. Forward and backward must see the same mask, so it is an
input, and a pure function remains. Dividing by 1 - rate keeps the expectation of y at x, which is
why evaluation drops and scales nothing; the gradient carries the same factor.

Source: 001, section 2 (names the layer); the scale is PyTorch's, the gradient is 002, Q1.1 b with
h' = mask / (1 - rate).
"""

from typing import NamedTuple

import numpy as np

from implementations.array_types import Floating


class Cache(NamedTuple):
    """What ``backward`` needs of ``forward``."""

    mask: Floating[np.ndarray, "batch features"]
    rate: float
    mode: str


class Gradients(NamedTuple):
    """The cotangent, pulled back to each input; the mask is not differentiated."""

    x: Floating[np.ndarray, "batch features"]


def forward(
    x: Floating[np.ndarray, "batch features"],
    mask: Floating[np.ndarray, "batch features"],
    *,
    rate: float,
    mode: str = "training",
) -> tuple[Floating[np.ndarray, "batch features"], Cache]:
    """Drop the masked activations and scale up the others (001, section 2).

    Parameters
    ----------
    x
        Activations.
    mask
        1 where an activation is kept, 0 where it is dropped.
    rate
        The probability with which the mask was drawn 0.
    mode
        ``"training"`` applies the mask, ``"evaluation"`` returns ``x`` whatever mask and rate are.

    Returns
    -------
    y
        Activations with the expectation of ``x``.
    cache
        For ``backward``.

    Raises
    ------
    ValueError
        If the mode is unknown, the shapes differ, the mask holds other numbers, or the rate is not
        in [0, 1).
    """
    if mode not in {"training", "evaluation"}:
        raise ValueError(f'set mode to "training" or "evaluation", not {mode!r}')
    if not 0 <= rate < 1:
        raise ValueError(f"choose a rate from 0 up to, not including, 1; it is {rate}")
    if mask.shape != x.shape:
        raise ValueError(f"give the mask x's shape, {x.shape}; it has {mask.shape}")
    if not np.all((mask == 0) | (mask == 1)):
        raise ValueError("make the mask of 0 and 1; forward divides by 1 - rate itself")
    y = x * mask / x.dtype.type(1 - rate) if mode == "training" else x.copy()
    return y, Cache(mask, rate, mode)


def backward(cotangent: Floating[np.ndarray, "batch features"], cache: Cache) -> Gradients:
    """Drop and scale the cotangent as the forward did the activations (002, Q1.1 b).

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
    mask, rate, mode = cache
    if cotangent.shape != mask.shape:
        raise ValueError(f"give the cotangent y's shape, {mask.shape}; it has {cotangent.shape}")
    if mode == "evaluation":
        return Gradients(x=cotangent.copy())
    return Gradients(x=cotangent * mask / cotangent.dtype.type(1 - rate))
