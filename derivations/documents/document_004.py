"""Document 004: a homework's hand-out, with the mathematics of its layers in appendices.

An option of a multiple choice that is not the right one is not claimed by anyone. Assignments are
read as equations, L and L_B as one loss; a unit's own index is left out, as the document does.
"""

from dataclasses import replace

import sympy as sp

from derivations import batchnorm, cross_entropy, identity, linear, relu, sigmoid, softmax, tanh
from derivations.claims import AnyClaim, Claim, Illegible, Line, ShapeClaim, setting, steps
from derivations.equality import Condition, distribution, one_of
from derivations.notation import (
    Array,
    Case,
    Derivation,
    Positive,
    array,
    axes,
    let,
    parameter,
    partial,
    total,
)
from derivations.tensor import Tensor, tensor

# Sections 2 and 3: the multiple choice, and the shapes that the tasks state.

layer = linear.derive("x W + b")
layer_x, layer_w, layer_b = map(tensor, layer.inputs)
layer_y = tensor(layer.output)
samples, outputs = layer_y.shape
activation = sp.Function("activationFunction", real=True)
OF_A = (3, 4, 5)
LOGITS = (samples, 10)

_MULTIPLE_CHOICE = (
    ShapeClaim(
        "004 question 1 (B), b",
        r"b \in \mathbb{R}^{1 \times 4 \times 5}",
        (1, *OF_A[1:]),
        (1, 4, 5),
    ),
    ShapeClaim(
        "004 question 1 (B), c",
        r"c \in \mathbb{R}^{4 \times 5}",
        OF_A[1:],
        (4, 5),
    ),
    Claim(
        "004 question 5 (C)",
        r"z = \operatorname{activationFunction}(x w + b)",
        layer_y.map(activation),
        (layer_x @ layer_w + Tensor(layer_y.shape, lambda _, j: layer_b[j])).map(activation),
        layer,
        "linear",
    ),
)

_SHAPES = (
    ShapeClaim(
        "004 3.2.1, output",
        r"out \in \mathbb{R}^{\text{batch size}}",
        LOGITS[:1],
        (samples,),
        "softmax_cross_entropy",
    ),
    ShapeClaim(
        "004 3.2.2, output",
        r"out \in \mathbb{R}^{\text{batch size} \times 10}",
        LOGITS,
        (samples, 10),
        "softmax_cross_entropy",
    ),
    ShapeClaim(
        "004 3.4.1, output",
        r"out \in \mathbb{R}^{\text{batch size} \times \text{out\_feature}}",
        (layer_x @ layer_w).shape,
        (samples, outputs),
        "linear",
    ),
    ShapeClaim(
        "004 3.4.2, delta",
        r"delta \in \mathbb{R}^{\text{batch size} \times \text{out\_feature}}",
        (layer_x @ layer_w).shape,
        (samples, outputs),
        "linear",
    ),
    ShapeClaim(
        "004 3.4.2, dW",
        r"dW \in \mathbb{R}^{\text{in\_feature} \times \text{out\_feature}}",
        (layer_x.T @ layer_y).shape,
        layer_w.shape,
        "linear",
    ),
    ShapeClaim(
        "004 3.4.2, db",
        r"db \in \mathbb{R}^{1 \times \text{out\_feature}}",
        (1, *layer_y.shape[1:]),
        (1, *layer_b.shape),
        "linear",
    ),
    ShapeClaim(
        "004 3.4.2, dx",
        r"dx \in \mathbb{R}^{\text{batch size} \times \text{in\_feature}}",
        (layer_y @ layer_w.T).shape,
        layer_x.shape,
        "linear",
    ),
)

# Section 3.1: activations.

of_sigmoid, of_tanh, of_relu = sigmoid.derive(), tanh.derive(), relu.derive()
z = array("x", *of_relu.inputs[0].axes)[of_relu.output.indices]
S, T, R = (d.output[d.output.indices] for d in (of_sigmoid, of_tanh, of_relu))

_ACTIVATIONS = (
    Claim(
        "004 3.1.1",
        r"S(z) = \frac{1}{1 + e^{-z}}",
        S,
        1 / (1 + sp.exp(-z)),
        of_sigmoid,
        "sigmoid",
    ),
    Claim(
        "004 3.1.2",
        r"S'(z) = S(z) \cdot (1 - S(z))",
        partial(S, z),
        S * (1 - S),
        of_sigmoid,
        "sigmoid",
    ),
    Claim(
        "004 3.1.3",
        r"\tanh(z) = \frac{e^z - e^{-z}}{e^z + e^{-z}}",
        sp.tanh(z),
        (sp.exp(z) - sp.exp(-z)) / (sp.exp(z) + sp.exp(-z)),
        of_tanh,
        "tanh",
    ),
    Claim(
        "004 3.1.4",
        r"\tanh'(z) = 1 - \tanh(z)^2",
        partial(T, z),
        1 - sp.tanh(z) ** 2,
        of_tanh,
        "tanh",
    ),
    Claim(
        "004 3.1.5",
        r"R(z) = \begin{cases} z & z > 0 \\ 0 & z \le 0 \end{cases}",
        R,
        Case(Positive(z), z, 0),
        of_relu,
        "relu",
    ),
    Claim(
        "004 3.1.6",
        r"R'(z) = \begin{cases} 1 & z > 0 \\ 0 & z \le 0 \end{cases}",
        partial(R, z),
        Case(Positive(z), 1, 0),
        of_relu,
        "relu",
    ),
)

# Section 3.3 and appendix C: batch normalisation. The summary repeats what stands in 3.3.

catalogued = batchnorm.derive()
named = {d.name: d for d in (*catalogued.definitions, *catalogued.primal)}
mean, variance, x_hat, y = (named[name] for name in ("mean", "variance", "x_hat", "y"))
x, gamma, beta, running_mean, running_var = catalogued.inputs
eps, alpha = batchnorm.eps, batchnorm.momentum
batch, features = batchnorm.batch, batchnorm.features
m = batch.size
i, j, r = batch.indices("i j r")
k = features.index("k")
dy, dx_hat = array("dy", batch, features), array("dx_hat", batch, features)
loss = let("L", (k,), total(dy[r, k] * y[r, k], r))
loss_of_x_hat = let("L", (k,), total(dx_hat[r, k] * x_hat[r, k], r))

