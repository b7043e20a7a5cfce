"""Document 002: the modules of an MLP, a convolution, layer normalisation; a sample is a row."""

from dataclasses import replace
from itertools import product

import sympy as sp

from derivations import conv2d, cross_entropy, layernorm, linear, softmax
from derivations.claims import AnyClaim, Claim, Illegible, Line, ShapeClaim, setting, steps
from derivations.equality import equal, provided
from derivations.notation import Array, Derivation, array, axes, delta, let, partial, total
from derivations.tensor import Tensor, ones, tensor

loss = sp.Symbol("L", real=True)


def before_a_loss(operation: Derivation, cotangent: Array) -> Derivation:
    """An operation, and after it a loss L whose derivative by the output may be anything."""
    output = operation.output
    at = output.indices
    weighted = let("L", (), total(cotangent[at] * output[at], *at))
    return replace(
        operation,
        inputs=(*operation.inputs, cotangent),
        definitions=(*operation.definitions, weighted),
    )


# Q1.1 a: the linear module.

of_linear = linear.derive("x W^T + b")
x, weight, bias = of_linear.inputs
y = of_linear.output
d_y = array("dY", linear.batch, linear.outputs)
m, i = linear.batch.indices("m i")
n, out, out_i = linear.outputs.indices("n j i")
k, j = linear.inputs.indices("k j")
bias_rows = let("B", (m, n), bias[n])
with_bias_rows = replace(of_linear, definitions=(bias_rows,))
in_linear = before_a_loss(with_bias_rows, d_y)

product_mn = total(x[m, k] * weight[n, k], k)
by_y = partial(loss, y[m, n])
d_y_whole = Tensor(tensor(d_y).shape, lambda m, n: partial(loss, y[m, n]))
L_BY_Y = r"\frac{\partial L}{\partial Y_{mn}}"
OVER_Y = r"\sum_{m,n} " + L_BY_Y
Y_WRITTEN_OUT = r"\left(\left(\sum_{k} X_{mk} W_{nk}\right) + B_{mn}\right)"
L_BY_W, L_BY_B, L_BY_X = (
    rf"\frac{{\partial L}}{{\partial {entry}}}" for entry in ("W_{ij}", "b_{j}", "X_{ij}")
)

_WEIGHT: tuple[AnyClaim, ...] = (
    *steps(
        "002 Q1.1 a, W",
        in_linear,
        Line(L_BY_W, partial(loss, weight[out_i, j])),
        Line(
            OVER_Y + r" \frac{\partial Y_{mn}}{\partial W_{ij}}",
            total(by_y * partial(y[m, n], weight[out_i, j]), m, n),
        ),
        Line(
            OVER_Y + r" \frac{\partial}{\partial W_{ij}} " + Y_WRITTEN_OUT,
            total(by_y * partial(product_mn + bias_rows[m, n], weight[out_i, j]), m, n),
        ),
        Line(
            OVER_Y + r" \left(\left(\sum_{k} \frac{\partial}{\partial W_{ij}} X_{mk} W_{nk}\right)"
            r" + \frac{\partial}{\partial W_{ij}} B_{mn}\right)",
            total(
                by_y
                * (
                    total(partial(x[m, k] * weight[n, k], weight[out_i, j]), k)
                    + partial(bias_rows[m, n], weight[out_i, j])
                ),
                m,
                n,
            ),
        ),
        Line(
            OVER_Y + r" \sum_{k} X_{mk} \frac{\partial}{\partial W_{ij}} W_{nk}",
            total(by_y * total(x[m, k] * partial(weight[n, k], weight[out_i, j]), k), m, n),
        ),
        Line(
            OVER_Y + r" \sum_{k} X_{mk} \delta_{in} \delta_{jk}",
            total(by_y * total(x[m, k] * delta(out_i, n) * delta(j, k), k), m, n),
        ),
        Line(
            OVER_Y + r" X_{mj} \delta_{in}",
            total(by_y * x[m, j] * delta(out_i, n), m, n),
        ),
        Line(
            r"\sum_{m} " + L_BY_Y + r" X_{mj}",
            total(by_y * x[m, j], m),
            repaired=total(partial(loss, y[m, out_i]) * x[m, j], m),
            correction=r"\sum_{m} \frac{\partial L}{\partial Y_{mi}} X_{mj}",
            why="The delta makes n equal to i, but n is still there: nothing says which output.",
        ),
        operation="linear",
    ),
    Claim(
        "002 Q1.1 a, W, matrix form",
        r"\frac{\partial L}{\partial \boldsymbol{W}}"
        r" = \left(\frac{\partial L}{\partial \boldsymbol{Y}}\right)^T \boldsymbol{X}",
        Tensor(tensor(weight).shape, lambda row, column: partial(loss, weight[row, column])),
        d_y_whole.T @ tensor(x),
        in_linear,
        "linear",
    ),
)

_BIAS: tuple[AnyClaim, ...] = (
    *steps(
        "002 Q1.1 a, b",
        in_linear,
        Line(L_BY_B, partial(loss, bias[out])),
        Line(
            OVER_Y + r" \frac{\partial Y_{mn}}{\partial b_{j}}",
            total(by_y * partial(y[m, n], bias[out]), m, n),
        ),
        Line(
            OVER_Y + r" \frac{\partial}{\partial b_{j}} " + Y_WRITTEN_OUT,
            total(by_y * partial(product_mn + bias_rows[m, n], bias[out]), m, n),
        ),
        Line(
            OVER_Y + r" \left(\left(\frac{\partial}{\partial b_{j}} \sum_{k} X_{mk} W_{nk}\right)"
            r" + \frac{\partial b_{n}}{\partial b_{j}}\right)",
            total(by_y * (partial(product_mn, bias[out]) + partial(bias[n], bias[out])), m, n),
        ),
        Line(
            OVER_Y + r" \frac{\partial b_{n}}{\partial b_{j}}",
            total(by_y * partial(bias[n], bias[out]), m, n),
        ),
        Line(OVER_Y + r" \delta_{jn}", total(by_y * delta(out, n), m, n)),
        Line(
            r"\sum_{m} \frac{\partial L}{\partial Y_{mj}} \cdot 1",
            total(partial(loss, y[m, out]), m),
        ),
        operation="linear",
    ),
    Claim(
        "002 Q1.1 a, b, B",
        r"B_{mn} = b_{n}",
        of_linear.output.at((m, n)) - product_mn,
        bias[n],
        of_linear,
        "linear",
    ),
    Claim(
        "002 Q1.1 a, b, matrix form",
        r"\frac{\partial L}{\partial \boldsymbol{b}}"
        r" = \mathbf{1}^T \frac{\partial L}{\partial \boldsymbol{Y}}",
        Tensor(tensor(bias).shape, lambda at: partial(loss, bias[at])),
        ones(linear.batch).T @ d_y_whole,
        in_linear,
        "linear",
    ),
    ShapeClaim(
        "002 Q1.1 a, b, shape of 1",
        r"\mathbf{1} \in \mathbb{R}^{S}",
        d_y_whole.shape[:1],
        (linear.batch.size,),
        "linear",
    ),
)

