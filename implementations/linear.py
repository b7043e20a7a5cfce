"""Affine layer, in the three layouts of the documents.

    layout          x               weight           y                source
    "x W^T + b"     batch, inputs   outputs, inputs  batch, outputs   002, Q1.1 a
    "x W + b"       batch, inputs   inputs, outputs  batch, outputs   003, eq. 10 to 12; 004, Q5
    "W x + b"       inputs, batch   outputs, inputs  outputs, batch   000, eq. 12 to 18 and 21

Hazards: a bias of the wrong length broadcasts in silence, and with as many inputs as outputs so
does a transposed weight: name the layout. The gradients are plain sums over the batch; the loss,
not the layer, takes the mean (004, 3.4 asks for the mean here).
"""

from typing import NamedTuple

import numpy as np

from implementations.array_types import Floating


class Cache(NamedTuple):
    """What ``backward`` needs of ``forward``."""

    x: Floating[np.ndarray, "x_rows x_columns"]
    weight: Floating[np.ndarray, "weight_rows weight_columns"]
    layout: str


class Gradients(NamedTuple):
    """The cotangent, pulled back to each input."""

    x: Floating[np.ndarray, "x_rows x_columns"]
    weight: Floating[np.ndarray, "weight_rows weight_columns"]
    bias: Floating[np.ndarray, "outputs"]


def forward(
    x: Floating[np.ndarray, "x_rows x_columns"],
    weight: Floating[np.ndarray, "weight_rows weight_columns"],
    bias: Floating[np.ndarray, "outputs"],
    *,
    layout: str = "x W^T + b",
) -> tuple[Floating[np.ndarray, "y_rows y_columns"], Cache]:
    """Weigh the inputs of every sample and add the bias (002, Q1.1 a).

    Parameters
    ----------
    x
        Samples.
    weight
        What each input contributes to each output.
    bias
        What each output is without inputs.
    layout
        Which axis is which: the module's table.

    Returns
    -------
    y
        Pre-activations, the batch on the same side as in ``x``.
    cache
        For ``backward``.

    Raises
    ------
    ValueError
        If the layout is unknown or the shapes do not fit it.
    """
    if layout not in {"x W^T + b", "x W + b", "W x + b"}:
        raise ValueError(f'set layout to "x W^T + b", "x W + b" or "W x + b", not {layout!r}')
    outputs, inputs = weight.shape[::-1] if layout == "x W + b" else weight.shape
    if x.shape[0 if layout == "W x + b" else 1] != inputs or bias.shape != (outputs,):
        raise ValueError(
            f"transpose the weight or change the layout: in {layout!r} a weight of {weight.shape} "
            f"takes {inputs} inputs and a bias of ({outputs},), not x {x.shape}, bias {bias.shape}"
        )
    cache = Cache(x, weight, layout)
    if layout == "x W^T + b":
        return x @ weight.T + bias, cache
    if layout == "x W + b":
        return x @ weight + bias, cache
    return weight @ x + bias[:, np.newaxis], cache


def backward(cotangent: Floating[np.ndarray, "y_rows y_columns"], cache: Cache) -> Gradients:
    """Distribute the cotangent over inputs, weight and bias (002, Q1.1 a; 003, eq. 10 to 12).

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
    x, weight, layout = cache
    if layout == "W x + b":
        shape = (weight.shape[0], x.shape[1])
    else:
        shape = (x.shape[0], weight.shape[0 if layout == "x W^T + b" else 1])
    if cotangent.shape != shape:
        raise ValueError(f"give the cotangent y's shape, {shape}; it has {cotangent.shape}")
    if layout == "x W^T + b":
        return Gradients(cotangent @ weight, cotangent.T @ x, cotangent.sum(axis=0))
    if layout == "x W + b":
        return Gradients(cotangent @ weight.T, x.T @ cotangent, cotangent.sum(axis=0))
    return Gradients(weight.T @ cotangent, cotangent @ x.T, cotangent.sum(axis=1))