# A single unit, as the document has it: nothing is summed over units.
ONE_UNIT = tuple({"batch": size, "features": 1} for size in (1, 2, 3))
of_batch = replace(
    setting(*catalogued.inputs, dy, definitions=(*named.values(), loss)), check_sizes=ONE_UNIT
)
# Below the output, the loss is any function of the normalised values.
statistics = tuple(named[name] for name in ("mean", "centred", "variance", "deviation", "x_hat"))
of_statistics = replace(
    setting(x, dx_hat, definitions=(*statistics, loss_of_x_hat)), check_sizes=ONE_UNIT
)
# With the mean a variable, an equation has to hold for any: deviations need not sum to 0.
of_any_mean = replace(
    of_statistics,
    inputs=(*of_statistics.inputs, array("mean", features)),
    definitions=of_statistics.definitions[1:],
)

L, mu, var = loss[k], mean[k], variance[k]
power = {n: (var + eps) ** sp.Rational(-n, 2) for n in (1, 3)}
written_out = total((x[r, k] - mu) ** 2, r) / m
deviations = total(x[r, k] - mu, r)
L_by_mean, L_by_variance = partial(L, mu), partial(L, var)


def _by_x_hat(at: sp.Idx) -> sp.Expr:
    return partial(L, x_hat[at, k])


BY_X, BY_X_HAT, BY_Y = (
    rf"\frac{{\partial L}}{{\partial {of}}}" for of in ("x_i", r"\hat{x}_i", "y_i")
)
BY_MEAN, BY_VARIANCE = (
    rf"\frac{{\partial L}}{{\partial {of}}}" for of in (r"\mu_B", r"\sigma_B^2")
)
X_HAT_BY_MEAN = r"\frac{\partial \hat{x}_i}{\partial \mu_B}"
X_HAT_BY_VARIANCE = r"\frac{\partial \hat{x}_i}{\partial \sigma_B^2}"
MEAN_BY_X = r"\frac{\partial \mu_B}{\partial x_i}"
VARIANCE_BY_X = r"\frac{\partial \sigma_B^2}{\partial x_i}"
CENTRED = r"(x_i - \mu_B)"
DEVIATIONS = r"\sum_{i=1}^m (x_i - \mu_B)"
POWER = {n: rf"(\sigma_B^2 + \epsilon)^{{-\frac{{{n}}}{{2}}}}" for n in (1, 3)}


def _batchnorm(id_: str, left: str, right: str, true: sp.Expr, formula: sp.Expr) -> Claim:
    return Claim(id_, f"{left} = {right}", true, formula, of_batch, "batchnorm")


def _steps(id_: str, within: Derivation, begin: Line, *lines: Line) -> tuple[Claim, ...]:
    return steps(id_, within, begin, *lines, operation="batchnorm")


def _numbered(where: str, first: int, claims: tuple[Claim, ...]) -> tuple[Claim, ...]:
    """Lines that have each a number of their own."""
    return tuple(replace(claim, id=f"{where} {n}") for n, claim in enumerate(claims, start=first))


def _forward(where: str, first: int) -> tuple[Claim, ...]:
    """Mean, variance, what is normalised and the output."""
    return (
        _batchnorm(
            f"{where} {first}",
            "u_B",
            r"\frac{1}{m} \sum_{i=1}^m x_i",
            mu,
            total(x[i, k], i) / m,
        ),
        _batchnorm(
            f"{where} {first + 1}",
            r"(\sigma_B^2)",
            r"\frac{1}{m} \sum_{i=1}^m \left(x_i - u_B\right)^2",
            var,
            total((x[i, k] - mu) ** 2, i) / m,
        ),
        _batchnorm(
            f"{where} {first + 2}",
            r"\hat{x}_i",
            r"\frac{x_i - u_B}{\sqrt{\sigma_B^2 + \epsilon}}",
            x_hat[i, k],
            (x[i, k] - mu) / sp.sqrt(var + eps),
        ),
        _batchnorm(
            f"{where} {first + 3}",
            "y_i",
            r"\gamma \hat{x}_i + \beta",
            y[i, k],
            gamma[k] * x_hat[i, k] + beta[k],
        ),
    )


def _inference(where: str, first: int) -> tuple[Claim, ...]:
    """The running averages: their new values on the left, the old ones on the right."""
    averages = (
        ("E[x]", r"\mu_B", "updated_mean", running_mean, mu),
        ("Var[x]", r"\sigma_B^2", "updated_var", running_var, var),
    )
    return tuple(
        _batchnorm(
            f"{where} {number}",
            average,
            rf"\alpha * {average} + (1 - \alpha) * {statistic}",
            named[updated][k],
            alpha * running[k] + (1 - alpha) * of_statistic,
        )
        for number, (average, statistic, updated, running, of_statistic) in enumerate(
            averages, start=first
        )
    )


def _backward(where: str, first: int) -> tuple[Claim, ...]:
    """What reaches the normalised values, the shift and the scale; the chain to the variance."""
    by_y = partial(L, y[i, k])

    def affine(number: int, of: str, by: Array, slope: str, value: sp.Expr) -> tuple[Claim, ...]:
        return _steps(
            f"{where} {number}",
            of_batch,
            Line(rf"\frac{{\partial L}}{{\partial {of}}}", partial(L, by[k])),
            Line(
                rf"\sum_{{i=1}}^m {BY_Y} \frac{{\partial y_i}}{{\partial {of}}}",
                total(by_y * partial(y[i, k], by[k]), i),
            ),
            Line(rf"\sum_{{i=1}}^m {BY_Y} {slope}".rstrip(), total(by_y * value, i)),
        )

    return (
        *_steps(
            f"{where} {first}",
            of_batch,
            Line(BY_X_HAT, _by_x_hat(i)),
            Line(
                rf"{BY_Y} \frac{{\partial y_i}}{{\partial \hat{{x}}_i}}",
                by_y * partial(y[i, k], x_hat[i, k]),
            ),
            Line(rf"{BY_Y} \gamma", by_y * gamma[k]),
        ),
        *affine(first + 1, r"\beta", beta, "", sp.S.One),
        *affine(first + 2, r"\gamma", gamma, r"\hat{x}_i", x_hat[i, k]),
        *_numbered(where, first + 3, _by_variance[:1]),
    )


