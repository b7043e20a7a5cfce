"""Document 000: the derivatives of a perceptron, one sample as a column.

Its convention: the gradient of a number is a row, and a Jacobian has the rows of what is
differentiated. In 1.1 c the losses of the samples are kept apart.
"""

import sympy as sp

from derivations.claims import AnyClaim, Claim, Illegible, Line, ShapeClaim, setting, steps
from derivations.documents.perceptron import (
    activation,
    affine,
    affine_layer,
    below,
    bias,
    classes,
    column,
    derivative,
    hidden,
    i,
    j,
    k,
    last_layer,
    logits,
    loss,
    loss_above,
    loss_of_affine,
    probabilities,
    rectified,
    row,
    target,
    weight,
    width,
    width_below,
    x,
)
from derivations.equality import different, equal
from derivations.notation import Array, Axis, Case, Positive, delta, partial, total
from derivations.tensor import Tensor, diag, identity, ones, tensor

batch = Axis("B")

cross_entropy = -total(target[i] * sp.log(probabilities[i]), i)
gradient = derivative(loss, probabilities)
of_entry = partial(cross_entropy, probabilities[j])

_LOSS: tuple[AnyClaim, ...] = (
    Claim(
        "000 eq. 1",
        r"\frac{\partial L}{\partial x}"
        r" = \frac{\partial}{\partial x} \left(-\sum_i t_i \log x_i\right)",
        gradient[j],
        of_entry,
        last_layer,
        "cross_entropy",
    ),
    *steps(
        "000 eq. 2",
        last_layer,
        Line(
            r"\left(\frac{\partial}{\partial x} \left(-\sum_i t_i \log x_i\right)\right)_j",
            gradient[j],
        ),
        Line(r"\frac{\partial}{\partial x_j} \left(-\sum_i t_i \log x_i\right)", of_entry),
        Line(r"-\frac{t_j}{x_j}", -target[j] / probabilities[j]),
        operation="cross_entropy",
    ),
    Claim(
        "000 after eq. 2",
        r"\frac{\partial x_i}{\partial x_j} = 0",
        partial(probabilities[i], probabilities[j]),
        sp.S.Zero,
        last_layer,
        "cross_entropy",
        given=(different(i, j),),
    ),
    *steps(
        "000 eq. 3",
        last_layer,
        Line(r"\frac{\partial L}{\partial x}", gradient),
        Line(
            r"\left[-\frac{t_i}{x_i}\right]_{i=1}^{d_N}",
            (-tensor(target) / tensor(probabilities)).T,
        ),
        Line(
            r"\left[-\frac{t_1}{x_1} - \frac{t_2}{x_2} \cdots - \frac{t_{d_N}}{x_{d_N}}\right]",
            (-tensor(target) / tensor(probabilities)).T,
        ),
        operation="cross_entropy",
    ),
    ShapeClaim(
        "000 eq. 3, shape",
        r"\frac{\partial L}{\partial x} \in \mathbb{R}^{1 \times d_N}",
        (1, classes.size),
        (1, classes.size),
        "cross_entropy",
    ),
)

SOFTMAX = r"\frac{\partial x_i}{\partial \tilde{x}_j}"
SUM = r"\sum_{k=1}^{d_N} \exp(\tilde{x}_k)"
SQUARE = r"\left(\sum_{k=1}^{d_N} \exp(\tilde{x}_k)\right)^2"
FACTORS = (
    r"\frac{\exp(\tilde{x}_i)}{\sum_{k=1}^{d_N} \exp(\tilde{x}_k)}",
    r"\frac{\exp(\tilde{x}_j)}{\sum_{k=1}^{d_N} \exp(\tilde{x}_k)}",
)

softmax_jacobian = derivative(probabilities, logits)
softmax_slope = partial(probabilities[i], logits[j])
exp_i, exp_j = sp.exp(logits[i]), sp.exp(logits[j])
exponentials = total(sp.exp(logits[k]), k)
slope_of_sum = partial(exponentials, logits[j])
entries = Tensor(
    (classes.size, classes.size),
    lambda at, by: probabilities[at] * (delta(at, by) - probabilities[by]),
)