_INPUT: tuple[AnyClaim, ...] = (
    *steps(
        "002 Q1.1 a, X",
        in_linear,
        Line(L_BY_X, partial(loss, x[i, j])),
        Line(
            OVER_Y + r" \frac{\partial Y_{mn}}{\partial X_{ij}}",
            total(by_y * partial(y[m, n], x[i, j]), m, n),
        ),
        Line(
            OVER_Y + r" \frac{\partial}{\partial X_{ij}} " + Y_WRITTEN_OUT,
            total(by_y * partial(product_mn + bias_rows[m, n], x[i, j]), m, n),
        ),
        Line(
            OVER_Y + r" \left(\left(\sum_{k} \frac{\partial}{\partial X_{ij}} X_{mk} W_{nk}\right)"
            r" + \frac{\partial}{\partial X_{ij}} b_n\right)",
            total(
                by_y
                * (total(partial(x[m, k] * weight[n, k], x[i, j]), k) + partial(bias[n], x[i, j])),
                m,
                n,
            ),
        ),
        Line(
            OVER_Y + r" \sum_{k} W_{nk} \frac{\partial}{\partial X_{ij}} X_{mk}",
            total(by_y * total(weight[n, k] * partial(x[m, k], x[i, j]), k), m, n),
        ),
        Line(
            OVER_Y + r" \sum_{k} W_{nk} \delta_{im} \delta_{jk}",
            total(by_y * total(weight[n, k] * delta(i, m) * delta(j, k), k), m, n),
        ),
        Line(
            OVER_Y + r" W_{nj} \delta_{im}",
            total(by_y * weight[n, j] * delta(i, m), m, n),
        ),
        Line(
            r"\sum_{m,n} \frac{\partial L}{\partial Y_{in}} W_{nj}",
            total(partial(loss, y[i, n]) * weight[n, j], m, n),
            repaired=total(partial(loss, y[i, n]) * weight[n, j], n),
            correction=r"\sum_{n} \frac{\partial L}{\partial Y_{in}} W_{nj}",
            why="The delta has used up the sum over m: kept, it counts each term once per sample.",
        ),
        operation="linear",
    ),
    Claim(
        "002 Q1.1 a, X, matrix form",
        r"\frac{\partial L}{\partial \boldsymbol{X}}"
        r" = \frac{\partial L}{\partial \boldsymbol{Y}} \boldsymbol{W}",
        Tensor(tensor(x).shape, lambda row, column: partial(loss, x[row, column])),
        d_y_whole @ tensor(weight),
        in_linear,
        "linear",
    ),
)

# Q1.1 b: an activation h, whichever it is.

rows, columns = axes("S M")
pre = array("X", rows, columns)
d_out = array("dY", rows, columns)
h, h_slope = (sp.Function(name, real=True) for name in ("h", "h'"))
r, q = rows.indices("m i")
c, p = columns.indices("n j")
post = let("Y", (r, c), h(pre[r, c]))
in_activation = setting(
    pre, d_out, definitions=(post, let("L", (), total(d_out[r, c] * post[r, c], r, c)))
)
by_post = partial(loss, post[r, c])
hadamard = Tensor(tensor(post).shape, lambda m, n: partial(loss, post[m, n])) * tensor(pre).map(
    h_slope
)

_ACTIVATION: tuple[AnyClaim, ...] = (
    *steps(
        "002 Q1.1 b",
        in_activation,
        Line(L_BY_X, partial(loss, pre[q, p])),
        Line(
            OVER_Y + r" \frac{\partial Y_{mn}}{\partial X_{ij}}",
            total(by_post * partial(post[r, c], pre[q, p]), r, c),
        ),
        Line(
            OVER_Y + r" \frac{\partial}{\partial X_{ij}} h(X_{mn})",
            total(by_post * partial(h(pre[r, c]), pre[q, p]), r, c),
        ),
        Line(
            OVER_Y + r" h'(X_{mn}) \frac{\partial}{\partial X_{ij}} X_{mn}",
            total(by_post * h_slope(pre[r, c]) * partial(pre[r, c], pre[q, p]), r, c),
        ),
        Line(
            OVER_Y + r" h'(X_{mn}) \delta_{im} \delta_{jn}",
            total(by_post * h_slope(pre[r, c]) * delta(q, r) * delta(p, c), r, c),
        ),
        Line(
            r"\frac{\partial L}{\partial Y_{ij}} h'(X_{ij})",
            partial(loss, post[q, p]) * h_slope(pre[q, p]),
        ),
        Line(
            r"\left[\frac{\partial L}{\partial \mathbf{Y}} \circ h'(\mathbf{X})\right]_{ij}",
            hadamard[q, p],
        ),
        operation="activation",
    ),
    Claim(
        "002 Q1.1 b, matrix form",
        r"\frac{\partial L}{\partial \mathbf{X}}"
        r" = \frac{\partial L}{\partial \mathbf{Y}} \circ h'(\mathbf{X})",
        Tensor(tensor(pre).shape, lambda i, j: partial(loss, pre[i, j])),
        hadamard,
        in_activation,
        "activation",
    ),
)

# Q1.1 c i: softmax.

of_softmax = softmax.derive()
(logits,) = of_softmax.inputs
probability = of_softmax.output
d_probability = array("dY", softmax.batch, softmax.classes, differentiable=False)
in_softmax = before_a_loss(of_softmax, d_probability)
sample, row = softmax.batch.indices("m i")
label, column, other = softmax.classes.indices("n j k")
by_probability = partial(loss, probability[sample, label])