_by_variance = _steps(
    "",
    of_statistics,
    Line(BY_VARIANCE, L_by_variance),
    Line(
        rf"\sum_{{i=1}}^m {BY_X_HAT} {X_HAT_BY_VARIANCE}",
        total(_by_x_hat(i) * partial(x_hat[i, k], var), i),
    ),
    Line(
        rf"\sum_{{i=1}}^m {BY_X_HAT} \frac{{\partial}}{{\partial \sigma_B^2}}"
        rf" \left[{CENTRED} {POWER[1]}\right]",
        total(_by_x_hat(i) * partial((x[i, k] - mu) * power[1], var), i),
    ),
    Line(
        rf"-\frac{{1}}{{2}} \sum_{{i=1}}^m {BY_X_HAT} {CENTRED} {POWER[3]}",
        -total(_by_x_hat(i) * (x[i, k] - mu) * power[3], i) / 2,
    ),
)
VARIANCE_WRITTEN_OUT = (
    r"\left(\frac{1}{m} \sum_{i=1}^m (x_i - u_B)^2 + \epsilon\right)^{-\frac{%s}{2}}"
)
through_variance = -2 / m * deviations

_by_mean = (
    *_numbered(
        "004 app. C eq.",
        21,
        _steps(
            "",
            of_any_mean,
            Line(BY_MEAN, L_by_mean),
            Line(
                rf"\sum_{{i=1}}^m {BY_X_HAT} {X_HAT_BY_MEAN}",
                total(_by_x_hat(i) * partial(x_hat[i, k], mu), i),
            ),
        ),
    ),
    *_numbered(
        "004 app. C eq.",
        22,
        _steps(
            "",
            of_any_mean,
            Line(X_HAT_BY_MEAN, partial(x_hat[i, k], mu)),
            Line(
                rf"\frac{{\partial}}{{\partial \mu_B}} \left[{CENTRED} {POWER[1]}\right]",
                partial((x[i, k] - mu) * power[1], mu),
            ),
            Line(
                rf"-{POWER[1]} + {CENTRED} \frac{{\partial}}{{\partial \mu_B}}"
                rf" \left[{POWER[1]}\right]",
                -power[1] + (x[i, k] - mu) * partial(power[1], mu),
            ),
            Line(
                rf"-{POWER[1]} + {CENTRED} \frac{{\partial}}{{\partial \mu_B}}"
                rf" \left[{VARIANCE_WRITTEN_OUT % 1}\right]",
                -power[1] + (x[i, k] - mu) * partial((written_out + eps) ** sp.Rational(-1, 2), mu),
            ),
            Line(
                rf"-{POWER[1]} - \frac{{1}}{{2}} {CENTRED} \left[{VARIANCE_WRITTEN_OUT % 3}"
                r" \frac{\partial}{\partial \mu_B}"
                r" \left(\frac{1}{m} \sum_{i=1}^m (x_i - \mu_B)^2\right)\right]",
                -power[1]
                - (x[i, k] - mu)
                * (written_out + eps) ** sp.Rational(-3, 2)
                * partial(written_out, mu)
                / 2,
            ),
            Line(
                rf"-{POWER[1]} - \frac{{1}}{{2}} {CENTRED} {POWER[3]}"
                rf" \left(-\frac{{2}}{{m}} {DEVIATIONS}\right)",
                -power[1] - (x[i, k] - mu) * power[3] * through_variance / 2,
            ),
        ),
    ),
    *_numbered(
        "004 app. C eq.",
        27,
        _steps(
            "",
            of_any_mean,
            Line(BY_MEAN, L_by_mean),
            Line(
                rf"-\sum_{{i=1}}^m {BY_X_HAT} {POWER[1]} - \frac{{1}}{{2}} \sum_{{i=1}}^m"
                rf" {BY_X_HAT} {CENTRED} {POWER[3]} \left(-\frac{{2}}{{m}} {DEVIATIONS}\right)",
                -total(_by_x_hat(i) * power[1], i)
                - total(_by_x_hat(i) * (x[i, k] - mu) * power[3] * through_variance, i) / 2,
            ),
        ),
    ),
    *_steps(
        "004 app. C after eq. 27",
        of_any_mean,
        Line(BY_MEAN, L_by_mean),
        Line(
            rf"-\sum_{{i=1}}^m {BY_X_HAT} {POWER[1]}"
            rf" + {BY_VARIANCE} \left(-\frac{{2}}{{m}} {DEVIATIONS}\right)",
            -total(_by_x_hat(i) * power[1], i) + L_by_variance * through_variance,
        ),
        Line(
            rf"-\sum_{{i=1}}^m {BY_X_HAT} {POWER[1]} - \frac{{2}}{{m}} {BY_VARIANCE} {DEVIATIONS}",
            -total(_by_x_hat(i) * power[1], i) - 2 / m * L_by_variance * deviations,
        ),
    ),
)

# x_i moves every normalised value of the batch, through mean and variance, not its own alone.
UNSUMMED = "x_i reaches every normalised value of the batch: the sum over these is missing"
mean_by_x = partial(mu, x[i, k])
variance_by_x = partial(var, x[i, k], mean)
x_hat_by_x = partial(x_hat[i, k], x[i, k], mean, variance)
TO_STATISTICS = rf"{BY_VARIANCE} {VARIANCE_BY_X} + {BY_MEAN} {MEAN_BY_X}"
to_mean = L_by_mean * mean_by_x
to_statistics = L_by_variance * variance_by_x + to_mean


def _through(at: sp.Idx) -> sp.Expr:
    """The derivative of one normalised value by x_i, on all three ways."""
    return (
        partial(x_hat[at, k], x[i, k], mean, variance)
        + partial(x_hat[at, k], var) * variance_by_x
        + partial(x_hat[at, k], mu) * mean_by_x
    )