_SOFTMAX: tuple[AnyClaim, ...] = (
    *steps(
        "000 eq. 5",
        last_layer,
        Line(
            r"\left(\frac{\partial x}{\partial \tilde{x}}\right)_{i,j}",
            softmax_jacobian[i, j],
        ),
        Line(SOFTMAX, softmax_slope),
        Line(
            r"\frac{\partial}{\partial \tilde{x}_j}"
            r" \left(\frac{\exp(\tilde{x}_i)}{" + SUM + r"}\right)",
            partial(exp_i / exponentials, logits[j]),
        ),
        operation="softmax",
    ),
    *steps(
        "000 eq. 6",
        last_layer,
        Line(SOFTMAX, softmax_slope, given=(equal(i, j),)),
        Line(
            r"\frac{\exp(\tilde{x}_i) \cdot \left(" + SUM + r"\right) - \exp(\tilde{x}_i) \cdot"
            r" \frac{\partial}{\partial \tilde{x}_j} \left(" + SUM + r"\right)}{" + SQUARE + "}",
            (exp_i * exponentials - exp_i * slope_of_sum) / exponentials**2,
        ),
        operation="softmax",
    ),
    Claim(
        "000 after eq. 6",
        r"\frac{\partial}{\partial \tilde{x}_j} " + SUM + " = 0",
        slope_of_sum,
        sp.S.Zero,
        last_layer,
        "softmax",
        given=(different(j, k),),
        repaired=exp_j,
        correction=r"\frac{\partial}{\partial \tilde{x}_j} " + SUM + r" = \exp(\tilde{x}_j)",
        why="The whole sum depends on every logit; it is its terms with k other than j that do not"
        " depend on this one.",
    ),
    *steps(
        "000 eq. 7",
        last_layer,
        Line(SOFTMAX, softmax_slope, given=(equal(i, j),)),
        Line(
            r"\frac{\exp(\tilde{x}_i) \cdot \left(" + SUM + r"\right)"
            r" - \exp(\tilde{x}_i) \exp(\tilde{x}_j)}{" + SQUARE + "}",
            (exp_i * exponentials - exp_i * exp_j) / exponentials**2,
        ),
        Line(
            FACTORS[0] + r" - \frac{\exp(\tilde{x}_i) \exp(\tilde{x}_j)}{" + SQUARE + "}",
            exp_i / exponentials - exp_i * exp_j / exponentials**2,
        ),
        Line(
            "x_i - " + FACTORS[0] + " " + FACTORS[1],
            probabilities[i] - exp_i / exponentials * (exp_j / exponentials),
        ),
        Line("x_i - x_i x_j", probabilities[i] - probabilities[i] * probabilities[j]),
        Line(
            r"x_i \cdot \left(1 - x_j\right)",
            probabilities[i] * (1 - probabilities[j]),
        ),
        operation="softmax",
    ),
    *steps(
        "000 eq. 8",
        last_layer,
        Line(SOFTMAX, softmax_slope, given=(different(i, j),)),
        Line(
            r"\frac{-\exp(\tilde{x}_i) \cdot \frac{\partial}{\partial \tilde{x}_j}"
            r" \left(" + SUM + r"\right)}{" + SQUARE + "}",
            -exp_i * slope_of_sum / exponentials**2,
        ),
        Line(
            r"-\frac{\exp(\tilde{x}_i) \cdot \exp(\tilde{x}_j)}{" + SQUARE + "}",
            -exp_i * exp_j / exponentials**2,
        ),
        Line(
            "-" + FACTORS[0] + r" \cdot " + FACTORS[1],
            -exp_i / exponentials * (exp_j / exponentials),
        ),
        Line(r"-x_i \cdot x_j", -probabilities[i] * probabilities[j]),
        operation="softmax",
    ),
    *steps(
        "000 eq. 9",
        last_layer,
        Line(
            r"\left(\frac{\partial x}{\partial \tilde{x}}\right)_{i,j}",
            softmax_jacobian[i, j],
        ),
        Line(r"x_i \cdot \left(\mathbb{1}(i = j) - x_j\right)", entries[i, j]),
        operation="softmax",
    ),
    *steps(
        "000 eq. 10",
        last_layer,
        Line(r"\frac{\partial x}{\partial \tilde{x}}", softmax_jacobian),
        Line(
            r"\left[x_i \cdot \left(\mathbb{1}(i = j) - x_j\right)\right]_{i,j=1}^{d_N, d_N}",
            entries,
        ),
        Line(
            r"\begin{bmatrix}"
            r" x_1 \cdot (1 - x_1) & x_1 \cdot (-x_2) & \cdots & x_1 \cdot (-x_{d_N}) \\"
            r" x_2 \cdot (-x_1) & x_2 \cdot (1 - x_2) & \cdots & x_2 \cdot (-x_{d_N}) \\"
            r" \vdots & \vdots & \ddots & \vdots \\"
            r" x_{d_N} \cdot (-x_1) & x_{d_N} \cdot (-x_2) & \cdots & x_{d_N} \cdot (1 - x_{d_N})"
            r" \end{bmatrix}",
            Tensor(
                (classes.size, classes.size),
                lambda at, by: Case(
                    delta(at, by),
                    probabilities[at] * (1 - probabilities[at]),
                    probabilities[at] * -probabilities[by],
                ),
            ),
        ),
        operation="softmax",
    ),
    ShapeClaim(
        "000 eq. 10, shape",
        r"\frac{\partial x}{\partial \tilde{x}} \in \mathbb{R}^{d_N \times d_N}",
        softmax_jacobian.shape,
        (classes.size, classes.size),
        "softmax",
    ),
)

