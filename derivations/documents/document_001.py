"""Document 001: the derivatives of a perceptron with leaky rectifiers, and batch normalisation.

Sums and derivatives reach to the end of their line where no bracket says otherwise; a mean without
an index is that of the feature at hand.
"""

import sympy as sp

from derivations import batchnorm, cross_entropy
from derivations.claims import AnyClaim, Claim, Line, ShapeClaim, setting, steps
from derivations.documents.perceptron import (
    affine,
    affine_layer,
    below,
    bias,
    column,
    derivative,
    hidden,
    i,
    j,
    k,
    last_layer,
    leaky,
    leaky_activation,
    logits,
    loss,
    loss_above,
    loss_of_affine,
    probabilities,
    row,
    slope,
    target,
    weight,
    width,
    x,
)
from derivations.equality import different, equal
from derivations.notation import Array, Case, Positive, array, delta, let, partial, total
from derivations.tensor import Tensor, diag, identity, tensor

gradient = derivative(loss, probabilities)

_CROSS_ENTROPY = (
    *steps(
        "001 1.1 a, cross-entropy",
        last_layer,
        Line(r"\left(\frac{\partial L}{\partial x}\right)_i", gradient[i]),
        Line(r"\frac{\partial L}{\partial x_i}", partial(loss[()], probabilities[i])),
        Line(
            r"\frac{\partial}{\partial x_i} - \sum_i t_i \log(x_i)",
            partial(-total(target[k] * sp.log(probabilities[k]), k), probabilities[i]),
        ),
        Line(r"-\frac{t_i}{x_i}", -target[i] / probabilities[i]),
        operation="cross_entropy",
    ),
    Claim(
        "001 1.1 a, cross-entropy, vector",
        r"\frac{\partial L}{\partial x} = -t \circ x^{-1}",
        gradient,
        -tensor(target) * tensor(probabilities) ** -1,
        last_layer,
        "cross_entropy",
    ),
)

SOFTMAX = r"\left(\frac{\partial x}{\partial \tilde{x}}\right)_{ij}"
ENTRY = r"\left(\frac{\partial x_i}{\partial \tilde{x}_j}\right)"
QUOTIENT = (
    r"\frac{\partial}{\partial \tilde{x}_j}"
    r" \frac{\exp(\tilde{x}_i)}{\sum_{k=1}^{d_N} \exp(\tilde{x}_k)}"
)
SUM = r"\sum_k \exp(\tilde{x}_k)"
SQUARE = "(" + SUM + ")^2"

softmax_jacobian = derivative(probabilities, logits)
softmax_slope = partial(probabilities[i], logits[j])
exp_i, exp_j = sp.exp(logits[i]), sp.exp(logits[j])
exponentials = total(sp.exp(logits[k]), k)
outer = diag(tensor(probabilities)) - tensor(probabilities) @ tensor(probabilities).T