_by_x = _numbered(
    "004 app. C eq.",
    28,
    _steps(
        "",
        of_statistics,
        Line(BY_X, partial(L, x[i, k])),
        Line(
            rf"{BY_X_HAT} \frac{{\partial \hat{{x}}_i}}{{\partial x_i}}",
            _by_x_hat(i) * partial(x_hat[i, k], x[i, k]),
            total(_by_x_hat(j) * partial(x_hat[j, k], x[i, k]), j),
            r"\sum_{j=1}^m \frac{\partial L}{\partial \hat{x}_j}"
            r" \frac{\partial \hat{x}_j}{\partial x_i}",
            UNSUMMED,
        ),
        Line(
            rf"{BY_X_HAT} \left[\frac{{\partial \hat{{x}}_i}}{{\partial x_i}}"
            rf" + {X_HAT_BY_VARIANCE} {VARIANCE_BY_X} + {X_HAT_BY_MEAN} {MEAN_BY_X}\right]",
            _by_x_hat(i) * _through(i),
            total(_by_x_hat(j) * _through(j), j),
            r"\sum_{j=1}^m \frac{\partial L}{\partial \hat{x}_j}"
            r" \left[\frac{\partial \hat{x}_j}{\partial x_i}"
            rf" + \frac{{\partial \hat{{x}}_j}}{{\partial \sigma_B^2}} {VARIANCE_BY_X}"
            rf" + \frac{{\partial \hat{{x}}_j}}{{\partial \mu_B}} {MEAN_BY_X}\right]",
            UNSUMMED,
        ),
        Line(
            rf"{BY_X_HAT} \frac{{\partial \hat{{x}}_i}}{{\partial x_i}}"
            rf" + {BY_X_HAT} {X_HAT_BY_VARIANCE} {VARIANCE_BY_X}"
            rf" + {BY_X_HAT} {X_HAT_BY_MEAN} {MEAN_BY_X}",
            _by_x_hat(i) * x_hat_by_x
            + _by_x_hat(i) * partial(x_hat[i, k], var) * variance_by_x
            + _by_x_hat(i) * partial(x_hat[i, k], mu) * mean_by_x,
            _by_x_hat(i) * x_hat_by_x
            + total(_by_x_hat(j) * partial(x_hat[j, k], var), j) * variance_by_x
            + total(_by_x_hat(j) * partial(x_hat[j, k], mu), j) * mean_by_x,
            rf"{BY_X_HAT} \frac{{\partial \hat{{x}}_i}}{{\partial x_i}}"
            r" + \sum_{j=1}^m \frac{\partial L}{\partial \hat{x}_j}"
            rf" \frac{{\partial \hat{{x}}_j}}{{\partial \sigma_B^2}} {VARIANCE_BY_X}"
            r" + \sum_{j=1}^m \frac{\partial L}{\partial \hat{x}_j}"
            rf" \frac{{\partial \hat{{x}}_j}}{{\partial \mu_B}} {MEAN_BY_X}",
            "The variance and the mean are in every normalised value of the batch: what reaches"
            " them is a sum",
        ),
        Line(
            rf"{BY_X_HAT} \frac{{\partial \hat{{x}}_i}}{{\partial x_i}} + {TO_STATISTICS}",
            _by_x_hat(i) * x_hat_by_x + to_statistics,
        ),
        Line(
            rf"{BY_X_HAT} \left[\frac{{\partial}}{{\partial x_i}} \left({CENTRED} {POWER[1]}"
            rf"\right)\right] + {TO_STATISTICS}",
            _by_x_hat(i) * partial((x[i, k] - mu) * power[1], x[i, k], mean, variance)
            + to_statistics,
        ),
        Line(
            rf"{BY_X_HAT} \left[{POWER[1]}\right] + {TO_STATISTICS}",
            _by_x_hat(i) * power[1] + to_statistics,
        ),
        Line(
            rf"{BY_X_HAT} \left[{POWER[1]}\right] + {BY_VARIANCE}"
            r" \left[\frac{\partial}{\partial x_i}"
            r" \left(\frac{1}{m} \sum_{j=1}^m (x_j - \mu_B)^2\right)\right]"
            rf" + {BY_MEAN} {MEAN_BY_X}",
            _by_x_hat(i) * power[1] + L_by_variance * partial(written_out, x[i, k], mean) + to_mean,
        ),
        Line(
            rf"{BY_X_HAT} \left[{POWER[1]}\right]"
            rf" + {BY_VARIANCE} \left[\frac{{2}}{{m}} {CENTRED}\right] + {BY_MEAN} {MEAN_BY_X}",
            _by_x_hat(i) * power[1] + L_by_variance * 2 / m * (x[i, k] - mu) + to_mean,
        ),
        Line(
            rf"{BY_X_HAT} \left[{POWER[1]}\right]"
            rf" + {BY_VARIANCE} \left[\frac{{2}}{{m}} {CENTRED}\right]"
            rf" + {BY_MEAN} \left[\frac{{\partial}}{{\partial x_i}}"
            r" \left(\frac{1}{m} \sum_{j=1}^m x_j\right)\right]",
            _by_x_hat(i) * power[1]
            + L_by_variance * 2 / m * (x[i, k] - mu)
            + L_by_mean * partial(total(x[r, k], r) / m, x[i, k]),
        ),
        Line(
            rf"{BY_X_HAT} \left[{POWER[1]}\right]"
            rf" + {BY_VARIANCE} \left[\frac{{2}}{{m}} {CENTRED}\right]"
            rf" + {BY_MEAN} \left[\frac{{1}}{{m}}\right]",
            _by_x_hat(i) * power[1] + L_by_variance * 2 / m * (x[i, k] - mu) + L_by_mean / m,
        ),
    ),
)