RELU = r"\frac{\partial x}{\partial \tilde{x}}"

above_zero = tensor(hidden).map(Positive)
relu_jacobian = derivative(rectified, hidden)
maximum = Case(Positive(hidden[row]), hidden[row], 0)

_RELU: tuple[AnyClaim, ...] = (
    *steps(
        "000 eq. 11",
        activation,
        Line(RELU, relu_jacobian[row, column]),
        Line(
            r"\frac{\partial}{\partial \tilde{x}} \left(\max(0, \tilde{x})\right)",
            partial(maximum, hidden[column]),
        ),
        Line(
            r"\begin{cases} 1 & \text{if } \tilde{x} > 0 \\ 0 & \text{otherwise} \end{cases}",
            Case(Positive(hidden[column]), 1, 0),
            needs=(equal(row, column),),
        ),
        operation="relu",
    ),
    *steps(
        "000 eq. 11, matrix",
        activation,
        Line(RELU, relu_jacobian),
        Line(
            r"\begin{bmatrix} \mathbb{1}(\tilde{x}_1 > 0) & 0 & \cdots & 0 \\"
            r" 0 & \mathbb{1}(\tilde{x}_2 > 0) & \cdots & 0 \\"
            r" \vdots & \vdots & \ddots & \vdots \\"
            r" 0 & 0 & \cdots & \mathbb{1}(\tilde{x}_{d_l} > 0) \end{bmatrix}",
            Tensor(
                (width.size, width.size),
                lambda at, by: Case(delta(at, by), Positive(hidden[at]), 0),
            ),
        ),
        Line(
            r"\operatorname{diag}\left(\mathbb{1}(\tilde{x} > 0)\right)",
            diag(above_zero),
        ),
        operation="relu",
    ),
    ShapeClaim(
        "000 eq. 11, shape",
        RELU + r" \in \mathbb{R}^{d_l \times d_l}",
        relu_jacobian.shape,
        (width.size, width.size),
        "relu",
    ),
)

BY_X = r"\frac{\partial \tilde{x}^{(l)}}{\partial x^{(l-1)}}"
BY_WEIGHT = r"\frac{\partial \tilde{x}^{(l)}}{\partial W^{(l)}}"
BY_BIAS = r"\frac{\partial \tilde{x}^{(l)}}{\partial b^{(l)}}"
OF_OUTPUT = r"\frac{\partial \tilde{x}_i^{(l)}}{\partial W^{(l)}}"
OF_ENTRY = r"\frac{\partial \tilde{x}_i^{(l)}}{\partial W_{j,k}^{(l)}}"
AFFINE = r"\left(W^{(l)} x^{(l-1)} + b^{(l)}\right)"
ONES = (
    r"\begin{bmatrix} 1 & 1 & \cdots & 1 \\ 1 & 1 & \cdots & 1 \\"
    r" \vdots & \vdots & \ddots & \vdots \\ 1 & 1 & \cdots & 1 \end{bmatrix}"
)