_SOFTMAX = (
    Claim(
        "001 1.1 a, softmax",
        SOFTMAX + " = " + ENTRY,
        softmax_jacobian[i, j],
        softmax_slope,
        last_layer,
        "softmax",
    ),
    *steps(
        "001 1.1 a, softmax i = j",
        last_layer,
        Line(SOFTMAX, softmax_jacobian[i, j], given=(equal(i, j),)),
        Line(ENTRY, softmax_slope),
        Line(QUOTIENT, partial(exp_i / exponentials, logits[j])),
        Line(
            r"\frac{\exp(\tilde{x}_i) " + SUM + r" - \exp(\tilde{x}_i) \exp(\tilde{x}_j)}"
            "{" + SQUARE + "}",
            (exp_i * exponentials - exp_i * exp_j) / exponentials**2,
        ),
        Line(
            r"\frac{\exp(\tilde{x}_i) " + SUM + "}{" + SQUARE + "}"
            r" - \frac{\exp(\tilde{x}_i) \exp(\tilde{x}_j)}{" + SQUARE + "}",
            exp_i * exponentials / exponentials**2 - exp_i * exp_j / exponentials**2,
        ),
        Line(
            r"\frac{\exp(\tilde{x}_i)}{" + SUM + r"} - \frac{\exp(\tilde{x}_i)^2}{" + SQUARE + "}",
            exp_i / exponentials - exp_i**2 / exponentials**2,
        ),
        Line(
            r"\frac{\exp(\tilde{x}_i)}{" + SUM + "}"
            r" - \left(\frac{\exp(\tilde{x}_i)}{" + SUM + r"}\right)^2",
            exp_i / exponentials - (exp_i / exponentials) ** 2,
        ),
        Line("x_i - (x_i)^2", probabilities[i] - probabilities[i] ** 2),
        operation="softmax",
    ),
    *steps(
        "001 1.1 a, softmax i != j",
        last_layer,
        Line(SOFTMAX, softmax_jacobian[i, j], given=(different(i, j),)),
        Line(ENTRY, softmax_slope),
        Line(QUOTIENT, partial(exp_i / exponentials, logits[j])),
        Line(
            r"\frac{0 * " + SUM + r" - \exp(\tilde{x}_i) \exp(\tilde{x}_j)}{" + SQUARE + "}",
            (0 * exponentials - exp_i * exp_j) / exponentials**2,
        ),
        Line(
            r"-\frac{\exp(\tilde{x}_i) \exp(\tilde{x}_j)}{" + SQUARE + "}",
            -exp_i * exp_j / exponentials**2,
        ),
        Line(
            r"-\frac{\exp(\tilde{x}_i)}{"
            + SQUARE
            + r"} * \frac{\exp(\tilde{x}_j)}{"
            + SQUARE
            + "}",
            -exp_i / exponentials**2 * (exp_j / exponentials**2),
            repaired=-exp_i / exponentials * (exp_j / exponentials),
            correction=r"-\frac{\exp(\tilde{x}_i)}{" + SUM + "}"
            r" * \frac{\exp(\tilde{x}_j)}{" + SUM + "}",
            why="The squared sum is shared out between two fractions; each gets it once, and not"
            " its square.",
        ),
        Line("-x_i * x_j", -probabilities[i] * probabilities[j]),
        operation="softmax",
    ),
    Claim(
        "001 1.1 a, softmax, cases",
        SOFTMAX + r" = \begin{cases} x_i - (x_j)^2 & \text{if } i = j \\"
        r" -x_i * x_j & \text{if } i \neq j \end{cases}",
        softmax_slope,
        Case(
            delta(i, j),
            probabilities[i] - probabilities[j] ** 2,
            -probabilities[i] * probabilities[j],
        ),
        last_layer,
        "softmax",
    ),
    Claim(
        "001 1.1 a, softmax, indicator",
        SOFTMAX + r" = x_i (\mathbf{1}_{i=j} - x_j)",
        softmax_slope,
        probabilities[i] * (delta(i, j) - probabilities[j]),
        last_layer,
        "softmax",
    ),
    Claim(
        "001 1.1 a, softmax, matrix",
        r"\frac{\partial x}{\partial \tilde{x}} = \text{diag}(x) - x (x)^T",
        softmax_jacobian,
        outer,
        last_layer,
        "softmax",
    ),
)


def leaky_of(u: sp.Expr) -> sp.Expr:
    """The leaky rectifier as it is written: max(0, u) + a min(0, u)."""
    return Case(Positive(u), u, 0) + slope * Case(Positive(u), 0, u)


slope_by_sign = Case(Positive(hidden[column]), 1, slope)

_LEAKY_RELU = steps(
    "001 1.1 a, leaky rectifier",
    leaky_activation,
    Line(
        r"\left(\frac{\partial x}{\partial \tilde{x}}\right)_{ij}",
        derivative(leaky, hidden)[row, column],
    ),
    Line(r"\frac{\partial x_i}{\partial \tilde{x}_j}", partial(leaky[row], hidden[column])),
    Line(
        r"\frac{\partial}{\partial \tilde{x}_j} \max(0, (x)_i) + a * \min(0, (x)_i)",
        partial(leaky_of(leaky[row]), hidden[column]),
        repaired=partial(leaky_of(hidden[row]), hidden[column]),
        correction=r"\frac{\partial}{\partial \tilde{x}_j}"
        r" \left(\max(0, \tilde{x}_i) + a * \min(0, \tilde{x}_i)\right)",
        why="The tilde is missing: x is the activation already, and below zero the rectifier of"
        " it has the slope a squared.",
    ),
    Line(
        r"\begin{cases} 1, & \text{if } i = j \text{ and } \tilde{x}_j > 0 \\"
        r" a, & \text{if } i = j \text{ and } \tilde{x}_j \leq 0 \\"
        r" 0, & \text{otherwise} \end{cases}",
        Case(delta(row, column), slope_by_sign, 0),
    ),
    operation="leaky_relu",
)