def _one_instance(where: str) -> tuple[Claim, ...]:
    """What is said of the statistics of a batch of one."""
    return (
        Claim(
            f"{where}, mean of one instance",
            r"\mu_B = x_i",
            mu,
            x[i, k],
            of_batch,
            "batchnorm",
            given=(one_of(batch),),
        ),
        Claim(
            f"{where}, variance of one instance",
            r"\sigma_B^2 = \infty",
            var,
            sp.oo,
            of_batch,
            "batchnorm",
            given=(one_of(batch),),
            repaired=sp.S.Zero,
            correction=r"\sigma_B^2 = 0",
            why="A single instance is its own mean: its variance is 0, not infinite",
        ),
    )


_BATCHNORM = (
    *_forward("004 eq.", 1),
    *_inference("004 eq.", 5),
    *_backward("004 eq.", 7),
)
_APPENDIX_C = (
    *_forward("004 app. C eq.", 11),
    *_backward("004 app. C eq.", 15),
    *_numbered("004 app. C eq.", 18, _by_variance)[1:],
    *_by_mean,
    *_by_x,
    *_forward("004 app. C eq.", 38),
    *_backward("004 app. C eq.", 42),
    *_inference("004 app. C eq.", 46),
    *_one_instance("004 app. C"),
)

# Section 3.5.3: momentum is Polyak's heavy ball, a step that remembers the one before.

(weights,) = axes("weights")
w = weights.index("w")
before_last, last, slope = (array(n, weights) for n in ("W_before_last", "W_last", "dLoss"))
eta, decay = parameter("eta"), parameter("beta")
heavy_ball = let("W", (w,), last[w] - eta * slope[w] + decay * (last[w] - before_last[w]))
velocity = let("velocity", (w,), heavy_ball[w] - last[w])
last_velocity = let("last_velocity", (w,), last[w] - before_last[w])
of_momentum = setting(before_last, last, slope, definitions=(heavy_ball, velocity, last_velocity))

_MOMENTUM = (
    Claim(
        "004 3.5.3, line 1",
        r"\nabla W^k = \beta \nabla W^{k-1} - \eta \nabla_W Loss(W^{k-1})",
        velocity[w],
        decay * last_velocity[w] - eta * slope[w],
        of_momentum,
        "momentum",
    ),
    Claim(
        "004 3.5.3, line 2",
        r"W^k = W^{k-1} + \nabla W^k",
        heavy_ball[w],
        last[w] + velocity[w],
        of_momentum,
        "momentum",
    ),
)

# Appendix A: softmax and cross-entropy, on the logits of one sample.

(classes,) = axes("K")
p, q, o = classes.indices("i j k")
logits, labels = array("x", classes), array("y", classes)
mass = total(sp.exp(logits[o]), o)
sigma = let("sigma", (q,), sp.exp(logits[q]) / mass)
y_hat = let("y_hat", (q,), sigma[q])
divergence = let("L", (), -total(labels[p] * sp.log(y_hat[p]), p))
of_logits = setting(logits, labels, definitions=(sigma, y_hat, divergence))
catalogued_softmax = softmax.derive()
catalogued_entropy = cross_entropy.derive("none")
(events,) = axes("X")
event = events.index("x")
likely = array("P", events, positive=True)

# A single label is 1 and all others are 0: of that, the equations need that they sum to 1.
ONE_LABEL = (distribution(labels),)
MASS = r"\sum_{k=1}^K e^{x_k}"
BY_LOGIT = r"\frac{\partial L(\hat{y}, y)}{\partial x_j}"
D_LOGIT = r"\frac{\partial}{\partial x_j}"
by_logit = partial(divergence[()], logits[q])


def _softmax() -> tuple[Claim, ...]:
    s, of = catalogued_softmax.output.indices
    x_ = catalogued_softmax.inputs[0]
    return (
        Claim(
            "004 app. A, softmax",
            rf"\sigma(x_j) = \frac{{e^{{x_j}}}}{{{MASS}}}",
            catalogued_softmax.output[s, of],
            sp.exp(x_[s, of]) / total(sp.exp(x_[s, softmax.k]), softmax.k),
            catalogued_softmax,
            "softmax",
        ),
        *steps(
            "004 app. A, sum of softmax",
            of_logits,
            Line(r"\sum_{j=1}^K \sigma(x_j)", total(sigma[q], q)),
            Line(
                rf"\frac{{1}}{{{MASS}}} \sum_{{j=1}}^K e^{{x_j}}",
                total(sp.exp(logits[q]), q) / mass,
            ),
            Line("1", sp.S.One),
            operation="softmax",
        ),
    )


def _entropies() -> tuple[Claim, ...]:
    of, to = catalogued_entropy.inputs
    per_sample = catalogued_entropy.definitions[0]
    s, x_ = per_sample.indices[0], cross_entropy.k
    return (
        *steps(
            "004 app. A, cross-entropy",
            catalogued_entropy,
            Line("CE", per_sample[s]),
            Line(
                r"\sum_{x \in X} P(x) \log \frac{1}{Q(x)}",
                total(to[s, x_] * sp.log(1 / of[s, x_]), x_),
            ),
            Line(
                r"-\sum_{x \in X} P(x) \log Q(x)",
                -total(to[s, x_] * sp.log(of[s, x_]), x_),
            ),
            operation="cross_entropy",
        ),
        *steps(
            "004 app. A, entropy",
            setting(likely),
            Line("H", -total(likely[event] * sp.log(likely[event]), event)),
            Line(
                r"\sum_{x \in X} P(x) \log \frac{1}{P(x)}",
                total(likely[event] * sp.log(1 / likely[event]), event),
            ),
            Line(
                r"-\sum_{x \in X} P(x) \log P(x)",
                -total(likely[event] * sp.log(likely[event]), event),
            ),
            operation="cross_entropy",
        ),
    )


def _of_logits(id_: str, *lines: Line, given: tuple[Condition, ...] = ()) -> tuple[Claim, ...]:
    begin = Line(BY_LOGIT, by_logit)
    return steps(id_, of_logits, begin, *lines, operation="softmax_cross_entropy", given=given)


exp_share = sp.exp(logits[q]) / mass
log_mass = sp.log(mass)

