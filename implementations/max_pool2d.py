"""Max pooling over two spatial axes: y = max over each window of x.

Hazards: ties. The maximum has no derivative where a window's largest value occurs twice; the whole
gradient goes to the first of them in row-major order. Windows that overlap add up in the pixels
they share; windows that do not fit are dropped, and pixels in no window get 0.

Source: none derives it. 001, section 4, trains a simplified VGG network, which pools; the
conventions are PyTorch's. The gradient is 002, Q1.1 b with h' = 1 at the maximum and 0 elsewhere.
"""

from typing import NamedTuple

import numpy as np

from implementations.array_types import Floating, Index


class Cache(NamedTuple):
    """What ``backward`` needs of ``forward``; winners number each window's pixels row by row."""

    winner: Index[np.ndarray, "batch channels out_height out_width"]
    shape: tuple[int, ...]
    window: tuple[int, int]
    stride: tuple[int, int]


class Gradients(NamedTuple):
    """The cotangent, pulled back to each input."""

    x: Floating[np.ndarray, "batch channels height width"]


def forward(
    x: Floating[np.ndarray, "batch channels height width"],
    *,
    window: tuple[int, int] = (2, 2),
    stride: tuple[int, int] = (2, 2),
) -> tuple[Floating[np.ndarray, "batch channels out_height out_width"], Cache]:
    """Keep the largest value of every window (001, section 4).

    Parameters
    ----------
    x
        Images.
    window
        Height and width of a window, in pixels.
    stride
        Pixels from one window to the next, down and across.

    Returns
    -------
    y
        One number per window.
    cache
        For ``backward``.

    Raises
    ------
    ValueError
        If window or stride is not positive, or the window is larger than the image.
    """
    if min(*window, *stride) < 1:
        raise ValueError(f"make window and stride at least 1, not {window} and {stride}")
    if window[0] > x.shape[2] or window[1] > x.shape[3]:
        raise ValueError(f"choose a window that fits into x {x.shape}; it is {window}")
    height = (x.shape[2] - window[0]) // stride[0] + 1
    width = (x.shape[3] - window[1]) // stride[1] + 1
    y = np.full((*x.shape[:2], height, width), -np.inf, dtype=x.dtype)
    winner = np.zeros(y.shape, dtype=np.intp)
    for number, (row, column) in enumerate(np.ndindex(window)):
        down = slice(row, row + stride[0] * height, stride[0])
        across = slice(column, column + stride[1] * width, stride[1])
        pixel = x[:, :, down, across]
        # Strictly larger: the first of equals keeps its place.
        larger = pixel > y
        y = np.where(larger, pixel, y)
        winner = np.where(larger, number, winner)
    return y, Cache(winner, x.shape, window, stride)


def backward(
    cotangent: Floating[np.ndarray, "batch channels out_height out_width"], cache: Cache
) -> Gradients:
    """Give every window's cotangent to the pixel that won it (002, Q1.1 b).

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
    winner, shape, window, stride = cache
    if cotangent.shape != winner.shape:
        raise ValueError(f"give the cotangent y's shape, {winner.shape}; it has {cotangent.shape}")
    height, width = winner.shape[2:]
    x = np.zeros(shape, dtype=cotangent.dtype)
    for number, (row, column) in enumerate(np.ndindex(window)):
        down = slice(row, row + stride[0] * height, stride[0])
        across = slice(column, column + stride[1] * width, stride[1])
        x[:, :, down, across] += np.where(winner == number, cotangent, 0)
    return Gradients(x=x)