BY_BIAS = r"\left(\frac{\partial \tilde{x}^{(l)}}{\partial b^{(l)}}\right)_{ij}"

product = total(weight[row, below] * x[below], below)
by_x, by_weight, by_bias = (derivative(affine, named) for named in (x, weight, bias))
affine_vector = tensor(weight) @ tensor(x) + tensor(bias)

_AFFINE = (
    *steps(
        "001 1.1 a, linear by x",
        affine_layer,
        Line(r"\frac{\partial \tilde{x}^{(l)}}{\partial x^{(l-1)}}", by_x),
        Line(
            r"\frac{\partial}{\partial x^{(l-1)}} W^{(l)} x^{(l-1)} + b^{(l)}",
            Tensor(by_x.shape, lambda at, by: partial(affine_vector[at], x[by])),
        ),
        Line(r"W^{(l)}", tensor(weight)),
        operation="linear",
    ),
    *steps(
        "001 1.1 a, linear by W",
        affine_layer,
        Line(
            r"\left(\frac{\partial \tilde{x}^{(l)}}{\partial W^{(l)}}\right)_{ijk}",
            by_weight[row, column, below],
        ),
        Line(
            r"\frac{\partial \tilde{x}_i^{(l)}}{\partial W_{jk}^{(l)}}",
            partial(affine[row], weight[column, below]),
        ),
        Line(
            r"\frac{\partial}{\partial W_{jk}^{(l)}} W_i^{(l)} x^{(l-1)} + b_i^{(l)}",
            partial(product + bias[row], weight[column, below]),
        ),
        Line(r"\mathbf{1}_{i=j} x_k^{(l-1)}", delta(row, column) * x[below]),
        operation="linear",
    ),
    *steps(
        "001 1.1 a, linear by b, entry",
        affine_layer,
        Line(BY_BIAS, by_bias[row, column]),
        Line(
            r"\frac{\partial \tilde{x}_i^{(l)}}{\partial b_j^{(l)}}",
            partial(affine[row], bias[column]),
        ),
        Line(
            r"\frac{\partial}{\partial b_j^{(l)}} W_i^{(l)} x^{(l-1)} + b_i^{(l)}",
            partial(product + bias[row], bias[column]),
        ),
        Line(
            r"\mathbf{1}",
            sp.S.One,
            repaired=delta(row, column),
            correction=r"\mathbf{1}_{i=j}",
            why="Without its condition the indicator is one in every entry; an output does not"
            " depend on the bias of another.",
        ),
        operation="linear",
    ),
    *steps(
        "001 1.1 a, linear by b",
        affine_layer,
        Line(r"\frac{\partial \tilde{x}^{(l)}}{\partial b^{(l)}}", by_bias),
        Line(
            r"\frac{\partial}{\partial b^{(l)}} W^{(l)} x^{(l-1)} + b^{(l)}",
            Tensor(by_bias.shape, lambda at, by: partial(affine_vector[at], bias[by])),
        ),
        Line(r"\mathbf{I}", identity(width)),
        operation="linear",
    ),
)

_BACK_THROUGH_SOFTMAX = (
    *steps(
        "001 1.1 b, softmax",
        last_layer,
        Line(r"\frac{\partial L}{\partial \tilde{x}_j}", partial(loss[()], logits[j])),
        Line(
            r"\sum_i \frac{\partial L}{\partial x_i} \frac{\partial x_i}{\partial \tilde{x}_j}",
            total(gradient[i] * softmax_slope, i),
        ),
        Line(
            r"\sum_i \frac{\partial L}{\partial x_i} * x_i (\mathbf{1}_{i=j} - x_j)",
            total(gradient[i] * probabilities[i] * (delta(i, j) - probabilities[j]), i),
        ),
        operation="softmax",
    ),
    Claim(
        "001 1.1 b, softmax, matrix",
        r"\frac{\partial L}{\partial \tilde{x}}"
        r" = \frac{\partial L}{\partial x} (\text{diag}(x) - x (x)^T)",
        derivative(loss, logits),
        gradient @ outer,
        last_layer,
        "softmax",
    ),
)