_APPENDIX_A = (
    *_softmax(),
    *_entropies(),
    *steps(
        "004 app. A, loss",
        of_logits,
        Line(r"L(\hat{y}, y)", divergence[()]),
        Line(r"CE(\hat{y}, y)", total(labels[p] * sp.log(1 / y_hat[p]), p)),
        Line(r"-\sum_{i=1}^K y_i \log \hat{y}_i", -total(labels[p] * sp.log(y_hat[p]), p)),
        Line(r"-\sum_{i=1}^K y_i \log \sigma(x_i)", -total(labels[p] * sp.log(sigma[p]), p)),
        Line(
            rf"-\sum_{{i=1}}^K y_i \log \frac{{e^{{x_i}}}}{{{MASS}}}",
            -total(labels[p] * sp.log(sp.exp(logits[p]) / mass), p),
        ),
        operation="softmax_cross_entropy",
    ),
    *_of_logits(
        "004 app. A, derivative",
        Line(
            rf"{D_LOGIT} \left(-\sum_{{i=1}}^K y_i \log \frac{{e^{{x_i}}}}{{{MASS}}}\right)",
            partial(-total(labels[p] * sp.log(sp.exp(logits[p]) / mass), p), logits[q]),
        ),
        Line(
            rf"{D_LOGIT} \left(-\sum_{{i=1}}^K y_i (\log e^{{x_i}} - \log {MASS})\right)",
            partial(-total(labels[p] * (sp.log(sp.exp(logits[p])) - log_mass), p), logits[q]),
        ),
        Line(
            rf"{D_LOGIT} \left(\sum_{{i=1}}^K -y_i \log e^{{x_i}}"
            rf" + \sum_{{i=1}}^K y_i \log {MASS}\right)",
            partial(
                total(-labels[p] * sp.log(sp.exp(logits[p])), p) + total(labels[p] * log_mass, p),
                logits[q],
            ),
        ),
        Line(
            rf"{D_LOGIT} \left(\sum_{{i=1}}^K -y_i x_i + \sum_{{i=1}}^K y_i \log {MASS}\right)",
            partial(total(-labels[p] * logits[p], p) + total(labels[p] * log_mass, p), logits[q]),
        ),
    ),
    *_of_logits(
        "004 app. A, single label",
        Line(
            rf"{D_LOGIT} \left(\sum_{{i=1}}^K -y_i x_i + \log {MASS}\right)",
            partial(total(-labels[p] * logits[p], p) + log_mass, logits[q]),
        ),
        given=ONE_LABEL,
    ),
    *_of_logits(
        "004 app. A, term by term",
        Line(
            rf"{D_LOGIT} (-y_j x_j) + {D_LOGIT} \log {MASS}",
            partial(-labels[q] * logits[q], logits[q]) + partial(log_mass, logits[q]),
        ),
        Line(
            rf"-y_j + \frac{{1}}{{{MASS}}} \cdot \left({D_LOGIT} {MASS}\right)",
            -labels[q] + partial(mass, logits[q]) / mass,
        ),
        Line(
            rf"-y_j + \frac{{1}}{{{MASS}}} \cdot (e^{{x_j}})",
            -labels[q] + 1 / mass * sp.exp(logits[q]),
        ),
        Line(rf"-y_j + \frac{{e^{{x_j}}}}{{{MASS}}}", -labels[q] + exp_share),
        given=ONE_LABEL,
    ),
    *_of_logits(
        "004 app. A, result",
        Line(rf"-y_j + \frac{{e^{{x_j}}}}{{{MASS}}}", -labels[q] + exp_share),
        Line(r"-y_j + \sigma(x_j)", -labels[q] + sigma[q]),
        Line(r"\sigma(x_j) - y_j", sigma[q] - labels[q]),
        Line(r"\hat{y}_j - y_j", y_hat[q] - labels[q]),
        given=ONE_LABEL,
    ),
)

# Appendix B: the logarithm of a sum of exponentials.

shift = parameter("a")

_APPENDIX_B = (
    Claim(
        "004 app. B",
        r"\log \sum_{i=1}^n e^{x_i} = a + \log \sum_{i=1}^n e^{x_i - a}",
        sp.log(total(sp.exp(logits[p]), p)),
        shift + sp.log(total(sp.exp(logits[p] - shift), p)),
        setting(logits),
        "logsumexp",
    ),
)

# Appendix D: one neuron in each layer. The cost's formula is missing; its derivative by the
# activation, 2 (a - y), says that it is the squared error.

(examples,) = axes("n")
e = examples.index("k")
weight, bias = array("w")[()], array("b")[()]
a_below, truth = array("a_below", examples), array("y", examples)


def logistic(u: sp.Expr) -> sp.Expr:
    """The sigmoid."""
    return 1 / (1 + sp.exp(-u))


def logistic_slope(u: sp.Expr) -> sp.Expr:
    """Its derivative."""
    return sp.exp(-u) * logistic(u) ** 2


neuron_z = let("z", (e,), weight * a_below[e] + bias)
neuron_a = let("a", (e,), logistic(neuron_z[e]))
cost = let("C_k", (e,), (neuron_a[e] - truth[e]) ** 2)
mean_cost = let("C", (), total(cost[e], e) / examples.size)
of_neuron = replace(
    setting(
        array("w"),
        array("b"),
        a_below,
        truth,
        definitions=(neuron_z, neuron_a, cost, mean_cost),
    ),
    check_sizes=({"n": 1}, {"n": 2}),
)
error, neuron_slope = 2 * (neuron_a[e] - truth[e]), logistic_slope(neuron_z[e])

BY_W = r"\frac{\partial C_0}{\partial W^L}"
TRUE_BY_W = BY_W + r" = 2 * (a^L - y) * \sigma'(z^L) * a^{L-1}"


def _neuron(
    where: str,
    equation: str,
    left: sp.Expr,
    right: sp.Expr,
    repaired: sp.Expr | None = None,
    correction: str = "",
    why: str = "",
) -> Claim:
    return Claim(
        f"004 app. D, {where}",
        equation,
        left,
        right,
        of_neuron,
        "chain rule",
        repaired=repaired,
        correction=correction,
        why=why,
    )


