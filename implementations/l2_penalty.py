"""L2 penalty, or weight decay: value = strength sum_ij W_ij**2.

Hazards: none while the weights can be squared. The factor 2 of the gradient belongs there: the
penalty has no 1/2 in front.

Source: 003, eq. 16 (the derivative of lambda ||W||**2 is lambda 2 W).
"""

from typing import NamedTuple

import numpy as np

from implementations.array_types import Floating


class Cache(NamedTuple):
    """What ``backward`` needs of ``forward``."""

    weight: Floating[np.ndarray, "rows columns"]
    strength: float


class Gradients(NamedTuple):
    """The cotangent, pulled back to each input."""

    weight: Floating[np.ndarray, "rows columns"]


def forward(
    weight: Floating[np.ndarray, "rows columns"], *, strength: float
) -> tuple[Floating[np.ndarray, ""], Cache]:
    """Charge for large weights (003, eq. 16).

    Parameters
    ----------
    weight
        The weights charged for.
    strength
        Price of one unit of squared weight; 003 calls it lambda.

    Returns
    -------
    value
        The penalty, an array without axes.
    cache
        For ``backward``.
    """
    value = weight.dtype.type(strength) * np.sum(weight**2)
    return np.asarray(value), Cache(weight, strength)


def backward(cotangent: Floating[np.ndarray, ""], cache: Cache) -> Gradients:
    """Return 2 strength W times the cotangent (003, eq. 16).

    Parameters
    ----------
    cotangent
        Gradient of the loss in the penalty; 1 where the penalty is simply added.
    cache
        From ``forward``.

    Raises
    ------
    ValueError
        If the cotangent has axes.
    """
    weight, strength = cache
    if cotangent.shape != ():
        raise ValueError(f"give the cotangent the value's shape, (); it has {cotangent.shape}")
    return Gradients(weight=cotangent * (weight.dtype.type(2 * strength) * weight))