exp_mn, exp_ij = sp.exp(logits[sample, label]), sp.exp(logits[row, column])
row_i, row_m = (total(sp.exp(logits[at, other]), other) for at in (row, sample))
softmax_ij, softmax_mn = exp_ij / row_i, exp_mn / row_i
slope_of_exp_mn = partial(exp_mn, logits[row, column])


def quotient_rule(mass: sp.Expr) -> sp.Expr:
    """The derivative of exp(X_mn) over a sum, by X_ij."""
    by_mass = partial(mass, logits[row, column])
    return (mass * slope_of_exp_mn - exp_mn * by_mass) / mass**2


SOFTMAX = r"\frac{\partial}{\partial X_{ij}} [\operatorname{softmax}(\boldsymbol{X})]_{mn}"
ROW_I, ROW_M = (rf"\sum_{{k}} \exp(X_{{{at}k}})" for at in "im")
ROW_I_SQUARED = r"\left(" + ROW_I + r"\right)^{2}"
TWICE_ROW_I = r"\left(" + ROW_I + r"\right) \left(" + ROW_I + r"\right)"
QUOTIENT_RULE, QUOTIENT_RULE_MENDED = (
    rf"\frac{{{mass} \frac{{\partial}}{{\partial X_{{ij}}}} \exp(X_{{mn}})"
    rf" - \exp(X_{{mn}}) \frac{{\partial}}{{\partial X_{{ij}}}} {mass}}}"
    rf"{{\left({mass}\right)^{{2}}}}"
    for mass in (ROW_I, ROW_M)
)
WRONG_ROW = "The entry in row m is divided by the sum over row m; here it is that over row i."
OTHER_SAMPLES = (
    "Softmax of row m does not depend on row i unless they are the same: the product of"
    " exponentials wants a delta of i and m."
)
softmax_ij_whole, softmax_mn_whole = probability[row, column], probability[sample, label]
same_row = delta(row, sample)

_SOFTMAX: tuple[AnyClaim, ...] = (
    *steps(
        "002 Q1.1 c i, X",
        in_softmax,
        Line(L_BY_X, partial(loss, logits[row, column])),
        Line(
            OVER_Y + r" \frac{\partial Y_{mn}}{\partial X_{ij}}",
            total(
                by_probability * partial(probability[sample, label], logits[row, column]),
                sample,
                label,
            ),
        ),
        Line(
            OVER_Y + " " + SOFTMAX,
            total(
                by_probability * partial(exp_mn / row_m, logits[row, column]),
                sample,
                label,
            ),
        ),
        operation="softmax",
    ),
    *steps(
        "002 Q1.1 c i, softmax",
        in_softmax,
        Line(SOFTMAX, partial(probability[sample, label], logits[row, column])),
        Line(
            r"\frac{\partial}{\partial X_{ij}} \frac{\exp(X_{mn})}{" + ROW_I + "}",
            partial(exp_mn / row_i, logits[row, column]),
            repaired=partial(exp_mn / row_m, logits[row, column]),
            correction=r"\frac{\partial}{\partial X_{ij}} \frac{\exp(X_{mn})}{" + ROW_M + "}",
            why=WRONG_ROW,
        ),
        Line(
            QUOTIENT_RULE,
            quotient_rule(row_i),
            repaired=quotient_rule(row_m),
            correction=QUOTIENT_RULE_MENDED,
            why=WRONG_ROW,
        ),
        operation="softmax",
    ),
    *steps(
        "002 Q1.1 c i, i = m and j = n",
        in_softmax,
        Line(
            SOFTMAX,
            partial(probability[sample, label], logits[row, column]),
            given=(equal(row, sample), equal(column, label)),
        ),
        Line(QUOTIENT_RULE, quotient_rule(row_i)),
        Line(
            r"\frac{"
            + ROW_I
            + r" \exp(X_{ij}) - \exp(X_{ij}) \exp(X_{ij})}{"
            + ROW_I_SQUARED
            + "}",
            (row_i * exp_ij - exp_ij * exp_ij) / row_i**2,
        ),
        Line(
            r"\frac{\exp(X_{ij}) \left(" + ROW_I + r" - \exp(X_{ij})\right)}{" + TWICE_ROW_I + "}",
            exp_ij * (row_i - exp_ij) / (row_i * row_i),
        ),
        Line(
            r"\frac{\exp(X_{ij})}{"
            + ROW_I
            + r"} \frac{"
            + ROW_I
            + r" - \exp(X_{ij})}{"
            + ROW_I
            + "}",
            exp_ij / row_i * (row_i - exp_ij) / row_i,
        ),
        Line(
            r"\frac{\exp(X_{ij})}{" + ROW_I + r"}"
            r" \left(1 - \frac{\exp(X_{ij})}{" + ROW_I + r"}\right)",
            exp_ij / row_i * (1 - exp_ij / row_i),
        ),
        Line(
            r"[\operatorname{softmax}(\boldsymbol{X})]_{ij}"
            r" \left(1 - [\operatorname{softmax}(\boldsymbol{X})]_{ij}\right)",
            softmax_ij_whole * (1 - softmax_ij_whole),
        ),
        operation="softmax",
    ),
    *steps(
        "002 Q1.1 c i, i != m or j != n",
        in_softmax,
        Line(
            SOFTMAX,
            partial(probability[sample, label], logits[row, column]),
            given=(provided("i != m or j != n", 1 - delta(row, sample) * delta(column, label)),),
        ),
        Line(
            QUOTIENT_RULE,
            quotient_rule(row_i),
            repaired=quotient_rule(row_m),
            correction=QUOTIENT_RULE_MENDED,
            why=WRONG_ROW,
        ),
        Line(
            r"\frac{" + ROW_I + r" \exp(X_{mn}) \delta_{im} \delta_{jn}"
            r" - \exp(X_{mn}) \exp(X_{ij})}{" + ROW_I_SQUARED + "}",
            (row_i * exp_mn * same_row * delta(column, label) - exp_mn * exp_ij) / row_i**2,
            repaired=same_row
            * (row_i * exp_mn * delta(column, label) - exp_mn * exp_ij)
            / row_i**2,
            correction=r"\frac{" + ROW_I + r" \exp(X_{mn}) \delta_{im} \delta_{jn}"
            r" - \exp(X_{mn}) \exp(X_{ij}) \delta_{im}}{" + ROW_I_SQUARED + "}",
            why=OTHER_SAMPLES,
        ),
        Line(
            r"-\frac{\exp(X_{mn}) \exp(X_{ij})}{" + TWICE_ROW_I + "}",
            -exp_mn * exp_ij / (row_i * row_i),
            repaired=-same_row * exp_mn * exp_ij / (row_i * row_i),
            correction=r"-\delta_{im} \frac{\exp(X_{mn}) \exp(X_{ij})}{" + TWICE_ROW_I + "}",
            why=OTHER_SAMPLES,
        ),
        Line(
            r"-\frac{\exp(X_{mn})}{" + ROW_I + r"} \frac{\exp(X_{ij})}{" + ROW_I + "}",
            -softmax_mn * softmax_ij,
            repaired=-same_row * softmax_mn * softmax_ij,
            correction=r"-\delta_{im} \frac{\exp(X_{mn})}{" + ROW_I + "}"
            r" \frac{\exp(X_{ij})}{" + ROW_I + "}",
            why=OTHER_SAMPLES,
        ),
        Line(
            r"-[\operatorname{softmax}(\boldsymbol{X})]_{mn}"
            r" [\operatorname{softmax}(\boldsymbol{X})]_{ij}",
            -softmax_mn_whole * softmax_ij_whole,
            repaired=-same_row * softmax_mn_whole * softmax_ij_whole,
            correction=r"-\delta_{im} [\operatorname{softmax}(\boldsymbol{X})]_{mn}"
            r" [\operatorname{softmax}(\boldsymbol{X})]_{ij}",
            why=OTHER_SAMPLES,
        ),
        operation="softmax",
    ),
)