_ONE_NEURON = (
    _neuron("activation", r"a^L = \sigma(z^L)", neuron_a[e], logistic(neuron_z[e])),
    _neuron(
        "affine combination",
        "z^L = w^L * a^{(L-1)} + b^L",
        neuron_z[e],
        weight * a_below[e] + bias,
    ),
    Illegible(
        "004 app. D, cost",
        "C_0 =",
        "The cost of one example is announced, and no formula follows.",
        "chain rule",
    ),
    _neuron(
        "chain to the weight",
        BY_W + r" = \frac{\partial C_0}{\partial a^L} * \frac{\partial a^L}{\partial z^L}"
        r" * \frac{\partial z^L}{\partial W^L}",
        partial(cost[e], weight),
        partial(cost[e], neuron_a[e])
        * partial(neuron_a[e], neuron_z[e])
        * partial(neuron_z[e], weight),
    ),
    _neuron(
        "factor 1",
        BY_W + " = 2 * (a^L - y)",
        partial(cost[e], weight),
        error,
        error * neuron_slope * a_below[e],
        TRUE_BY_W,
        "2 (a - y) is the derivative by the activation, the first factor of the chain alone",
    ),
    _neuron(
        "factor 2",
        r"\frac{\partial a^L}{\partial z^L} = \sigma'(z^L)",
        partial(neuron_a[e], neuron_z[e]),
        neuron_slope,
    ),
    _neuron(
        "factor 3",
        r"\frac{\partial z^L}{\partial W^L} = \sigma'(a^{L-1})",
        partial(neuron_z[e], weight),
        logistic_slope(a_below[e]),
        a_below[e],
        r"\frac{\partial z^L}{\partial W^L} = a^{L-1}",
        "z is linear in the weight: its slope is the activation below, not a derivative of it",
    ),
    _neuron(
        "derivative by the weight",
        BY_W + r" = 2 * (a^L - y) * \sigma'(z^L) * \sigma'(a^{L-1})",
        partial(cost[e], weight),
        error * neuron_slope * logistic_slope(a_below[e]),
        error * neuron_slope * a_below[e],
        TRUE_BY_W,
        "The last factor should be the activation below, not the sigmoid's derivative there",
    ),
    _neuron(
        "mean over the examples",
        r"\frac{\partial C}{\partial W^L} = \frac{1}{n} * \sum_{k=0}^{n-1}"
        r" \frac{\partial C_k}{\partial W^L}",
        partial(mean_cost[()], weight),
        total(partial(cost[e], weight), e) / examples.size,
    ),
    _neuron(
        "derivative by the bias",
        r"\frac{\partial C_0}{\partial b^L} = 2 * (a^L - y) * \sigma'(z^L) * 1",
        partial(cost[e], bias),
        error * neuron_slope,
    ),
    _neuron(
        "derivative by the activation below",
        r"\frac{\partial C_0}{\partial a^{L-1}} = 2 * (a^L - y) * \sigma'(z^L) * W^L",
        partial(cost[e], a_below[e]),
        error * neuron_slope * weight,
    ),
)

# Appendix D: several neurons in each layer, and an update.

above, below = axes("n_L n_below")
h = above.index("j")
l, u = below.indices("l k")
W, b, to = array("W", above, below), array("b", above), array("y", above)
a_l = array("a_below", below)
z_h = let("z", (h,), total(W[h, l] * a_l[l], l) + b[h])
a_h = let("a", (h,), logistic(z_h[h]))
C_0 = let("C_0", (), total((a_h[h] - to[h]) ** 2, h))
through_layer = partial(C_0[()], a_h[h]) * partial(a_h[h], z_h[h])
BY_A = r"\frac{\partial C_0}{\partial a_k^{L-1}}"
THROUGH_LAYER = (
    r"\sum_{j=0}^{n_L - 1} \frac{\partial C_0}{\partial a_j^L}"
    r" * \frac{\partial a_j^L}{\partial z_j^L} * \frac{\partial z_j^L}{\partial a_%s^{L-1}}"
)
by_weight, step_size = array("dW", above, below), parameter("eta")
of_layers = replace(
    setting(W, a_l, b, to, definitions=(z_h, a_h, C_0)),
    check_sizes=tuple({"n_L": a, "n_below": b} for a, b in ((1, 1), (1, 2), (2, 1))),
)
row_gradient = tensor(by_weight).T  # which lies across the weight: the document transposes it

_LAYERS = (
    Claim(
        "004 app. D, several neurons",
        f"{BY_A} = {THROUGH_LAYER % 'j'}",
        partial(C_0[()], a_l[u]),
        total(through_layer * partial(z_h[h], a_l[h]), h),
        of_layers,
        "chain rule",
        repaired=total(through_layer * partial(z_h[h], a_l[u]), h),
        correction=f"{BY_A} = {THROUGH_LAYER % 'k'}",
        why="Every neuron above is asked for its slope in one activation below, the k-th: the"
        " summed index stands in its place",
    ),
    Claim(
        "004 app. D, update",
        r"W^{k+1} = W^k - \eta^k \nabla L(W^k)^T",
        tensor(W) - tensor(by_weight) * step_size,
        tensor(W) - row_gradient.T * step_size,
        setting(W, by_weight),
        "gradient descent",
    ),
)

# Appendix D: the two passes in pseudo-code. Entry 0 of a layer is its constant 1.

# In the forward pass layer k stands above another, in the backward pass below one.

units_below, D_k, D_next = axes("units_below D_k D_next")
(l_below,) = units_below.indices("l")
j_own, l_own = D_k.indices("j l")
y_below, w_k = array("y_below", units_below), array("w", units_below, D_k)
z_own = let("z", (j_own,), total(w_k[l_below, j_own] * y_below[l_below], l_below))
i_k, j_k = D_k.indices("i j")
i_next, j_next = D_next.indices("i j")
f_own, slope_own, f_out, slope_out = (
    sp.Function(name, real=True) for name in ("f_k", "f_k'", "f_N", "f_N'")
)
outcome = array("y_N", D_next)
z_k, w_next, d_div = array("z_k", D_k), array("w", D_k, D_next), array("dDiv", D_next)
y_k = let("y_k", (i_k,), f_own(z_k[i_k]))
z_next = let("z_next", (j_next,), total(w_next[i_k, j_next] * y_k[i_k], i_k))
y_next = let("y_next", (j_next,), f_out(z_next[j_next]))
div = let("Div", (), total(d_div[j_next] * y_next[j_next], j_next))
of_passes = setting(z_k, w_next, d_div, definitions=(y_k, z_next, y_next, div))
# The layer below by its activations: the first one's are the input.
of_inputs = replace(
    of_passes,
    inputs=(array("y_k", D_k), w_next, d_div),
    definitions=of_passes.definitions[1:],
)


