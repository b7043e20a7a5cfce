"""Rectified linear unit: y = max(0, x).

Hazards: the kink. At x = 0 there is no derivative; the documents set it to 0. The gradient is
selected, not multiplied by 0 or 1, so that an infinite cotangent does not become NaN.

Source: 000, eq. 11 (derivative) and eq. 20 (gradient); 004, sections 3.1.5 and 3.1.6.
"""

from typing import NamedTuple

import numpy as np

from implementations.array_types import Floating


class Cache(NamedTuple):
    """What ``backward`` needs of ``forward``."""

    x: Floating[np.ndarray, "batch features"]


class Gradients(NamedTuple):
    """The cotangent, pulled back to each input."""

    x: Floating[np.ndarray, "batch features"]


def forward(
    x: Floating[np.ndarray, "batch features"],
) -> tuple[Floating[np.ndarray, "batch features"], Cache]:
    """Keep what is positive (004, section 3.1.5).

    Parameters
    ----------
    x
        Pre-activations.

    Returns
    -------
    y
        Activations, never negative.
    cache
        For ``backward``.
    """
    return np.maximum(x, 0), Cache(x)


def backward(cotangent: Floating[np.ndarray, "batch features"], cache: Cache) -> Gradients:
    """Let the cotangent pass where the unit was active, x > 0 (000, eq. 11 and 20).

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
    x = cache.x
    if cotangent.shape != x.shape:
        raise ValueError(f"give the cotangent y's shape, {x.shape}; it has {cotangent.shape}")
    return Gradients(x=np.where(x > 0, cotangent, 0))