# Q1.1 c ii: the cross-entropy of probabilities.

of_cross_entropy = cross_entropy.derive()
given_probabilities, targets = of_cross_entropy.inputs
s, t = cross_entropy.batch.indices("m i")
u, v = cross_entropy.classes.indices("k j")
samples = cross_entropy.batch.size
log_term = sp.log(given_probabilities[s, u])
ratio = targets[s, u] / given_probabilities[s, u]
cross_entropy_written = -total(targets[s, u] * log_term, s, u) / samples
in_cross_entropy = replace(
    of_cross_entropy,
    definitions=(
        *of_cross_entropy.definitions,
        let("L", (), of_cross_entropy.output.body),
    ),
)
entry = given_probabilities[t, v]
MEAN_OF = r"-\frac{1}{S} \sum_{mk}"

_CROSS_ENTROPY: tuple[AnyClaim, ...] = (
    *steps(
        "002 Q1.1 c ii",
        in_cross_entropy,
        Line(L_BY_X, partial(loss, entry)),
        Line(
            r"\frac{\partial}{\partial X_{ij}}"
            r" \left(-\frac{1}{S} \sum_{mk} T_{mk} \log(X_{mk})\right)",
            partial(cross_entropy_written, entry),
        ),
        Line(
            MEAN_OF + r" \frac{\partial}{\partial X_{ij}} T_{mk} \log(X_{mk})",
            -total(partial(targets[s, u] * log_term, entry), s, u) / samples,
        ),
        Line(
            MEAN_OF + r" T_{mk} \frac{\partial}{\partial X_{ij}} \log(X_{mk})",
            -total(targets[s, u] * partial(log_term, entry), s, u) / samples,
        ),
        Line(
            MEAN_OF + r" \frac{T_{mk}}{X_{mk}} \frac{\partial}{\partial X_{ij}} X_{mk}",
            -total(ratio * partial(given_probabilities[s, u], entry), s, u) / samples,
        ),
        Line(
            MEAN_OF + r" \frac{T_{mk}}{X_{mk}} \delta_{im} \delta_{jk}",
            -total(ratio * delta(t, s) * delta(v, u), s, u) / samples,
        ),
        Line(
            r"-\frac{1}{S} \frac{T_{ij}}{X_{ij}}",
            -targets[t, v] / entry / samples,
        ),
        operation="cross_entropy",
    ),
    Claim(
        "002 Q1.1 c ii, L",
        r"L = -\frac{1}{S} \sum_{mk} T_{mk} \log(X_{mk})",
        of_cross_entropy.output.body,
        cross_entropy_written,
        of_cross_entropy,
        "cross_entropy",
    ),
    Claim(
        "002 Q1.1 c ii, matrix form",
        r"\frac{\partial L}{\partial \boldsymbol{X}}"
        r" = -\frac{1}{S} \boldsymbol{T} \oslash \boldsymbol{X}",
        Tensor(
            tensor(given_probabilities).shape, lambda i, j: partial(loss, given_probabilities[i, j])
        ),
        -(tensor(targets) / tensor(given_probabilities)) / samples,
        in_cross_entropy,
        "cross_entropy",
    ),
)

# Q1.1 d: a convolution of 3 x 3 entries with a kernel of 2 x 2. Where the document's l and m run
# from -1 to 0, those here run from 0 to 1.

image, kernel = conv2d.own_form().inputs
d_image = array("dY", conv2d.out_height, conv2d.out_width)
down, right = sp.Idx("i", 2), sp.Idx("j", 2)
l_kernel, m_kernel = sp.Idx("l", 2), sp.Idx("m", 2)


def written_out(body: sp.Expr, *indices: sp.Idx) -> sp.Expr:
    """A sum whose limits are numbers, term by term."""
    places = product(*(range(index.upper + 1) for index in indices))
    return sp.Add(
        *(body.xreplace(dict(zip(indices, map(sp.Integer, p), strict=True))) for p in places)
    )


