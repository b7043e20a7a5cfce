"""Convolution over two spatial axes, with stride and zero padding, in either form.

    "cross-correlation"   Y_ij = sum_lm K_lm X_(i+l)(j+m) + b
    "convolution"         the same with the kernel flipped along both spatial axes

Hazards: the two forms differ by that flip alone and agree on symmetric kernels. A stride that does
not divide leaves rows and columns of x in no window; their gradient is 0. The loop runs over the
kernel's positions, each step on all windows at once.

Source: 002, Q1.1 d, whose Y_ij = sum_lm K_(l+2)(m+2) X_(i-l)(j-m) is "convolution" with stride 1
and no padding, and whose dL/dK_11 = sum_ij dL/dY_ij X_(i+1)(j+1) is the weight's gradient here.
"""

from typing import NamedTuple

import numpy as np

from implementations.array_types import Floating


class Cache(NamedTuple):
    """What ``backward`` needs of ``forward``; the kernel is flipped already."""

    padded: Floating[np.ndarray, "batch channels padded_height padded_width"]
    kernel: Floating[np.ndarray, "filters channels kernel_height kernel_width"]
    stride: int
    padding: int
    form: str


class Gradients(NamedTuple):
    """The cotangent, pulled back to each input."""

    x: Floating[np.ndarray, "batch channels height width"]
    weight: Floating[np.ndarray, "filters channels kernel_height kernel_width"]
    bias: Floating[np.ndarray, "filters"]


def forward(
    x: Floating[np.ndarray, "batch channels height width"],
    weight: Floating[np.ndarray, "filters channels kernel_height kernel_width"],
    bias: Floating[np.ndarray, "filters"],
    *,
    stride: int = 1,
    padding: int = 0,
    form: str = "cross-correlation",
) -> tuple[Floating[np.ndarray, "batch filters out_height out_width"], Cache]:
    """Slide every filter over the images (002, Q1.1 d).

    Parameters
    ----------
    x
        Images.
    weight
        One kernel per filter and channel.
    bias
        What each filter adds everywhere.
    stride
        Pixels from one window to the next, on both axes.
    padding
        Zeros put around each image, in pixels.
    form
        ``"cross-correlation"`` or ``"convolution"``: the module's table.

    Returns
    -------
    y
        One map per filter; windows that do not fit are dropped.
    cache
        For ``backward``.

    Raises
    ------
    ValueError
        If the form is unknown, the shapes do not fit, or no window does.
    """
    if form not in {"cross-correlation", "convolution"}:
        raise ValueError(f'set form to "cross-correlation" or "convolution", not {form!r}')
    if stride < 1 or padding < 0:
        raise ValueError(f"make stride at least 1 and padding 0, not {stride} and {padding}")
    filters, channels, rows, columns = weight.shape
    if x.shape[1] != channels or bias.shape != (filters,):
        raise ValueError(
            f"a weight of {weight.shape} needs x with {channels} channels and a bias of "
            f"({filters},); they are {x.shape} and {bias.shape}"
        )
    margin = (padding, padding)
    padded = np.pad(x, ((0, 0), (0, 0), margin, margin))
    height = (padded.shape[2] - rows) // stride + 1
    width = (padded.shape[3] - columns) // stride + 1
    if height < 1 or width < 1:
        raise ValueError(f"pad x {x.shape} until a kernel of {rows} x {columns} fits")
    kernel = weight[:, :, ::-1, ::-1] if form == "convolution" else weight
    y = np.zeros((len(x), filters, height, width), dtype=x.dtype)
    for row, column in np.ndindex(rows, columns):
        down = slice(row, row + stride * height, stride)
        across = slice(column, column + stride * width, stride)
        pixels = padded[:, :, down, across]
        y += np.einsum("bchw,fc->bfhw", pixels, kernel[:, :, row, column], optimize=True)
    y += bias[:, np.newaxis, np.newaxis]
    return y, Cache(padded, kernel, stride, padding, form)


def backward(
    cotangent: Floating[np.ndarray, "batch filters out_height out_width"], cache: Cache
) -> Gradients:
    """Send the cotangent of every window back to its pixels and to the kernel (002, Q1.1 d).

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
    padded, kernel, stride, padding, form = cache
    filters, _, rows, columns = kernel.shape
    height = (padded.shape[2] - rows) // stride + 1
    width = (padded.shape[3] - columns) // stride + 1
    shape = (len(padded), filters, height, width)
    if cotangent.shape != shape:
        raise ValueError(f"give the cotangent y's shape, {shape}; it has {cotangent.shape}")
    x, weight = np.zeros_like(padded), np.zeros_like(kernel)
    for row, column in np.ndindex(rows, columns):
        down = slice(row, row + stride * height, stride)
        across = slice(column, column + stride * width, stride)
        pixels = padded[:, :, down, across]
        weight[:, :, row, column] = np.einsum("bfhw,bchw->fc", cotangent, pixels, optimize=True)
        x[:, :, down, across] += np.einsum(
            "bfhw,fc->bchw", cotangent, kernel[:, :, row, column], optimize=True
        )
    inner = slice(padding, -padding or None)
    return Gradients(
        x=x[:, :, inner, inner],
        weight=weight[:, :, ::-1, ::-1] if form == "convolution" else weight,
        bias=cotangent.sum(axis=(0, 2, 3)),
    )
