"""Maximum pooling; among equal values of a window the first in row-major order takes all.

Maximum is a selection: on each strict order of its inputs it is linear. So its gradient is proved
at listed sizes by going through every strict order there, ties being a convention and not a
derivative.
"""

import sympy as sp

from derivations.notation import (
    ClosedForm,
    Derivation,
    FirstMaximum,
    Positive,
    array,
    axes,
    delta,
    let,
    maximum,
    total,
)

batch, channels, height, width = axes("batch channels height width")
window_height, window_width = axes("window_height window_width")
out_height, out_width = axes("out_height out_width")
n = batch.index("n")
c = channels.index("c")
a, b = height.index("a"), width.index("b")
u, v = window_height.index("u"), window_width.index("v")
i, j = out_height.index("i"), out_width.index("j")
stride_height = sp.Symbol("stride_height", integer=True, positive=True)
stride_width = sp.Symbol("stride_width", integer=True, positive=True)

x = array("x", batch, channels, height, width)
row, column = i * stride_height + u, j * stride_width + v
entry = x[n, c, row, column]
largest = 1 - Positive(maximum(entry, u, v) - entry)


def _checked(*values: int) -> dict[str, int]:
    names = ("height", "width", "window_height", "window_width", "stride_height", "stride_width")
    return {"batch": 1, "channels": 1, **dict(zip(names, values, strict=True))}


def derive() -> Derivation:
    """The primal and the VJP, for windows of any shape and stride, overlapping ones too."""
    return _derived(FirstMaximum(entry, u, v))


def each_takes_all() -> Derivation:
    """Each of the equal entries takes all that its window has to give."""
    return _derived(largest)


def all_share() -> Derivation:
    """The equal entries take equal shares."""
    return _derived(largest / total(largest, u, v))


def _derived(share: sp.Expr) -> Derivation:
    """With the share of a window's cotangent that an entry takes."""
    dy = array("dy", batch, channels, out_height, out_width)
    meets = delta(a, row) * delta(b, column)
    return Derivation(
        name="max_pool2d",
        inputs=(x,),
        primal=(let("y", (n, c, i, j), maximum(entry, u, v)),),
        gradients=(
            ClosedForm(
                "x",
                (n, c, a, b),
                total(dy[n, c, i, j] * share * meets, i, j, u, v),
                "none of the documents; ties as in PyTorch",
            ),
        ),
        sizes={
            out_height.size: sp.floor((height.size - window_height.size) / stride_height) + 1,
            out_width.size: sp.floor((width.size - window_width.size) / stride_width) + 1,
        },
        sources=("none of the documents; ties as in PyTorch",),
        check_sizes=(
            _checked(1, 1, 1, 1, 1, 1),
            _checked(2, 2, 1, 2, 1, 1),
            _checked(2, 2, 2, 2, 2, 2),
            _checked(1, 5, 1, 3, 1, 2),
            _checked(3, 1, 2, 1, 1, 1),
            _checked(1, 4, 1, 1, 1, 2),
            _checked(2, 3, 2, 2, 1, 1),
        ),
        every_order=True,
    )