window = image[down - l_kernel + 1, right - m_kernel + 1]
convolution = written_out(kernel[l_kernel, m_kernel] * window, l_kernel, m_kernel)
convolved = let("Y", (down, right), convolution)
in_convolution = replace(
    setting(
        image,
        kernel,
        d_image,
        definitions=(
            convolved,
            let("L", (), written_out(d_image[down, right] * convolved[down, right], down, right)),
        ),
    ),
    check_sizes=(
        {
            "height": 3,
            "width": 3,
            "kernel_height": 2,
            "kernel_width": 2,
            "out_height": 2,
            "out_width": 2,
        },
    ),
)
corner = kernel[0, 0]
by_convolved = partial(loss, convolved[down, right])
K_DELTAS = r"\delta_{(l+2)1} \delta_{(m+2)1}"
deltas = delta(l_kernel, 0) * delta(m_kernel, 0)
OVER_OUTPUT = r"\sum_{i,j} \frac{\partial \mathcal{L}}{\partial Y_{ij}}"
OVER_KERNEL = r"\sum_{l=-1}^{0} \sum_{m=-1}^{0}"
by_row_1 = partial(loss, convolved[0, right]) * kernel[1, right]
ROW_1 = r"\frac{\partial L}{\partial Y_{11}} K_{21} + \frac{\partial L}{\partial Y_{12}} K_{22}"


def over_kernel(body: sp.Expr) -> sp.Expr:
    """The sum over l and m, in the sum over what arrives at each entry."""
    return written_out(by_convolved * written_out(body, l_kernel, m_kernel), down, right)


_CONVOLUTION: tuple[AnyClaim, ...] = (
    *steps(
        "002 Q1.1 d, Y_21",
        in_convolution,
        Line(r"Y_{21}", conv2d.special_cases()["Y_21"][0]),
        Line(
            OVER_KERNEL + r" K_{(l+2)(m+2)} X_{(2-l)(1-m)}",
            written_out(
                kernel[l_kernel, m_kernel] * image[2 - l_kernel, 1 - m_kernel], l_kernel, m_kernel
            ),
        ),
        Line(
            r"K_{11} X_{32} + K_{12} X_{31} + K_{21} X_{22} + K_{22} X_{21}",
            kernel[0, 0] * image[2, 1]
            + kernel[0, 1] * image[2, 0]
            + kernel[1, 0] * image[1, 1]
            + kernel[1, 1] * image[1, 0],
        ),
        operation="conv2d",
    ),
    *steps(
        "002 Q1.1 d, K_11",
        in_convolution,
        Line(r"\frac{\partial \mathcal{L}}{\partial K_{11}}", partial(loss, corner)),
        Line(
            r"\sum_{i} \frac{\partial \mathcal{L}}{\partial Y_{ij}}"
            r" \frac{\partial Y_{ij}}{\partial K_{11}}",
            written_out(by_convolved * partial(convolved[down, right], corner), down),
            repaired=written_out(
                by_convolved * partial(convolved[down, right], corner), down, right
            ),
            correction=OVER_OUTPUT + r" \frac{\partial Y_{ij}}{\partial K_{11}}",
            why="The kernel's entry acts on every output: the sum over j is missing.",
        ),
        Line(
            OVER_OUTPUT + r" \frac{\partial}{\partial K_{11}} " + OVER_KERNEL + r" K_{(l+2)(m+2)}"
            r" X_{(i-l)(j-m)}",
            written_out(by_convolved * partial(convolution, corner), down, right),
        ),
        Line(
            OVER_OUTPUT + " " + OVER_KERNEL + r" X_{(i-l)(j-m)}"
            r" \frac{\partial}{\partial K_{11}} K_{(l+2)(m+2)}",
            over_kernel(window * partial(kernel[l_kernel, m_kernel], corner)),
        ),
        Line(
            OVER_OUTPUT + " " + OVER_KERNEL + r" X_{(i-l)(j-m)} " + K_DELTAS,
            over_kernel(window * deltas),
        ),
        Line(
            OVER_OUTPUT + r" X_{(i+1)(j+1)}",
            written_out(by_convolved * image[down + 1, right + 1], down, right),
        ),
        Line(
            r"\sum_{i=1}^{2} \sum_{j=1}^{2} \frac{\partial \mathcal{L}}{\partial Y_{ij}}"
            r" X_{(i+1)(j+1)}",
            written_out(by_convolved * image[down + 1, right + 1], down, right),
        ),
        Line(
            r"\frac{\partial \mathcal{L}}{\partial Y_{11}} X_{22}"
            r" + \frac{\partial \mathcal{L}}{\partial Y_{12}} X_{23}"
            r" + \frac{\partial \mathcal{L}}{\partial Y_{21}} X_{32}"
            r" + \frac{\partial \mathcal{L}}{\partial Y_{22}} X_{33}",
            sp.Add(
                *(
                    partial(loss, convolved[at]) * image[at[0] + 1, at[1] + 1]
                    for at in ((0, 0), (0, 1), (1, 0), (1, 1))
                )
            ),
        ),
        operation="conv2d",
    ),
    Claim(
        "002 Q1.1 d, K_11, delta",
        K_DELTAS + " = 1",
        deltas,
        sp.S.One,
        in_convolution,
        "conv2d",
        given=(provided("l = m = -1", deltas),),
    ),
    Illegible(
        "002 Q1.1 d, X",
        r"= \sum_{i} \frac{\partial L}{\partial Y_{1j}} K_{2j}",
        "What it is equal to, a derivative by some entry of X, is not on the page.",
        "conv2d",
    ),
    Claim(
        "002 Q1.1 d, X, result",
        r"\sum_{i} \frac{\partial L}{\partial Y_{1j}} K_{2j} = " + ROW_1,
        written_out(by_row_1, right),
        written_out(by_row_1, down),
        in_convolution,
        "conv2d",
        repaired=written_out(by_row_1, right),
        correction=r"\sum_{j} \frac{\partial L}{\partial Y_{1j}} K_{2j} = " + ROW_1,
        why="The two terms on the right are those of a sum over j, not over i.",
    ),
)

# Q3.2 a: layer normalisation.

of_layernorm = layernorm.derive()
unnormalised, gamma, beta = of_layernorm.inputs
named = {d.name: d for d in of_layernorm.definitions}
mean, variance, x_hat = (named[name] for name in ("mean", "variance", "x_hat"))
scaled = of_layernorm.output
d_scaled = array("dY", layernorm.batch, layernorm.features)
in_layernorm = before_a_loss(of_layernorm, d_scaled)
at_s, at_r = layernorm.batch.indices("s r")
at_i, at_j, at_k = layernorm.features.indices("i j k")
features = layernorm.features.size
gamma_i, gamma_j, beta_i, beta_j = gamma[at_i], gamma[at_j], beta[at_i], beta[at_j]
x_ri, x_sj = unnormalised[at_r, at_i], unnormalised[at_s, at_j]
by_scaled = partial(loss, scaled[at_s, at_j])
affine = gamma_j * x_hat[at_s, at_j] + beta_j
scaled_x_hat = gamma_j * x_hat[at_s, at_j]
same_sample, same_feature = delta(at_r, at_s), delta(at_i, at_j)
d_scaled_whole = Tensor(tensor(d_scaled).shape, lambda s, j: partial(loss, scaled[s, j]))