def _dot(entry: sp.Expr) -> sp.Expr:
    """The divergence's derivative, a dot in the document."""
    return partial(div[()], entry)


DOT_Z = r"\dot{z}_i^{(k)}"
TRUE_DOT_Z = DOT_Z + r" = \dot{y}_i^{(k)} f_k'\left(z_i^{(k)}\right)"

_PASSES = (
    Claim(
        "004 app. D, forward pass, z",
        r"z_j^{(k)} = \sum_{l=0}^{D_k - 1} w_0^{(k)} y_0^{(k-1)}",
        total(w_k[l_below, j_own] * y_below[l_below], l_below),
        total(w_k[0, j_own] * y_below[0], l_own),
        setting(y_below, w_k),
        "linear",
        repaired=total(w_k[l_below, j_own] * y_below[l_below], l_below),
        correction=r"z_j^{(k)} = \sum_{l=0}^{D_{k-1}} w_{lj}^{(k)} y_l^{(k-1)}",
        why="Neither weight nor activation bears the summed index, and the sum runs along the"
        " layer's own width instead of that of the layer below",
    ),
    Claim(
        "004 app. D, forward pass, y",
        r"y_j^{(k)} = f_k(z_j^{(k)})",
        f_own(total(w_k[l_below, j_own] * y_below[l_below], l_below)),
        f_own(z_own[j_own]),
        setting(y_below, w_k, definitions=(z_own,)),
        "activation",
    ),
    Claim(
        "004 app. D, forward pass, output",
        r"Y_j = y_i^{(N)}",
        outcome[j_next],
        outcome[i_next],
        setting(outcome),
        "activation",
        repaired=outcome[j_next],
        correction=r"Y_j = y_j^{(N)}",
        why="The entries are counted with j and named with i",
    ),
    Claim(
        "004 app. D, backward pass, output y",
        r"\dot{y}_i^{(N)} = \frac{\partial Div}{\partial y_i}",
        d_div[i_next],
        _dot(y_next[i_next]),
        of_passes,
        "chain rule",
    ),
    Claim(
        "004 app. D, backward pass, output z",
        r"\dot{z}_i^{(N)} = \dot{y}_i^{(N)} f_N'\left(z_i^{(N)}\right)",
        _dot(z_next[i_next]),
        _dot(y_next[i_next]) * slope_out(z_next[i_next]),
        of_passes,
        "chain rule",
    ),
    Claim(
        "004 app. D, backward pass, y",
        r"\dot{y}_i^{(k)} = \sum_j w_{ij}^{(k+1)} \dot{z}_j^{(k+1)}",
        _dot(y_k[i_k]),
        total(w_next[i_k, j_next] * _dot(z_next[j_next]), j_next),
        of_passes,
        "chain rule",
    ),
    Claim(
        "004 app. D, backward pass, z, first",
        DOT_Z + r" = y_i^{(k)} f_N'\left(z_i^{(k)}\right)",
        _dot(z_k[i_k]),
        y_k[i_k] * slope_out(z_k[i_k]),
        of_passes,
        "chain rule",
        repaired=_dot(y_k[i_k]) * slope_own(z_k[i_k]),
        correction=TRUE_DOT_Z,
        why="The activation stands where its derivative belongs, and the slope is that of the"
        " output's function instead of the layer's own",
    ),
    Claim(
        "004 app. D, backward pass, z, second",
        DOT_Z + r" = \dot{y}_i^{(k)} f_N'\left(z_i^{(k)}\right)",
        _dot(z_k[i_k]),
        _dot(y_k[i_k]) * slope_out(z_k[i_k]),
        of_passes,
        "chain rule",
        repaired=_dot(y_k[i_k]) * slope_own(z_k[i_k]),
        correction=TRUE_DOT_Z,
        why="The slope is that of the output's function instead of the layer's own",
    ),
    Claim(
        "004 app. D, backward pass, w",
        r"\frac{\partial Div}{\partial w_{ji}^{(k+1)}} = y_j^{(k)} \dot{z}_i^{(k+1)}",
        partial(div[()], w_next[j_k, i_next]),
        y_k[j_k] * _dot(z_next[i_next]),
        of_passes,
        "chain rule",
    ),
    Claim(
        "004 app. D, backward pass, first w",
        r"\frac{\partial Div}{\partial w_{ji}^{(1)}} = y_j^{(0)} \dot{z}_i^{(1)}",
        partial(div[()], w_next[j_k, i_next]),
        y_k[j_k] * _dot(z_next[i_next]),
        of_inputs,
        "chain rule",
    ),
)

of_identity = identity.derive()
own = of_identity.output.indices

_GLOSSARY = (
    Claim(
        "004 app. D, pixels",
        r"28 \cdot 28 = 784",
        sp.Integer(28) * 28,
        sp.Integer(784),
        setting(),
    ),
    Claim(
        "004 app. D, linear activation",
        r"\frac{\partial}{\partial x} x = 1",
        partial(of_identity.output[own], of_identity.inputs[0][own]),
        sp.S.One,
        of_identity,
        "identity",
    ),
)

CLAIMS: tuple[AnyClaim, ...] = (
    *_MULTIPLE_CHOICE,
    *_one_instance("004 question 3"),
    *_ACTIVATIONS,
    *_SHAPES,
    *_BATCHNORM,
    *_MOMENTUM,
    *_APPENDIX_A,
    *_APPENDIX_B,
    *_APPENDIX_C,
    *_GLOSSARY,
    *_ONE_NEURON,
    *_LAYERS,
    *_PASSES,
)
