"""Inverted dropout with the mask given."""

import numpy as np

from right_forms.notation import Answer, Array


def division_last(cotangent: Array, x: Array, mask: Array, rate: float) -> Answer:
    """x m / (1 - p)."""
    return x * mask / (1 - rate), {"x": cotangent * mask / (1 - rate)}


def scaled_mask(cotangent: Array, x: Array, mask: Array, rate: float) -> Answer:
    """The mask divided first, and used both ways."""
    scaled = mask / (1 - rate)
    return x * scaled, {"x": cotangent * scaled}


def reciprocal(cotangent: Array, x: Array, mask: Array, rate: float) -> Answer:
    """One factor 1 / (1 - p), computed once."""
    scale = x.dtype.type(1) / (x.dtype.type(1) - x.dtype.type(rate))
    return scale * x * mask, {"x": scale * cotangent * mask}


def where(cotangent: Array, x: Array, mask: Array, rate: float) -> Answer:
    """Zeros selected in place of a product with the mask."""
    keep = 1 - rate
    return np.where(mask > 0, x / keep, 0), {"x": np.where(mask > 0, cotangent / keep, 0)}


FORMS = (division_last, scaled_mask, reciprocal, where)