def over_entries(body: sp.Expr) -> sp.Expr:
    """What arrives at each entry, times something, summed."""
    return total(by_scaled * body, at_s, at_j)


L_BY_SJ = r"\frac{\partial L}{\partial Y_{sj}}"
OVER_SJ = r"\sum_{s,j} " + L_BY_SJ
AFFINE = r"\left(\gamma_j \hat{X}_{sj} + \beta_j\right)"
L_BY_GAMMA, L_BY_BETA = (
    rf"\frac{{\partial L}}{{\partial \{name}_i}}" for name in ("gamma", "beta")
)

_GAMMA: tuple[AnyClaim, ...] = (
    *steps(
        "002 Q3.2 a, gamma",
        in_layernorm,
        Line(L_BY_GAMMA, partial(loss, gamma_i)),
        Line(
            OVER_SJ + r" \frac{\partial Y_{sj}}{\partial \gamma_i}",
            over_entries(partial(scaled[at_s, at_j], gamma_i)),
        ),
        Line(
            OVER_SJ + r" \frac{\partial}{\partial \gamma_i} " + AFFINE,
            over_entries(partial(affine, gamma_i)),
        ),
        Line(
            OVER_SJ + r" \frac{\partial}{\partial \gamma_i} \gamma_j \hat{X}_{sj}"
            r" + \frac{\partial}{\partial \gamma_i} \beta_j",
            total(
                by_scaled * partial(scaled_x_hat, gamma_i) + partial(beta_j, gamma_i), at_s, at_j
            ),
        ),
        Line(
            OVER_SJ + r" \hat{X}_{sj} \frac{\partial}{\partial \gamma_i} \gamma_j",
            over_entries(x_hat[at_s, at_j] * partial(gamma_j, gamma_i)),
        ),
        Line(
            OVER_SJ + r" \hat{X}_{sj} \delta_{ij}", over_entries(x_hat[at_s, at_j] * same_feature)
        ),
        Line(
            r"\sum_{s} \frac{\partial L}{\partial Y_{si}} \hat{X}_{si}",
            total(partial(loss, scaled[at_s, at_i]) * x_hat[at_s, at_i], at_s),
        ),
        operation="layernorm",
    ),
    Claim(
        "002 Q3.2 a, gamma, matrix form",
        r"\frac{\partial L}{\partial \boldsymbol{\gamma}} = \left("
        r"\frac{\partial L}{\partial \boldsymbol{Y}} \circ \hat{\boldsymbol{X}}"
        r"\right)^T \mathbf{1}",
        Tensor(tensor(gamma).shape, lambda at: partial(loss, gamma[at])),
        (d_scaled_whole * tensor(x_hat)).T @ ones(layernorm.batch),
        in_layernorm,
        "layernorm",
    ),
)

_BETA: tuple[AnyClaim, ...] = (
    *steps(
        "002 Q3.2 a, beta",
        in_layernorm,
        Line(L_BY_BETA, partial(loss, beta_i)),
        Line(
            OVER_SJ + r" \frac{\partial Y_{sj}}{\partial \beta_i}",
            over_entries(partial(scaled[at_s, at_j], beta_i)),
        ),
        Line(
            OVER_SJ + r" \frac{\partial}{\partial \beta_i} " + AFFINE,
            over_entries(partial(affine, beta_i)),
        ),
        Line(
            OVER_SJ + r" \frac{\partial}{\partial \beta_i} \gamma_j \hat{X}_{sj}"
            r" + \frac{\partial}{\partial \beta_i} \beta_j",
            total(by_scaled * partial(scaled_x_hat, beta_i) + partial(beta_j, beta_i), at_s, at_j),
            repaired=over_entries(partial(scaled_x_hat, beta_i) + partial(beta_j, beta_i)),
            correction=OVER_SJ + r" \left(\frac{\partial}{\partial \beta_i} \gamma_j \hat{X}_{sj}"
            r" + \frac{\partial}{\partial \beta_i} \beta_j\right)",
            why="Without parentheses the last term is not multiplied by what arrives at Y.",
        ),
        Line(OVER_SJ + r" \delta_{ij}", over_entries(same_feature)),
        Line(
            r"\sum_{s} \frac{\partial L}{\partial Y_{si}} \cdot 1",
            total(partial(loss, scaled[at_s, at_i]), at_s),
        ),
        operation="layernorm",
    ),
    Claim(
        "002 Q3.2 a, beta, matrix form",
        r"\frac{\partial L}{\partial \boldsymbol{\beta}}"
        r" = \left(\frac{\partial L}{\partial \boldsymbol{Y}}\right)^T \mathbf{1}",
        Tensor(tensor(beta).shape, lambda at: partial(loss, beta[at])),
        d_scaled_whole.T @ ones(layernorm.batch),
        in_layernorm,
        "layernorm",
    ),
)

# What equations 1 to 6 take apart: X-hat depends on X by itself, by its mean and by its variance.

stabilised = variance[at_s] + layernorm.eps
root = sp.sqrt(stabilised)
centred_j, centred_i, centred_k = (unnormalised[at_s, at] - mean[at_s] for at in (at_j, at_i, at_k))
normalised = centred_j * stabilised ** sp.Rational(-1, 2)
x_hat_slope = partial(x_hat[at_s, at_j], x_ri)
x_hat_by_x = partial(x_hat[at_s, at_j], x_ri, mean, variance)
x_hat_by_mean = partial(x_hat[at_s, at_j], mean[at_s], variance)
x_hat_by_variance = partial(x_hat[at_s, at_j], variance[at_s], mean)
variance_by_x = partial(variance[at_s], x_ri)
mean_by_x = partial(mean[at_s], x_ri)
twice_mean_slope = 2 * same_sample / features
variance_slope = twice_mean_slope * centred_i
compact = (
    same_sample / root * (same_feature - (1 + x_hat[at_s, at_j] * x_hat[at_s, at_i]) / features)
)