written = total(weight[row, below] * x[below], below) + bias[row]
by_x, by_weight, by_bias = (derivative(affine, array) for array in (x, weight, bias))
of_output = Tensor(by_weight.shape[1:], lambda *at: by_weight[row, *at])
beyond = sp.Idx("m", width.size - 1)


def as_written(by: Array) -> Tensor:
    """The derivative of W x + b, written out."""
    return Tensor(
        derivative(affine, by).shape,
        lambda at, *of: partial(written.xreplace({row: at}), by[of]),
    )


_AFFINE: tuple[AnyClaim, ...] = (
    *steps(
        "000 eq. 12",
        affine_layer,
        Line(BY_X, by_x),
        Line(r"\frac{\partial}{\partial x^{(l-1)}} " + AFFINE, as_written(x)),
        Line(r"W^{(l)}", tensor(weight)),
        operation="linear",
    ),
    ShapeClaim(
        "000 eq. 12, shape",
        BY_X + r" \in \mathbb{R}^{d_l \times d_{l-1}}",
        by_x.shape,
        (width.size, width_below.size),
        "linear",
    ),
    *steps(
        "000 eq. 13",
        affine_layer,
        Line(BY_WEIGHT, by_weight),
        Line(r"\frac{\partial}{\partial W^{(l)}} " + AFFINE, as_written(weight)),
        Line(
            r"\begin{bmatrix} \frac{\partial \tilde{x}_1^{(l)}}{\partial W^{(l)}} \\"
            r" \frac{\partial \tilde{x}_2^{(l)}}{\partial W^{(l)}} \\ \vdots \\"
            r" \frac{\partial \tilde{x}_{d_l}^{(l)}}{\partial W^{(l)}} \end{bmatrix}",
            Tensor(by_weight.shape, lambda at, *of: partial(affine[at], weight[of])),
        ),
        operation="linear",
    ),
    Claim(
        "000 eq. 14, first row",
        r"\left(" + OF_OUTPUT + r"\right)_1 = \begin{bmatrix}"
        r" \frac{\partial \tilde{x}_i^{(l)}}{\partial W_{1,1}^{(l)}}"
        r" & \frac{\partial \tilde{x}_i^{(l)}}{\partial W_{1,2}^{(l)}} & \cdots"
        r" & \frac{\partial \tilde{x}_i^{(l)}}{\partial W_{1,d_{l-1}}^{(l)}} \end{bmatrix}",
        Tensor((width_below.size,), lambda at: of_output[0, at]),
        Tensor((width_below.size,), lambda at: partial(affine[row], weight[0, at])),
        affine_layer,
        "linear",
    ),
    Illegible(
        "000 eq. 14, second row",
        r"\left(" + OF_OUTPUT + r"\right)_2 = \ldots",
        "The scan lost the indices of the first entry and moved those of the second.",
        "linear",
    ),
    Claim(
        "000 eq. 14, last row",
        r"\left(" + OF_OUTPUT + r"\right)_{d_l} = \begin{bmatrix}"
        r" \frac{\partial \tilde{x}_i^{(l)}}{\partial W_{d_l,1}^{(l)}}"
        r" & \frac{\partial \tilde{x}_i^{(l)}}{\partial W_{d_l,2}^{(l)}} & \cdots"
        r" & \frac{\partial \tilde{x}_i^{(l)}}{\partial W_{d_l,d_{l-1}}^{(l)}} \end{bmatrix}",
        Tensor((width_below.size,), lambda at: of_output[width.size - 1, at]),
        Tensor((width_below.size,), lambda at: partial(affine[row], weight[width.size - 1, at])),
        affine_layer,
        "linear",
    ),
    *steps(
        "000 eq. 15",
        affine_layer,
        Line(OF_ENTRY, by_weight[row, column, below]),
        Line(
            r"\frac{\partial}{\partial W_{j,k}^{(l)}}"
            r" \left(\sum_{m=1}^{d_l-1} W_{i,m} x_m^{(l-1)} + b_i^{(l)}\right)",
            partial(
                total(weight[row, beyond] * x[beyond], beyond) + bias[row], weight[column, below]
            ),
            repaired=as_written(weight)[row, column, below],
            correction=r"\frac{\partial}{\partial W_{j,k}^{(l)}}"
            r" \left(\sum_{m=1}^{d_{l-1}} W_{i,m} x_m^{(l-1)} + b_i^{(l)}\right)",
            why="The sum runs over the inputs of the layer, of which there are d_{l-1}, and not"
            " over one less than it has outputs.",
        ),
        Line(
            r"\begin{cases} x_k^{(l-1)} & \text{if } i = j \\ 0 & \text{otherwise} \end{cases}",
            Case(delta(row, column), x[below], 0),
        ),
        operation="linear",
    ),
    Claim(
        "000 eq. 16",
        OF_OUTPUT + r" = \begin{bmatrix} 0 & 0 & \cdots & 0 \\ \vdots & \vdots & \vdots & \vdots \\"
        r" x_1^{(l-1)} & x_2^{(l-1)} & \cdots & x_{d_{l-1}}^{(l-1)} \\"
        r" \vdots & \vdots & \vdots & \vdots \\ 0 & 0 & \cdots & 0 \end{bmatrix}",
        of_output,
        Tensor(of_output.shape, lambda u, v: Case(delta(u, row), x[v], 0)),
        affine_layer,
        "linear",
    ),
    Illegible(
        "000 eq. 17",
        BY_WEIGHT + r" = \ldots",
        "The scan ran the nested matrices into each other: which row stands in which is lost.",
        "linear",
    ),
    *steps(
        "000 eq. 18",
        affine_layer,
        Line(BY_BIAS, by_bias),
        Line(r"\frac{\partial}{\partial b^{(l)}} " + AFFINE, as_written(bias)),
        Line(
            ONES,
            ones(width, width),
            repaired=identity(width),
            correction=r"\begin{bmatrix} 1 & 0 & \cdots & 0 \\ 0 & 1 & \cdots & 0 \\"
            r" \vdots & \vdots & \ddots & \vdots \\ 0 & 0 & \cdots & 1 \end{bmatrix}",
            why="Each output has a bias of its own and depends on no other: this is the identity,"
            " not a matrix of ones.",
        ),
        operation="linear",
    ),
    ShapeClaim(
        "000 eq. 18, shape",
        BY_BIAS + r" \in \mathbb{R}^{d_l \times d_l}",
        by_bias.shape,
        (width.size, width.size),
        "linear",
    ),
)