THROUGH = r"\left(\frac{\partial L}{\partial \tilde{x}^{(l < N)}}\right)_j"
SLOPES = (
    r"\begin{bmatrix} d_1 & 0 & \dots & 0 \\ 0 & d_2 & \dots & 0 \\"
    r" \vdots & \vdots & \ddots & \vdots \\ 0 & 0 & \dots & d_n \end{bmatrix}"
)

above = derivative(loss_above, leaky)
slopes = Tensor((width.size,), lambda at: Case(Positive(hidden[at]), 1, slope))
upright = Tensor((width.size, sp.S.One), lambda at, _: above[at])

_BACK_THROUGH_LEAKY_RELU = (
    *steps(
        "001 1.1 b, leaky rectifier",
        leaky_activation,
        Line(THROUGH, partial(loss_above[()], hidden[column])),
        Line(
            r"\sum_i \frac{\partial L}{\partial x_i^{(l)}}"
            r" \frac{\partial x_i^{(l)}}{\partial \tilde{x}_j^{(l)}}",
            total(above[row] * partial(leaky[row], hidden[column]), row),
        ),
        Line(
            r"\sum_i \begin{cases}"
            r" \frac{\partial L}{\partial x_i^{(l)}} * 1,"
            r" & \text{if } i = j \text{ and } \tilde{x}_j > 0 \\"
            r" \frac{\partial L}{\partial x_i^{(l)}} * a,"
            r" & \text{if } i = j \text{ and } \tilde{x}_j \leq 0 \\"
            r" 0, & \text{otherwise} \end{cases}",
            total(
                Case(
                    delta(row, column),
                    Case(Positive(hidden[column]), above[row] * 1, above[row] * slope),
                    0,
                ),
                row,
            ),
        ),
        operation="leaky_relu",
    ),
    Claim(
        "001 1.1 b, leaky rectifier, diagonal",
        r"d_j = \begin{cases} a & \text{if } \tilde{x}_j > 0 \\"
        r" 1 & \text{if } \tilde{x}_j \leq 0 \end{cases}",
        partial(leaky[column], hidden[column]),
        Case(Positive(hidden[column]), slope, 1),
        leaky_activation,
        "leaky_relu",
        repaired=slope_by_sign,
        correction=r"d_j = \begin{cases} 1 & \text{if } \tilde{x}_j > 0 \\"
        r" a & \text{if } \tilde{x}_j \leq 0 \end{cases}",
        why="The two branches are swapped: the slope is one above zero and a below.",
    ),
    *steps(
        "001 1.1 b, leaky rectifier, matrix",
        leaky_activation,
        Line(THROUGH, partial(loss_above[()], hidden[column])),
        Line(
            r"\begin{bmatrix} \frac{\partial L}{\partial x_1^{(l)}} \\"
            r" \frac{\partial L}{\partial x_2^{(l)}} \\ \vdots \\"
            r" \frac{\partial L}{\partial x_n^{(l)}} \end{bmatrix} " + SLOPES,
            lambda: upright @ diag(slopes),
            repaired=(above @ diag(slopes))[column],
            correction=r"\left(\begin{bmatrix} \frac{\partial L}{\partial x_1^{(l)}} &"
            r" \frac{\partial L}{\partial x_2^{(l)}} & \dots &"
            r" \frac{\partial L}{\partial x_n^{(l)}} \end{bmatrix} " + SLOPES + r"\right)_j",
            why="A column cannot stand on the left of a square matrix; the gradient has to lie.",
        ),
        Line(
            r"\begin{bmatrix} \frac{\partial L}{\partial x_1^{(l)}} * d_1 \\"
            r" \frac{\partial L}{\partial x_2^{(l)}} * d_2 \\ \vdots \\"
            r" \frac{\partial L}{\partial x_n^{(l)}} * d_n \end{bmatrix}",
            Tensor(upright.shape, lambda at, _: above[at] * slopes[at]),
            repaired=above[column] * slopes[column],
            correction=r"\frac{\partial L}{\partial x_j^{(l)}} * d_j",
            why="The left side is the entry j, the right side the whole column.",
        ),
        operation="leaky_relu",
    ),
)