X_HAT_BY_X = r"\frac{\partial \hat{X}_{sj}}{\partial X_{ri}}"
X_HAT_BY_VARIANCE = r"\frac{\partial \hat{X}_{sj}}{\partial \sigma_s^2}"
X_HAT_BY_MEAN = r"\frac{\partial \hat{X}_{sj}}{\partial \mu_s}"
VARIANCE_BY_X = r"\frac{\partial \sigma_s^2}{\partial X_{ri}}"
MEAN_BY_X = r"\frac{\partial \mu_s}{\partial X_{ri}}"
ROOT = r"\sqrt{\sigma_s^2 + \varepsilon}"
COMPACT = (
    r"\frac{\delta_{rs}}{" + ROOT + r"} \left[\delta_{ij}"
    r" - \frac{1}{M} \left(1 + \hat{X}_{sj} \hat{X}_{si}\right)\right]"
)
ONE_OVER_ROOT_R = r"\frac{1}{\sqrt{\sigma_r^2 + \varepsilon}}"
CENTRED_J, CENTRED_I, CENTRED_K = (rf"(X_{{s{at}}} - \mu_s)" for at in "jik")
OVER_FEATURES = r"\frac{1}{M} \sum_{k=1}^M"
VARIANCE_SLOPE = r"\frac{2\delta_{rs}}{M}"

by_scaled_rj, by_scaled_ri = (partial(loss, scaled[at_r, at]) for at in (at_j, at_i))
x_hat_rj, x_hat_ri = x_hat[at_r, at_j], x_hat[at_r, at_i]
root_r = sp.sqrt(variance[at_r] + layernorm.eps)
GAMMA_RJ = r"\frac{\partial L}{\partial Y_{rj}} \gamma_j"
GAMMA_RI = r"\frac{\partial L}{\partial Y_{ri}} \gamma_i"

_UNNORMALISED: tuple[AnyClaim, ...] = (
    *steps(
        "002 Q3.2 a, X",
        in_layernorm,
        Line(r"\frac{\partial L}{\partial X_{ri}}", partial(loss, x_ri)),
        Line(
            OVER_SJ + r" \frac{\partial Y_{sj}}{\partial X_{ri}}",
            over_entries(partial(scaled[at_s, at_j], x_ri)),
        ),
        Line(
            OVER_SJ + r" \frac{\partial}{\partial X_{ri}} " + AFFINE,
            over_entries(partial(affine, x_ri)),
        ),
        Line(OVER_SJ + r" \gamma_j " + X_HAT_BY_X, over_entries(gamma_j * x_hat_slope)),
        operation="layernorm",
    ),
    *steps(
        "002 Q3.2 a, X by equation 1",
        in_layernorm,
        Line(r"\frac{\partial L}{\partial X_{ri}}", partial(loss, x_ri)),
        Line(OVER_SJ + r" \gamma_j " + X_HAT_BY_X, over_entries(gamma_j * x_hat_slope)),
        Line(OVER_SJ + r" \gamma_j " + COMPACT, over_entries(gamma_j * compact)),
        Line(
            ONE_OVER_ROOT_R + r" \left[\sum_j " + GAMMA_RJ + r" \delta_{ij} - \sum_j " + GAMMA_RJ
            + r" \frac{1}{M} \left(1 + \hat{X}_{rj} \hat{X}_{ri}\right)\right]",
            (
                total(by_scaled_rj * gamma_j * same_feature, at_j)
                - total(by_scaled_rj * gamma_j / features * (1 + x_hat_rj * x_hat_ri), at_j)
            )
            / root_r,
        ),
        Line(
            ONE_OVER_ROOT_R + r" \left[" + GAMMA_RI + r" - \frac{1}{M} \sum_j " + GAMMA_RJ
            + r" \left(1 + \hat{X}_{rj} \hat{X}_{ri}\right)\right]",
            (
                by_scaled_ri * gamma_i
                - total(by_scaled_rj * gamma_j * (1 + x_hat_rj * x_hat_ri), at_j) / features
            )
            / root_r,
        ),
        Line(
            ONE_OVER_ROOT_R + r" \left[" + GAMMA_RI + r" - \frac{1}{M} \sum_j " + GAMMA_RJ
            + r" - \frac{\hat{X}_{ri}}{M} \sum_j " + GAMMA_RJ + r" \hat{X}_{rj}\right]",
            (
                by_scaled_ri * gamma_i
                - total(by_scaled_rj * gamma_j, at_j) / features
                - x_hat_ri / features * total(by_scaled_rj * gamma_j * x_hat_rj, at_j)
            )
            / root_r,
        ),
        operation="layernorm",
    ),
)  # fmt: skip