BY_LOGITS = r"\frac{\partial L}{\partial \tilde{x}}"
FIRST = r"\frac{\partial L}{\partial \tilde{x}_1}"

by_logits = derivative(loss, logits)

_BACK_THROUGH_SOFTMAX: tuple[AnyClaim, ...] = (
    Claim(
        "000 eq. 19, line 1",
        BY_LOGITS + r" = \frac{\partial L}{\partial x} \frac{\partial x}{\partial \tilde{x}}",
        by_logits,
        gradient @ softmax_jacobian,
        last_layer,
        "softmax_cross_entropy",
    ),
    Illegible(
        "000 eq. 19, line 2",
        BY_LOGITS + r" = \ldots",
        "Where a transpose stood, and with which factor, cannot be told from the scan.",
        "softmax_cross_entropy",
    ),
    Claim(
        "000 eq. 19, line 3, first entry",
        FIRST + r" = -\frac{t_1}{x_1} \cdot \left(x_1 \cdot (1 - x_1) + x_1 \cdot (-x_2)"
        r" + \cdots + x_1 \cdot (-x_{d_N})\right)",
        by_logits[0],
        -target[0] / probabilities[0] * total(entries[0, k], k),
        last_layer,
        "softmax_cross_entropy",
        repaired=total(-target[i] / probabilities[i] * entries[i, 0], i),
        correction=FIRST + r" = \sum_{i=1}^{d_N} -\frac{t_i}{x_i} \cdot"
        r" x_i \left(\mathbb{1}(i = 1) - x_1\right)",
        why="A row times a matrix goes down the first column; here one entry of the row is"
        " multiplied with the sum along the first row.",
    ),
    Illegible(
        "000 eq. 19, lines 4 and 5",
        BY_LOGITS + r" = \ldots",
        "The entries of different rows are mixed up and factors are missing in the scan.",
        "softmax_cross_entropy",
    ),
    Claim(
        "000 eq. 19, line 6, first entry",
        FIRST + r" = -t_1 \cdot \left(1 - x_1 - x_2 - \cdots - x_{d_N}\right)",
        by_logits[0],
        -target[0] * (1 - total(probabilities[k], k)),
        last_layer,
        "softmax_cross_entropy",
        repaired=probabilities[0] * total(target[i], i) - target[0],
        correction=FIRST + r" = x_1 \sum_{i=1}^{d_N} t_i - t_1",
        why="Softmax sums to one, so that this is zero whatever the target: it comes of summing"
        " along the rows of the Jacobian instead of down its columns.",
    ),
    Illegible(
        "000 eq. 19, line 6, further entries",
        BY_LOGITS + r" = \ldots",
        "The scan repeats one entry until it breaks off.",
        "softmax_cross_entropy",
    ),
)