TO_BIAS = r"\left(\frac{\partial L}{\partial b^{(l)}}\right)_i"

by_affine = derivative(loss_of_affine, affine)

_BACK_THROUGH_AFFINE = (
    Claim(
        "001 1.1 b, linear by x",
        r"\left(\frac{\partial L}{\partial x^{(l < N)}}\right)_i"
        r" = \sum_j \left(\frac{\partial L}{\partial \tilde{x}^{(l+1)}}\right)_j"
        r" \left(\frac{\partial \tilde{x}^{(l+1)}}{\partial x^{(l)}}\right)_{ji}",
        partial(loss_of_affine[()], x[below]),
        total(by_affine[column] * by_x[column, below], column),
        affine_layer,
        "linear",
    ),
    *steps(
        "001 1.1 b, linear by W",
        affine_layer,
        Line(
            r"\left(\frac{\partial L}{\partial W^{(l)}}\right)_{ik}",
            partial(loss_of_affine[()], weight[row, below]),
        ),
        Line(
            r"\sum_j \frac{\partial L}{\partial \tilde{x}_j^{(l)}}"
            r" \frac{\partial \tilde{x}_j^{(l)}}{\partial W_{ik}^{(l)}}",
            total(by_affine[column] * by_weight[column, row, below], column),
        ),
        Line(
            r"\sum_j \frac{\partial L}{\partial \tilde{x}_j^{(l)}} \mathbf{1}_{i=j} x_k^{(l-1)}",
            total(by_affine[column] * delta(row, column) * x[below], column),
        ),
        operation="linear",
    ),
    *steps(
        "001 1.1 b, linear by b",
        affine_layer,
        Line(TO_BIAS, partial(loss_of_affine[()], bias[row])),
        Line(
            r"\sum_j \frac{\partial L}{\partial \tilde{x}_j^{(l)}}"
            r" \frac{\partial \tilde{x}_j^{(l)}}{\partial b_i^{(l)}}",
            total(by_affine[column] * by_bias[column, row], column),
        ),
        Line(
            r"\sum_j \frac{\partial L}{\partial \tilde{x}_j^{(l)}} * \mathbf{I}",
            identity(width) * total(by_affine[column], column),
            repaired=total(by_affine[column] * delta(row, column), column),
            correction=r"\sum_j \frac{\partial L}{\partial \tilde{x}_j^{(l)}} \mathbf{1}_{i=j}",
            why="One entry of the gradient is no matrix; what belongs in the sum is the entry of"
            " the identity at i and j.",
        ),
        operation="linear",
    ),
)

batch_loss = cross_entropy.derive("sum")
(per_sample,) = batch_loss.definitions

_BATCH = (
    ShapeClaim("001 1.1 c, shape", r"L \in \mathbb{R}", (), (), "cross_entropy"),
    Claim(
        "001 1.1 c",
        r"L = \sum_s L_s",
        batch_loss.output[()],
        total(per_sample[cross_entropy.s], cross_entropy.s),
        batch_loss,
        "cross_entropy",
    ),
)

# Batch normalisation. A sample is written above, a feature below.
s, r, q = batchnorm.batch.indices("s r q")
f, g = batchnorm.features.indices("i j")
size, eps = batchnorm.batch.size, batchnorm.eps

operation = batchnorm.derive()
samples, gamma, beta = operation.inputs[:3]
mean, centred, variance, deviation, x_hat = operation.definitions[:5]
y = operation.output
dy = array("dy", batchnorm.batch, batchnorm.features)
loss_of_batch = let("L", (), total(dy[s, f] * y[s, f], s, f))
normalisation = setting(
    samples,
    gamma,
    beta,
    dy,
    definitions=(mean, centred, variance, deviation, x_hat, y, loss_of_batch),
)

by_y = partial(loss_of_batch[()], y[s, f])
by_sample = partial(loss_of_batch[()], samples[r, g])


