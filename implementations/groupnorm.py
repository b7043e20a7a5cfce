"""Group normalisation: y = gamma x^ + beta, x^ = (x - mean) / sqrt(variance + eps), per group.

Each sample's channels are parted into groups of equal size; mean and variance run over a group's
members and their pixels, gamma and beta are for each channel. The channels stand on two axes,
(groups, members): the first channels make up the first group, and so on. Up to gamma and beta it
is layer normalisation of (batch groups, members height width).

Hazards: those of layernorm. gamma and beta do not run along the axes that are normalised, so the
cotangent is multiplied by gamma before anything is averaged over a group.

Source: CS231n, assignment 2, group normalisation; the formulas are 002, Q3.2 a.
"""

from typing import NamedTuple

import numpy as np

from implementations import layernorm
from implementations.array_types import Floating


class Cache(NamedTuple):
    """What ``backward`` needs of ``forward``."""

    normalized: Floating[np.ndarray, "batch groups members height width"]
    gamma: Floating[np.ndarray, "groups members"]
    rows: layernorm.Cache


class Gradients(NamedTuple):
    """The cotangent, pulled back to each input."""

    x: Floating[np.ndarray, "batch groups members height width"]
    gamma: Floating[np.ndarray, "groups members"]
    beta: Floating[np.ndarray, "groups members"]


def forward(
    x: Floating[np.ndarray, "batch groups members height width"],
    gamma: Floating[np.ndarray, "groups members"],
    beta: Floating[np.ndarray, "groups members"],
    *,
    eps: float = 1e-5,
) -> tuple[Floating[np.ndarray, "batch groups members height width"], Cache]:
    """Give every group of channels mean 0 and variance 1, then scale and shift its channels.

    Parameters
    ----------
    x
        Images.
    gamma, beta
        Scale and shift of the normalised channels.
    eps
        Added to the variance before the square root.

    Returns
    -------
    y
        Normalised images.
    cache
        For ``backward``.

    Raises
    ------
    ValueError
        If gamma or beta does not have one number per channel.
    """
    for name, parameter in (("gamma", gamma), ("beta", beta)):
        if parameter.shape != x.shape[1:3]:
            raise ValueError(f"give {name} the shape {x.shape[1:3]}; it has {parameter.shape}")
    rows, cache = layernorm.forward(_rows(x), eps=eps)
    normalized = rows.reshape(x.shape)
    y = _everywhere(gamma) * normalized + _everywhere(beta)
    return y, Cache(normalized, gamma, cache)


def backward(
    cotangent: Floating[np.ndarray, "batch groups members height width"], cache: Cache
) -> Gradients:
    """Send the cotangent through x, the mean and the variance at once (002, Q3.2 a).

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
    normalized, gamma, rows = cache
    shape = normalized.shape
    if cotangent.shape != shape:
        raise ValueError(f"give the cotangent y's shape, {shape}; it has {cotangent.shape}")
    upstream = layernorm.backward(_rows(cotangent * _everywhere(gamma)), rows)
    return Gradients(
        x=upstream.x.reshape(shape),
        gamma=np.sum(cotangent * normalized, axis=(0, 3, 4)),
        beta=cotangent.sum(axis=(0, 3, 4)),
    )


def _rows(x: Floating[np.ndarray, "b g m h w"]) -> Floating[np.ndarray, "bg mhw"]:
    return x.reshape(x.shape[0] * x.shape[1], -1)


def _everywhere(
    parameter: Floating[np.ndarray, "groups members"],
) -> Floating[np.ndarray, "groups members 1 1"]:
    return parameter[:, :, np.newaxis, np.newaxis]
