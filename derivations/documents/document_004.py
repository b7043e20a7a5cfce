"""Document 004: a homework's hand-out, with the mathematics of its layers in appendices.

An option of a multiple choice that is not the right one is not claimed by anyone. Assignments are
read as equations, L and L_B as one loss; a unit's own index is left out, as the document does.
"""

from dataclasses import replace

import sympy as sp

from derivations import batchnorm, cross_entropy, identity, linear, relu, sigmoid, softmax, tanh
from derivations.claims import (
    Claim,
    Illegible,
    Line,
    ShapeClaim,
    distribution,
    one_of,
    setting,
    steps,
)
from derivations.notation import (
    Array,
    Case,
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
k, c = features.indices("k c")
dy = array("dy", batch, features)
loss = let("L", (), total(dy[r, c] * y[r, c], r, c))

of_batch = setting(*catalogued.inputs, dy, definitions=(*named.values(), loss))
# With the mean a variable, an equation has to hold for any: deviations need not sum to 0.
of_any_mean = replace(
    of_batch,
    inputs=(*of_batch.inputs, array("mean", features)),
    definitions=tuple(d for d in of_batch.definitions if d is not mean),
)

L, mu, var = loss[()], mean[k], variance[k]
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


def _steps(id_: str, begin: Line, *lines: Line) -> tuple[Claim, ...]:
    return steps(id_, of_batch, begin, *lines, operation="batchnorm")


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
        steps(
            "",
            of_any_mean,
            Line(BY_MEAN, L_by_mean),
            Line(
                rf"\sum_{{i=1}}^m {BY_X_HAT} {X_HAT_BY_MEAN}",
                total(_by_x_hat(i) * partial(x_hat[i, k], mu), i),
            ),
            operation="batchnorm",
        ),
    ),
    *_numbered(
        "004 app. C eq.",
        22,
        steps(
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
                -power[1]
                + (x[i, k] - mu) * partial((written_out + eps) ** sp.Rational(-1, 2), mu),
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
            operation="batchnorm",
        ),
    ),
    *_numbered(
        "004 app. C eq.",
        27,
        steps(
            "",
            of_any_mean,
            Line(BY_MEAN, L_by_mean),
            Line(
                rf"-\sum_{{i=1}}^m {BY_X_HAT} {POWER[1]} - \frac{{1}}{{2}} \sum_{{i=1}}^m"
                rf" {BY_X_HAT} {CENTRED} {POWER[3]} \left(-\frac{{2}}{{m}} {DEVIATIONS}\right)",
                -total(_by_x_hat(i) * power[1], i)
                - total(_by_x_hat(i) * (x[i, k] - mu) * power[3] * through_variance, i) / 2,
            ),
            operation="batchnorm",
        ),
    ),
    *steps(
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
        operation="batchnorm",
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
            _by_x_hat(i) * power[1]
            + L_by_variance * partial(written_out, x[i, k], mean)
            + to_mean,
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
heavy_ball = let(
    "W", (w,), last[w] - eta * slope[w] + decay * (last[w] - before_last[w])
)
velocity = let("velocity", (w,), heavy_ball[w] - last[w])
last_velocity = let("last_velocity", (w,), last[w] - before_last[w])
of_momentum = setting(
    before_last, last, slope, definitions=(heavy_ball, velocity, last_velocity)
)

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

CLAIMS = (
    *_MULTIPLE_CHOICE,
    *_one_instance("004 question 3"),
    *_ACTIVATIONS,
    *_SHAPES,
    *_BATCHNORM,
    *_MOMENTUM,
    *_APPENDIX_C,
)