HIDDEN = r"\frac{\partial L}{\partial \tilde{x}^{(l < N)}}"
TO_LOSS = r"\frac{\partial L}{\partial \tilde{x}^{(l)}}"
BELOW = r"\frac{\partial L}{\partial x^{(l < N)}}"
NEXT = r"\frac{\partial L}{\partial \tilde{x}^{(l+1)}}"
TO_WEIGHT = r"\frac{\partial L}{\partial W^{(l)}}"
TO_BIAS = r"\frac{\partial L}{\partial b^{(l)}}"

by_hidden, by_activation = derivative(loss_above, hidden), derivative(loss_above, rectified)
by_affine = derivative(loss_of_affine, affine)
loss_by_bias = derivative(loss_of_affine, bias)

_BACK: tuple[AnyClaim, ...] = (
    *steps(
        "000 eq. 20",
        activation,
        Line(HIDDEN, by_hidden),
        Line(
            r"\frac{\partial L}{\partial x^{(l)}}"
            r" \frac{\partial x^{(l)}}{\partial \tilde{x}^{(l)}}",
            by_activation @ relu_jacobian,
        ),
        Line(
            r"\frac{\partial L}{\partial x^{(l)}} \cdot"
            r" \operatorname{diag}\left(\mathbb{1}(\tilde{x}^{(l)} > 0)\right)",
            by_activation @ diag(above_zero),
        ),
        operation="relu",
    ),
    ShapeClaim(
        "000 eq. 20, shape",
        HIDDEN + r" \in \mathbb{R}^{d_l \times d_l}",
        (1, *by_hidden.shape),
        (width.size, width.size),
        "relu",
        HIDDEN + r" \in \mathbb{R}^{1 \times d_l}",
        "A row times a square matrix is a row, as is every gradient of the loss by a vector here.",
    ),
    # Eq. 21 is about layer l + 1, whose inputs are those that eq. 12 calls x^{(l-1)}.
    *steps(
        "000 eq. 21",
        affine_layer,
        Line(BELOW, derivative(loss_of_affine, x)),
        Line(NEXT + r" \frac{\partial \tilde{x}^{(l+1)}}{\partial x^{(l)}}", by_affine @ by_x),
        Line(NEXT + r" \cdot W^{(l+1)}", by_affine @ tensor(weight)),
        operation="linear",
    ),
    ShapeClaim(
        "000 eq. 21, shape",
        BELOW + r" \in \mathbb{R}^{1 \times d_l}",
        (1, width.size),
        (1, width.size),
        "linear",
    ),
    Claim(
        "000 eq. 22, line 1",
        TO_WEIGHT + " = " + TO_LOSS + " " + BY_WEIGHT,
        partial(loss_of_affine[()], weight[column, below]),
        total(by_affine[row] * by_weight[row, column, below], row),
        affine_layer,
        "linear",
    ),
    Illegible(
        "000 eq. 22, lines 2 and 3",
        TO_WEIGHT + r" = \ldots",
        "The scan lost the indices of the loss's derivatives and repeats the rows.",
        "linear",
    ),
    Claim(
        "000 eq. 23, line 1",
        TO_BIAS + " = " + TO_LOSS + " " + BY_BIAS,
        loss_by_bias,
        by_affine @ by_bias,
        affine_layer,
        "linear",
    ),
    Claim(
        "000 eq. 23, line 2",
        TO_BIAS + " = " + TO_LOSS + r" \cdot " + ONES,
        loss_by_bias,
        by_affine @ ones(width, width),
        affine_layer,
        "linear",
        repaired=by_affine @ identity(width),
        correction=TO_BIAS + " = " + TO_LOSS + r" \cdot I",
        why="With ones for the identity of eq. 18 every entry would be the sum of all; the next"
        " line drops the ones without a word.",
    ),
    Illegible(
        "000 eq. 23, line 3",
        TO_BIAS + r" = \ldots",
        "The scan lost the indices that tell the entries of the column apart.",
        "linear",
    ),
    Claim(
        "000 eq. 23, line 4",
        TO_BIAS + " = " + TO_LOSS,
        loss_by_bias,
        by_affine,
        affine_layer,
        "linear",
    ),
    ShapeClaim(
        "000 eq. 23, shape",
        TO_BIAS + r" \in \mathbb{R}^{1 \times d_l}",
        (1, *loss_by_bias.shape),
        (1, width.size),
        "linear",
    ),
)

