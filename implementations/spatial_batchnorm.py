"""Batch normalisation of images: y = gamma x^ + beta, x^ = (x - mean) / sqrt(variance + eps).

Every pixel of every image is one sample of its channels: this is batch normalisation of
(batch height width, channels), and what differs is the arrangement alone.

Hazards: those of batchnorm. A plain reshape, without moving the channels last first, mixes
channels with pixels; the count of samples is that of pixels in the batch, not of images.

Source: CS231n, assignment 2, spatial batch normalisation; the formulas are 004, eq. 1 to 9 and 37.
"""

from typing import NamedTuple

import numpy as np

from implementations import batchnorm
from implementations.array_types import Floating


class Cache(NamedTuple):
    """What ``backward`` needs of ``forward``."""

    shape: tuple[int, ...]
    rows: batchnorm.Cache


class Gradients(NamedTuple):
    """The cotangent of y, pulled back to each input; running statistics carry no gradient."""

    x: Floating[np.ndarray, "batch channels height width"]
    gamma: Floating[np.ndarray, "channels"]
    beta: Floating[np.ndarray, "channels"]


class Outputs(NamedTuple):
    """The value: the activations, and the running statistics after this batch."""

    y: Floating[np.ndarray, "batch channels height width"]
    running_mean: Floating[np.ndarray, "channels"]
    running_var: Floating[np.ndarray, "channels"]


def forward(
    x: Floating[np.ndarray, "batch channels height width"],
    gamma: Floating[np.ndarray, "channels"],
    beta: Floating[np.ndarray, "channels"],
    running_mean: Floating[np.ndarray, "channels"],
    running_var: Floating[np.ndarray, "channels"],
    *,
    mode: str = "training",
    momentum: float = 0.9,
    eps: float = 1e-5,
) -> tuple[Outputs, Cache]:
    """Give every channel a learned mean and scale over the pixels of the batch (004, eq. 1 to 6).

    Parameters
    ----------
    x
        Images.
    gamma, beta
        Scale and shift of the normalised channels.
    running_mean, running_var
        Statistics of the batches seen before; the new ones are returned.
    mode
        ``"training"`` uses the batch's statistics, ``"evaluation"`` the running ones, unchanged.
    momentum
        What the running statistics keep of themselves.
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
        If the mode is unknown or a per-channel array does not have one number per channel.
    """
    outputs, rows = batchnorm.forward(
        _rows(x),
        gamma,
        beta,
        running_mean,
        running_var,
        mode=mode,
        momentum=momentum,
        eps=eps,
    )
    y, running_mean, running_var = outputs
    return Outputs(_images(y, x.shape), running_mean, running_var), Cache(x.shape, rows)


def backward(
    cotangent: Floating[np.ndarray, "batch channels height width"], cache: Cache
) -> Gradients:
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
    if cotangent.shape != cache.shape:
        raise ValueError(f"give the cotangent y's shape, {cache.shape}; it has {cotangent.shape}")
    x, gamma, beta = batchnorm.backward(_rows(cotangent), cache.rows)
    return Gradients(_images(x, cache.shape), gamma, beta)


def _rows(images: Floating[np.ndarray, "b c h w"]) -> Floating[np.ndarray, "bhw c"]:
    return images.transpose(0, 2, 3, 1).reshape(-1, images.shape[1])


def _images(
    rows: Floating[np.ndarray, "bhw c"], shape: tuple[int, ...]
) -> Floating[np.ndarray, "b c h w"]:
    batch, channels, height, width = shape
    return rows.reshape(batch, height, width, channels).transpose(0, 3, 1, 2)