_NUMBERED: tuple[AnyClaim, ...] = (
    *steps(
        "002 Q3.2 a eq. 1",
        in_layernorm,
        Line(X_HAT_BY_X, x_hat_slope),
        Line(
            f"{X_HAT_BY_X} + {X_HAT_BY_VARIANCE} {VARIANCE_BY_X} + {X_HAT_BY_MEAN} {MEAN_BY_X}",
            x_hat_by_x + x_hat_by_variance * variance_by_x + x_hat_by_mean * mean_by_x,
        ),
        Line(
            r"\frac{\delta_{rs} \delta_{ij}}{" + ROOT + r"} - \frac{1}{2} " + CENTRED_J
            + r" (\sigma_s^2 + \epsilon)^{-1.5} \frac{2\delta_{rs}}{M} " + CENTRED_I
            + r" - \frac{1}{" + ROOT + r"} \frac{\delta_{rs}}{M}",
            same_sample * same_feature / root
            - centred_j * stabilised ** sp.Rational(-3, 2) / 2 * variance_slope
            - same_sample / root / features,
        ),
        Line(
            r"\frac{1}{" + ROOT + r"} \left[\delta_{rs} \delta_{ij} - \frac{1}{2} " + CENTRED_J
            + r" \frac{1}{\sigma_s^2 + \epsilon} \frac{2\delta_{rs}}{M} " + CENTRED_I
            + r" - \frac{\delta_{rs}}{M}\right]",
            (
                same_sample * same_feature
                - centred_j / stabilised / 2 * variance_slope
                - same_sample / features
            )
            / root,
        ),
        Line(
            r"\frac{1}{" + ROOT + r"} \left[\delta_{rs} \delta_{ij} - \frac{" + CENTRED_J
            + CENTRED_I + r"}{\sqrt{\sigma_s^2 + \epsilon} \sqrt{\sigma_s^2 + \epsilon}}"
            r" \frac{\delta_{rs}}{M} - \frac{\delta_{rs}}{M}\right]",
            (
                same_sample * same_feature
                - centred_j * centred_i / (root * root) * same_sample / features
                - same_sample / features
            )
            / root,
        ),
        Line(
            r"\frac{\delta_{rs}}{" + ROOT + r"} \left[\delta_{ij}"
            r" - \hat{X}_{sj} \hat{X}_{si} \frac{1}{M} - \frac{1}{M}\right]",
            same_sample
            / root
            * (same_feature - x_hat[at_s, at_j] * x_hat[at_s, at_i] / features - 1 / features),
        ),
        Line(COMPACT, compact),
        operation="layernorm",
    ),
    *steps(
        "002 Q3.2 a eq. 2",
        in_layernorm,
        Line(X_HAT_BY_X, x_hat_by_x),
        Line(
            r"\frac{1}{" + ROOT + r"} \frac{\partial X_{sj}}{\partial X_{ri}}",
            partial(x_sj, x_ri) / root,
        ),
        Line(
            r"\frac{\delta_{rs} \delta_{ij}}{" + ROOT + "}",
            same_sample * same_feature / root,
        ),
        operation="layernorm",
    ),
    *steps(
        "002 Q3.2 a eq. 3",
        in_layernorm,
        Line(X_HAT_BY_MEAN, x_hat_by_mean),
        Line(r"-\frac{1}{" + ROOT + "}", -1 / root),
        operation="layernorm",
    ),
    *steps(
        "002 Q3.2 a eq. 4",
        in_layernorm,
        Line(MEAN_BY_X, mean_by_x),
        Line(r"\frac{\delta_{rs}}{M}", same_sample / features),
        operation="layernorm",
    ),
    *steps(
        "002 Q3.2 a eq. 5",
        in_layernorm,
        Line(X_HAT_BY_VARIANCE, x_hat_by_variance),
        Line(
            r"\frac{\partial}{\partial \sigma_s^2} " + CENTRED_J
            + r" (\sigma_s^2 + \epsilon)^{-0.5}",
            partial(normalised, variance[at_s], mean),
        ),
        Line(
            CENTRED_J + r" \frac{\partial}{\partial \sigma_s^2} (\sigma_s^2 + \epsilon)^{-0.5}",
            centred_j * partial(stabilised ** sp.Rational(-1, 2), variance[at_s], mean),
        ),
        Line(
            r"-\frac{1}{2} " + CENTRED_J + r" (\sigma_s^2 + \epsilon)^{-1.5}",
            -centred_j * stabilised ** sp.Rational(-3, 2) / 2,
        ),
        operation="layernorm",
    ),
    *steps(
        "002 Q3.2 a eq. 6",
        in_layernorm,
        Line(VARIANCE_BY_X, variance_by_x),
        Line(
            OVER_FEATURES + r" \frac{\partial}{\partial X_{ri}} " + CENTRED_K + "^2",
            total(partial(centred_k**2, x_ri), at_k) / features,
        ),
        Line(
            OVER_FEATURES + " 2" + CENTRED_K + r" \frac{\partial " + CENTRED_K
            + r"}{\partial X_{ri}}",
            total(2 * centred_k * partial(centred_k, x_ri), at_k) / features,
        ),
        Line(
            OVER_FEATURES + " 2" + CENTRED_K
            + r" \left(\frac{\partial X_{sk}}{\partial X_{ri}} - " + MEAN_BY_X + r"\right)",
            total(2 * centred_k * (partial(unnormalised[at_s, at_k], x_ri) - mean_by_x), at_k)
            / features,
        ),
        Line(
            r"\frac{2}{M} \sum_{k=1}^M " + CENTRED_K
            + r" (\delta_{rs} \delta_{ki} - \frac{\delta_{rs}}{M})",
            2 / features
            * total(
                centred_k * (same_sample * delta(at_k, at_i) - same_sample / features), at_k
            ),
        ),
        Line(
            VARIANCE_SLOPE + r" \sum_{k=1}^M " + CENTRED_K + r" (\delta_{ki} - \frac{1}{M})",
            twice_mean_slope
            * total(centred_k * (delta(at_k, at_i) - 1 / features), at_k),
        ),
        Line(
            VARIANCE_SLOPE + r" \sum_{k=1}^M " + CENTRED_K + r" \delta_{ki} - " + VARIANCE_SLOPE
            + r" \sum_{k=1}^M \frac{" + CENTRED_K + "}{M}",
            twice_mean_slope * total(centred_k * delta(at_k, at_i), at_k)
            - twice_mean_slope * total(centred_k / features, at_k),
        ),
        Line(
            VARIANCE_SLOPE + " " + CENTRED_I + " - " + VARIANCE_SLOPE
            + r" \sum_{k=1}^M \frac{X_{sk}}{M} + " + VARIANCE_SLOPE
            + r" \sum_{k=1}^M \frac{\mu_s}{M}",
            variance_slope
            - twice_mean_slope * total(unnormalised[at_s, at_k] / features, at_k)
            + twice_mean_slope * total(mean[at_s] / features, at_k),
        ),
        Line(
            VARIANCE_SLOPE + " " + CENTRED_I + " - " + VARIANCE_SLOPE + r" \mu_s + "
            + VARIANCE_SLOPE + r" \mu_s",
            variance_slope - twice_mean_slope * mean[at_s] + twice_mean_slope * mean[at_s],
        ),
        Line(VARIANCE_SLOPE + " " + CENTRED_I, variance_slope),
        operation="layernorm",
    ),
)  # fmt: skip

CLAIMS: tuple[AnyClaim, ...] = (
    *_WEIGHT,
    *_BIAS,
    *_INPUT,
    *_ACTIVATION,
    *_SOFTMAX,
    *_CROSS_ENTROPY,
    *_CONVOLUTION,
    *_GAMMA,
    *_BETA,
    *_UNNORMALISED,
    *_NUMBERED,
)