def of_parameter(name: str, by: Array, factor: sp.Expr, latex: str) -> tuple[Claim, ...]:
    """What is written of gamma, and in the same way of beta."""
    letter = "\\" + name
    gradient = partial(loss_of_batch[()], by[g])
    product = total(by_y * partial(y[s, f], by[g]), s, f)
    return (
        Claim(
            f"001 3.2, {name}",
            r"\frac{\partial L}{\partial " + letter + "}"
            r" = \frac{\partial L}{\partial y} \frac{\partial y}{\partial " + letter + "}",
            gradient,
            product,
            normalisation,
            "batchnorm",
        ),
        *steps(
            f"001 3.2, {name}, entry",
            normalisation,
            Line(r"\left(\frac{\partial L}{\partial " + letter + r"}\right)_j", gradient),
            Line(
                r"\sum_s \sum_i \frac{\partial L}{\partial y_i^s}"
                r" \frac{\partial y_i^s}{\partial " + letter + "_j}",
                product,
            ),
            Line(
                r"\sum_s \frac{\partial L}{\partial y_j^s} * " + latex,
                total(partial(loss_of_batch[()], y[s, g]) * factor, s),
            ),
            operation="batchnorm",
        ),
    )


TO_X = r"\frac{\partial L^r}{\partial x_j}"
CHAIN = (
    r"\frac{\partial L}{\partial y_i^s} \frac{\partial y_i^s}{\partial \hat{x}_i^s}"
    r" \frac{\partial \hat{x}_i^s}{\partial x_j^r}"
)
MOVED = r"(\delta_{ij} \delta_{rs} - \frac{\delta_{ij}}{B})"
STRETCHED = (
    r" - \frac{1}{2} (x_i^s - \mu) (\sigma_i^2 + \epsilon)^{-\frac{3}{2}}"
    r" \frac{\partial \sigma_i^2}{\partial x_j^r}"
)
OF_VARIANCE = (
    r"\frac{2}{B} \delta_{ij} (x_i^r - \mu_i)"
    r" - \frac{2}{B} \sum_{s=1}^B (x_i^s - \mu_i) \frac{\delta_{ij}}{B}"
)
STRETCHED_BY = (
    r" - \frac{1}{2} (x_i^s - \mu) (\sigma_i^2 + \epsilon)^{-\frac{3}{2}}"
    r" \left(" + OF_VARIANCE + r"\right)"
)
PRINTED = r"(\sigma_i^2 + \epsilon)"
ROOT = r"(\sigma_i^2 + \epsilon)^{-\frac{1}{2}}"

chain = by_y * partial(y[s, f], x_hat[s, f]) * partial(x_hat[s, f], samples[r, g])
sample_less_mean = samples[s, f] - mean[f]
half, three_halves = -sp.Rational(1, 2), -sp.Rational(3, 2)
spread = variance[f] + eps
moved = delta(f, g) * delta(r, s) - delta(f, g) / size
slope_of_variance = partial(variance[f], samples[r, g])
printed_slope_of_variance = 2 / size * delta(f, g) * (samples[r, f] - mean[f]) - 2 / size * total(
    (samples[q, f] - mean[f]) * delta(f, g) / size, q
)
without_samples = "The sum over the samples is gone, and with it what s stands for"


def stretched(by: sp.Expr) -> sp.Expr:
    """What x has through the variance, whose own derivative is given."""
    return half * sample_less_mean * spread**three_halves * by