_BATCH: tuple[AnyClaim, ...] = (
    ShapeClaim(
        "000 1.1 c, line 1",
        r"\frac{\partial L}{\partial \tilde{x}^{(N)}} \in \mathbb{R}^{1 \times d_l \times B}",
        (1, classes.size, batch.size),
        (1, width.size, batch.size),
        "softmax",
        r"\frac{\partial L}{\partial \tilde{x}^{(N)}} \in \mathbb{R}^{1 \times d_N \times B}",
        "The last layer has d_N units; nothing on the left is of a layer l.",
    ),
    ShapeClaim(
        "000 1.1 c, line 2",
        HIDDEN + r" \in \mathbb{R}^{d_l \times d_l \times B}",
        (1, width.size, batch.size),
        (width.size, width.size, batch.size),
        "relu",
        HIDDEN + r" \in \mathbb{R}^{1 \times d_l \times B}",
        "The gradient of each sample's loss is a row; the shape is that of the Jacobian, as in"
        " eq. 20.",
    ),
    ShapeClaim(
        "000 1.1 c, line 3",
        BELOW + r" \in \mathbb{R}^{1 \times d_l \times B}",
        (1, width.size, batch.size),
        (1, width.size, batch.size),
        "linear",
    ),
    ShapeClaim(
        "000 1.1 c, line 4",
        TO_BIAS + r" \in \mathbb{R}^{1 \times d_l \times B}",
        (1, width.size, batch.size),
        (1, width.size, batch.size),
        "linear",
    ),
    ShapeClaim(
        "000 1.1 c, losses",
        r"L \in \mathbb{R}^B",
        (batch.size,),
        (batch.size,),
        "cross_entropy",
    ),
)

_SEARCH: tuple[AnyClaim, ...] = (
    Claim(
        "000 section 2",
        r"3 \cdot 2 \cdot 3 \cdot 9 \cdot 3 = 486",
        sp.prod([3, 2, 3, 9, 3]),
        sp.Integer(486),
        setting(),
    ),
)

CLAIMS: tuple[AnyClaim, ...] = (
    *_LOSS,
    *_SOFTMAX,
    *_RELU,
    *_AFFINE,
    *_BACK_THROUGH_SOFTMAX,
    *_BACK,
    *_BATCH,
    *_SEARCH,
)
