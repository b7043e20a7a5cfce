"""The squared error, summed over the features."""

import numpy as np

from right_forms.notation import Answer, Array
from right_forms.reduction import reduced, upstream


def difference(cotangent: Array, prediction: Array, target: Array, reduction: str) -> Answer:
    """sum((a - y)^2), and 2 (a - y)."""
    gap = prediction - target
    weight = upstream(cotangent, reduction, len(gap))
    return reduced((gap**2).sum(axis=1), reduction), {"prediction": weight * 2 * gap}


def einsum(cotangent: Array, prediction: Array, target: Array, reduction: str) -> Answer:
    """The difference contracted with itself, and the gradient as y - a taken twice."""
    gap = target - prediction
    loss = np.einsum("sk,sk->s", gap, gap)
    weight = upstream(cotangent, reduction, len(gap))
    return reduced(loss, reduction), {"prediction": -(gap + gap) * weight}


def norm(cotangent: Array, prediction: Array, target: Array, reduction: str) -> Answer:
    """The square of np.linalg.norm, and 2/N as one factor."""
    gap = prediction - target
    loss = np.linalg.norm(gap, axis=1) ** 2
    factor = 2 / len(gap) if reduction == "mean" else 2
    column = np.broadcast_to(cotangent, (len(gap),))[:, None]
    return reduced(loss, reduction), {"prediction": factor * (column * gap)}


def loops(cotangent: Array, prediction: Array, target: Array, reduction: str) -> Answer:
    """Entry by entry, with one running total."""
    count = len(target) if reduction == "mean" else 1
    loss = np.zeros(len(target), dtype=target.dtype)
    gradient, upstreams = np.empty_like(target), np.broadcast_to(cotangent, (len(target),))
    for s, k in np.ndindex(*target.shape):
        gap = prediction[s, k] - target[s, k]
        loss[s] += gap * gap
        gradient[s, k] = gap * 2 * upstreams[s] / count
    if reduction == "none":
        return loss, {"prediction": gradient}
    total = loss.dtype.type(0)
    for one in loss:
        total += one
    return np.asarray(total / count), {"prediction": gradient}


def multiplied_out(cotangent: Array, prediction: Array, target: Array, reduction: str) -> Answer:
    """a^2 - 2 a y + y^2, which cancels."""
    loss = (prediction**2 - 2 * prediction * target + target**2).sum(axis=1)
    weight = upstream(cotangent, reduction, len(target))
    return reduced(loss, reduction), {"prediction": 2 * weight * (prediction - target)}


FORMS = (difference, einsum, norm, loops)
UNSTABLE = (multiplied_out,)