_NORMALISED = (
    *steps(
        "001 3.2, x",
        normalisation,
        Line(TO_X, by_sample),
        Line(
            r"\sum_s \sum_i \frac{\partial L}{\partial y_i^s}"
            r" \frac{\partial y_i^s}{\partial x_j^r}",
            total(by_y * partial(y[s, f], samples[r, g]), s, f),
        ),
        Line(
            r"\sum_i " + CHAIN,
            total(chain, f),
            repaired=total(chain, s, f),
            correction=r"\sum_s \sum_i " + CHAIN,
            why=without_samples + ".",
        ),
        operation="batchnorm",
    ),
    *steps(
        "001 3.2, x_hat",
        normalisation,
        Line(
            r"\frac{\partial \hat{x}_i^s}{\partial x_j^r}",
            partial(x_hat[s, f], samples[r, g]),
        ),
        Line(
            r"\frac{\partial}{\partial x_j^r} \frac{x_i^s - \mu}{\sqrt{\sigma_i^2 + \epsilon}}",
            partial(sample_less_mean / sp.sqrt(spread), samples[r, g]),
        ),
        Line(
            r"\frac{\partial}{\partial x_j^r} (x_i^s - \mu) " + ROOT,
            partial(sample_less_mean * spread**half, samples[r, g]),
        ),
        Line(
            MOVED + " " + PRINTED + STRETCHED,
            moved * spread + stretched(slope_of_variance),
            repaired=moved * spread**half + stretched(slope_of_variance),
            correction=MOVED + " " + ROOT + STRETCHED,
            why="The power of minus one half is lost from the first term: what is divided by the"
            " deviation is multiplied with the variance here.",
        ),
        operation="batchnorm",
    ),
    *steps(
        "001 3.2, variance",
        normalisation,
        Line(r"\frac{\partial \sigma_i^2}{\partial x_j^r}", slope_of_variance),
        Line(
            r"\frac{\partial}{\partial x_j^r} \frac{1}{B} \sum_{s=1}^B (x_i^s - \mu_i)^2",
            partial(total(sample_less_mean**2, s) / size, samples[r, g]),
        ),
        Line(
            r"\frac{1}{B} \sum_{s=1}^B 2 * (x_i^s - \mu_i)"
            r" \frac{\partial}{\partial x_j^r} (x_i^s - \mu_i)",
            total(2 * sample_less_mean * partial(sample_less_mean, samples[r, g]), s) / size,
        ),
        Line(
            r"\frac{1}{B} \sum_{s=1}^B 2 * (x_i^s - \mu_i) " + MOVED,
            total(2 * sample_less_mean * moved, s) / size,
        ),
        Line(
            r"\frac{2}{B} \sum_{s=1}^B \delta_{ij} \delta_{rs} (x_i^s - \mu_i)"
            r" - \frac{2}{B} \sum_{s=1}^B (x_i^s - \mu_i) \frac{\delta_{ij}}{B}",
            2 / size * total(delta(f, g) * delta(r, s) * sample_less_mean, s)
            - 2 / size * total(sample_less_mean * delta(f, g) / size, s),
        ),
        Line(OF_VARIANCE, printed_slope_of_variance),
        operation="batchnorm",
    ),
    *steps(
        "001 3.2, final",
        normalisation,
        Line(TO_X, by_sample),
        Line(
            r"\sum_i " + CHAIN,
            total(chain, f),
            repaired=total(chain, s, f),
            correction=r"\sum_s \sum_i " + CHAIN,
            why=without_samples + ".",
        ),
        *(
            Line(
                r"\sum_i \frac{\partial L}{\partial y_i^s} \gamma_j "
                + MOVED
                + " "
                + PRINTED
                + latex,
                total(by_y * gamma[g] * moved * spread + stretched(by), f),
                repaired=total(by_y * gamma[g] * (moved * spread**half + stretched(by)), s, f),
                correction=r"\sum_s \sum_i \frac{\partial L}{\partial y_i^s} \gamma_j"
                r" \left(" + MOVED + " " + ROOT + latex + r"\right)",
                why=without_samples + "; the power of minus one half is lost from the first term,"
                " and without brackets the second is not multiplied with what stands before them.",
            )
            for latex, by in (
                (STRETCHED, slope_of_variance),
                (STRETCHED_BY, printed_slope_of_variance),
            )
        ),
        operation="batchnorm",
    ),
)

CLAIMS: tuple[AnyClaim, ...] = (
    *_CROSS_ENTROPY,
    *_SOFTMAX,
    *_LEAKY_RELU,
    *_AFFINE,
    *_BACK_THROUGH_SOFTMAX,
    *_BACK_THROUGH_LEAKY_RELU,
    *_BACK_THROUGH_AFFINE,
    *_BATCH,
    *of_parameter("gamma", gamma, x_hat[s, g], r"\hat{x}_j^s"),
    *of_parameter("beta", beta, sp.S.One, "1"),
    *_NORMALISED,
)
