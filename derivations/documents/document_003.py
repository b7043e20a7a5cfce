"""Document 003: a network of two layers and its regularised loss; a sample is a row."""

import sympy as sp

from derivations import l2_penalty, softmax_cross_entropy
from derivations.claims import AnyClaim, Claim, Line, ShapeClaim, setting, steps
from derivations.notation import Positive, array, axes, delta, let, parameter, partial, total
from derivations.tensor import Tensor, squared_norm, tensor

N, D, H, K = axes("N D H K")
cost = sp.Symbol("J", real=True)


def slope(of: sp.Expr, by: Tensor) -> Tensor:
    """The derivative of a number by each entry of an array."""
    return Tensor(by.shape, lambda *at: partial(of, by.entry(*at)))


def row(of: Tensor, sample: sp.Idx) -> Tensor:
    """One sample of a batch: a matrix of one row."""
    return Tensor((sp.S.One, *of.shape[1:]), lambda _, at: of.entry(sample, at))


def lying(vector: Tensor) -> Tensor:
    """A vector as a matrix of one row."""
    return Tensor((sp.S.One, *vector.shape), lambda _, at: vector.entry(at))


# Question 2.a: the rules. An upstream gradient meets a sum, a product, a function.

p, q, d_u = (array(name, N, K) for name in ("p", "q", "du"))
v, matrix, d_product = array("v", H), array("M", H, K), array("du", K)
f, f_slope = (sp.Function(name, real=True) for name in ("f", "f'"))
n, h, k = N.index("n"), H.index("h"), K.index("k")
added = let("u", (n, k), p[n, k] + q[n, k])
applied = let("u", (n, k), f(p[n, k]))
multiplied = let("u", (k,), total(v[h] * matrix[h, k], h))
in_sum, in_function = (
    setting(p, q, d_u, definitions=(u, let("J", (), total(d_u[n, k] * u[n, k], n, k))))
    for u in (added, applied)
)
in_product = setting(
    v,
    matrix,
    d_product,
    definitions=(multiplied, let("J", (), total(d_product[k] * multiplied[k], k))),
)
arriving = slope(cost, lying(tensor(multiplied)))

_RULES = (
    ShapeClaim(
        "003 Question 1, scores",
        r"\psi(z_i^3) \in \mathbb{R}^{K}",
        (K.size,),
        (K.size,),
        "softmax",
    ),
    Claim(
        "003 Question 2.a, first rule",
        r"\frac{\partial J}{\partial p} = \frac{\partial J}{\partial (p + q)}",
        slope(cost, tensor(p)),
        slope(cost, tensor(added)),
        in_sum,
        "chain rule",
    ),
    Claim(
        "003 Question 2.a, second rule, the vector",
        r"\frac{\partial J}{\partial v} = \frac{\partial J}{\partial (v M)} M^T",
        slope(cost, lying(tensor(v))),
        arriving @ tensor(matrix).T,
        in_product,
        "linear",
    ),
    Claim(
        "003 Question 2.a, second rule, the matrix",
        r"\frac{\partial J}{\partial M} = v^T \frac{\partial J}{\partial (v M)}",
        slope(cost, tensor(matrix)),
        lying(tensor(v)).T @ arriving,
        in_product,
        "linear",
    ),
    Claim(
        "003 Question 2.a, third rule",
        r"\frac{\partial J}{\partial p} = \frac{\partial J}{\partial f(p)} \circ f'(p)",
        slope(cost, tensor(p)),
        slope(cost, tensor(applied)) * tensor(p).map(f_slope),
        in_function,
        "chain rule",
    ),
)

# Question 2.a: the loss by the scores z^3.

of_loss = softmax_cross_entropy.derive("mean", "index")
z3, target = of_loss.inputs
mean_loss = of_loss.output
samples = softmax_cross_entropy.batch.size
i = softmax_cross_entropy.batch.index("i")
j, other = softmax_cross_entropy.classes.indices("j c")
z_i = row(tensor(z3), i)
z_target = z3[i, target[i]]
mass = total(sp.exp(z3[i, j]), j)
exponentials = z_i.map(sp.exp)
probabilities = exponentials / mass
one_hot = Tensor(z_i.shape, lambda _, at: delta(target[i], at))
by_z_i = slope(mean_loss[()], z_i)
by_target = slope(-z_target, z_i)
# As it is written, the sum of eq. 1 runs over samples, from the j-th on, of their j-th entries.
from_j_on = total(Positive(other - j + 1) * sp.exp(z3[other, j]), other)

BY_Z_I = r"\frac{\partial J}{\partial z_i^3}"
D_Z_I = r"\frac{\partial}{\partial z_i^3}"
MASS = r"\sum_{j=1}^K \exp(z_i^3)_j"
LOG_MASS = r"-(z_i^3)_{y_i} + \log " + MASS
BY_TARGET = D_Z_I + r" \left(-(z_i^3)_{y_i}\right)"


def mean_over_samples(body: sp.Expr) -> sp.Expr:
    """A term for each sample, averaged."""
    return total(body, i) / samples


def of_scores(number: int, latex: str, right: Tensor) -> Claim:
    """An equation whose left-hand side is the derivative of the loss by one sample's scores."""
    return Claim(
        f"003 eq. {number}",
        f"{BY_Z_I} = {latex}",
        by_z_i,
        right,
        of_loss,
        "softmax_cross_entropy",
    )


_LOSS = (
    Claim(
        "003 eq. 1",
        r"J = \frac{1}{N} \sum_{i=1}^{N} \left[-\log \frac{\exp(z_i^3)_{y_i}}"
        r"{\sum_{i=j}^{K} \exp(z_i^3)_j}\right]",
        mean_loss.body,
        mean_over_samples(-sp.log(sp.exp(z_target) / from_j_on)),
        of_loss,
        "softmax_cross_entropy",
        repaired=mean_over_samples(-sp.log(sp.exp(z_target) / mass)),
        correction=r"J = \frac{1}{N} \sum_{i=1}^{N} \left[-\log \frac{\exp(z_i^3)_{y_i}}"
        r"{\sum_{j=1}^{K} \exp(z_i^3)_j}\right]",
        why="The sum must run over the classes j from 1; it runs over i, which counts samples.",
    ),
    Claim(
        "003 eq. 2",
        r"J = \frac{1}{N} \sum_{i=1}^{N} \left[" + LOG_MASS + r"\right]",
        mean_loss.body,
        mean_over_samples(-z_target + sp.log(mass)),
        of_loss,
        "softmax_cross_entropy",
    ),
    of_scores(
        3,
        D_Z_I + r" \frac{1}{N} \sum_{i=1}^N \left[" + LOG_MASS + r"\right]",
        slope(mean_over_samples(-z_target + sp.log(mass)), z_i),
    ),
    of_scores(
        4,
        r"\frac{1}{N} \left[" + D_Z_I + r" \left(" + LOG_MASS + r"\right)\right]",
        slope(-z_target + sp.log(mass), z_i) / samples,
    ),
    of_scores(
        5,
        r"\frac{1}{N} \left[" + BY_TARGET + r" + \frac{" + D_Z_I + " " + MASS + "}{" + MASS
        + r"}\right]",
        (by_target + slope(mass, z_i) / mass) / samples,
    ),
    Claim(
        "003 Question 2.a, one element",
        r"\left[\frac{\partial (z_i^3)_j}{\partial z_i^3}\right]_c = \delta_{jc}",
        partial(z3[i, j], z3[i, other]),
        delta(j, other),
        of_loss,
        "chain rule",
    ),
    of_scores(
        6,
        r"\frac{1}{N} \left[" + BY_TARGET + r" + \frac{\exp(z_i^3)_j}{" + MASS + r"}\right]",
        (by_target + probabilities) / samples,
    ),
    of_scores(
        7,
        r"\frac{1}{N} \left[" + BY_TARGET + r" + \psi(z_i^3)_j\right]",
        (by_target + probabilities) / samples,
    ),
    Claim(
        "003 Question 2.a, the target's score",
        r"\frac{\partial (z_i^3)_{y_i}}{\partial z_i^3} = \Delta_i",
        slope(z_target, z_i),
        one_hot,
        of_loss,
        "softmax_cross_entropy",
    ),
    of_scores(
        8,
        r"\frac{1}{N} \left(\psi(z_i^3)_j - \Delta_i\right)",
        (probabilities - one_hot) / samples,
    ),
)  # fmt: skip

# Questions 2.b and 2.c: the loss by the weights and biases of both layers. Of the loss only its
# derivative by z^3 comes in, and that is settled above: psi may be any probabilities, and J is
# linear in z^3, with the corrected eq. 8 for its slope.

a1, w1, b1 = array("a1", N, D), array("W1", D, H), array("b1", H)
a2, w2, b2 = array("a2", N, H), array("W2", H, K), array("b2", K)
psi = array("psi", N, K, sums_to_one=True, differentiable=False)
label = array("y", N, index_into=K, differentiable=False)
phi, phi_slope = (sp.Function(name, real=True) for name in ("phi", "phi'"))
strength = parameter("lambda")
s, d = N.index("i"), D.index("d")
last = let("z3", (n, k), total(a2[n, h] * w2[h, k], h) + b2[k])
pre = let("z2", (n, h), total(a1[n, d] * w1[d, h], d) + b1[h])
hidden = let("a2", (n, h), phi(pre[n, h]))
one_hots = let("Delta", (n, k), delta(label[n], k))
linear_loss = let("J", (), total((psi[n, k] - one_hots[n, k]) * last[n, k], n, k) / N.size)
penalty = [strength * squared_norm(tensor(w)).entry() for w in (w1, w2)]
in_last = setting(a2, w1, w2, b2, psi, label, definitions=(last, one_hots, linear_loss))
in_first = setting(
    a1, w1, b1, w2, b2, psi, label, definitions=(pre, hidden, last, one_hots, linear_loss)
)

by_scores = slope(cost, tensor(last))
by_sample = row(by_scores, s)
settled = (tensor(psi) - tensor(one_hots)) / N.size
settled_i = row(settled, s)
weights = tensor(w2)
biases = Tensor(tensor(last).shape, lambda _, at: b2[at])
activation_slope = tensor(pre).map(phi_slope)
by_hidden, by_pre = (slope(cost, tensor(inner)) for inner in (hidden, pre))


def summed(body: Tensor) -> Tensor:
    """A sum over the samples i of something, whether it depends on i or not."""
    return Tensor(body.shape, lambda *at: total(body.entry(*at), s))


def through_scores(by: Tensor) -> Tensor:
    """The chain rule through the scores: of each sample, all of them."""
    return Tensor(
        by.shape,
        lambda *at: total(partial(cost, last[s, k]) * partial(last[s, k], by.entry(*at)), s, k),
    )


BY_W, BY_B, BY_A, BY_Z = (
    rf"\frac{{\partial J}}{{\partial {name}^2}}" for name in ("W", "b", "a", "z")
)
BY_Z3 = r"\frac{\partial J}{\partial z^3}"
OVER_SAMPLES = r"\sum_{i=1}^{N}"
CHAIN_W, CHAIN_A = (
    rf"{OVER_SAMPLES} {BY_Z_I} \frac{{\partial z_i^3}}{{\partial {name}^2}}" for name in ("W", "a")
)
SETTLED_I = r"\left(\frac{1}{N} \left(\psi(z_i^3) - \Delta_i\right)\right)"
SETTLED = r"\left(\frac{1}{N} \left(\psi(z^3) - \Delta\right)\right)"
NORM = r"\|W^2\|_2^2"
ONE_SAMPLE = "The sum over the samples is missing: the right-hand side is that of sample i alone."
ONE_ROW = (
    "The left-hand side has a row for each sample, the right-hand side that of sample i alone."
)
WRONG_ORDER = (
    "The factors do not fit in this order, and sample i alone is on the right: the transpose"
    " stands first, and its product with all rows sums over the samples."
)

_LAST = (
    Claim(
        "003 eq. 9",
        f"{BY_W} = {CHAIN_W}",
        slope(cost, weights),
        through_scores(weights),
        in_last,
        "linear",
    ),
    Claim(
        "003 Question 2.b, z^3",
        r"z^3 = x W^2 + b^2",
        tensor(last),
        lambda: tensor(array("x", N, D)) @ weights + biases,
        in_last,
        "linear",
        repaired=tensor(a2) @ weights + biases,
        correction=r"z^3 = a^2 W^2 + b^2",
        why="The second layer multiplies what the first has made of x, not x itself.",
    ),
    Claim(
        "003 Question 2.b, b^2",
        f"{BY_B} = {BY_Z3}",
        slope(cost, lying(tensor(b2))),
        by_scores,
        in_last,
        "linear",
        repaired=summed(by_sample),
        correction=f"{BY_B} = {OVER_SAMPLES} {BY_Z_I}",
        why="The bias is added to every sample: its derivative is the sum over them.",
    ),
    *steps(
        "003 eq. 10",
        in_last,
        Line(BY_B, slope(cost, lying(tensor(b2)))),
        Line(f"{OVER_SAMPLES} {BY_Z_I}", summed(by_sample)),
        Line(
            r"\frac{1}{N} (\psi(z_i^3) - \Delta_i)",
            settled_i,
            repaired=summed(settled_i),
            correction=rf"\frac{{1}}{{N}} {OVER_SAMPLES} (\psi(z_i^3) - \Delta_i)",
            why=ONE_SAMPLE,
        ),
        operation="linear",
    ),
    *steps(
        "003 eq. 11",
        in_last,
        Line(BY_W, slope(cost, weights)),
        Line(CHAIN_W, through_scores(weights)),
        Line(
            BY_Z_I + r" a^{2^T}",
            lambda: by_sample @ tensor(a2).T,
            repaired=tensor(a2).T @ by_scores,
            correction=r"a^{2^T} " + BY_Z3,
            why=WRONG_ORDER,
        ),
        Line(
            SETTLED_I + r" a^{2^T}",
            lambda: settled_i @ tensor(a2).T,
            repaired=tensor(a2).T @ settled,
            correction=r"a^{2^T} " + SETTLED,
            why=WRONG_ORDER,
        ),
        operation="linear",
    ),
    *steps(
        "003 eq. 12",
        in_last,
        Line(BY_A, slope(cost, tensor(a2))),
        Line(CHAIN_A, through_scores(tensor(a2))),
        Line(
            BY_Z_I + r" W^{2^T}",
            by_sample @ weights.T,
            repaired=by_scores @ weights.T,
            correction=BY_Z3 + r" W^{2^T}",
            why=ONE_ROW,
        ),
        Line(
            SETTLED_I + r" W^{2^T}",
            settled_i @ weights.T,
            repaired=settled @ weights.T,
            correction=SETTLED + r" W^{2^T}",
            why=ONE_ROW,
        ),
        operation="linear",
    ),
)

_FIRST = (
    *steps(
        "003 eq. 13",
        in_first,
        Line(BY_Z, by_pre),
        Line(
            rf"{OVER_SAMPLES} {BY_A} \phi'(z^2)",
            summed(by_hidden * activation_slope),
            repaired=by_hidden * activation_slope,
            correction=BY_A + r" \circ \phi'(z^2)",
            why="Each entry of z^2 has an effect on its own a^2 alone: there is nothing to sum.",
        ),
        Line(
            SETTLED_I + r" W^{2^T} \phi'(z^2)",
            lambda: (settled_i @ weights.T) * activation_slope,
            repaired=(settled @ weights.T) * activation_slope,
            correction=SETTLED + r" W^{2^T} \circ \phi'(z^2)",
            why=ONE_ROW,
        ),
        operation="activation",
    ),
    *steps(
        "003 eq. 14",
        in_first,
        Line(r"\frac{\partial J}{\partial b^1}", slope(cost, lying(tensor(b1)))),
        Line(
            f"{OVER_SAMPLES} {BY_Z}",
            summed(by_pre),
            repaired=summed(row(by_pre, s)),
            correction=OVER_SAMPLES + r" \frac{\partial J}{\partial z_i^2}",
            why="What is summed must be that of sample i; here it is the whole batch, N times.",
        ),
        Line(
            SETTLED_I + r" W^{2^T} \phi'(z^2)",
            lambda: (settled_i @ weights.T) * activation_slope,
            repaired=summed((settled_i @ weights.T) * row(activation_slope, s)),
            correction=rf"{OVER_SAMPLES} {SETTLED_I} W^{{2^T}} \circ \phi'(z_i^2)",
            why=ONE_SAMPLE,
        ),
        operation="linear",
    ),
    *steps(
        "003 eq. 15",
        in_first,
        Line(r"\frac{\partial J}{\partial W^{1}}", slope(cost, tensor(w1))),
        Line(
            rf"{OVER_SAMPLES} {BY_Z} a^{{1^T}}",
            lambda: summed(by_pre @ tensor(a1).T),
            repaired=tensor(a1).T @ by_pre,
            correction=r"a^{1^T} " + BY_Z,
            why="The factors do not fit in this order; in the right one the product is the sum.",
        ),
        Line(
            SETTLED_I + r" W^{2^T} \phi'(z^2) a^{1^T}",
            lambda: ((settled_i @ weights.T) * activation_slope) @ tensor(a1).T,
            repaired=tensor(a1).T @ ((settled @ weights.T) * activation_slope),
            correction=r"a^{1^T} \left(" + SETTLED + r" W^{2^T} \circ \phi'(z^2)\right)",
            why=WRONG_ORDER,
        ),
        operation="linear",
    ),
)

of_penalty = l2_penalty.derive()
(penalised,) = of_penalty.inputs
penalty_slope = slope(penalty[1], weights)
PENALTY_SLOPE = rf"(\lambda({NORM}))'"

_PENALTY = (
    *steps(
        "003 eq. 16",
        in_last,
        Line(BY_W, slope(cost + sum(penalty), weights)),
        Line(f"{CHAIN_W} + {PENALTY_SLOPE}", through_scores(weights) + penalty_slope),
        Line(
            BY_Z_I + r" a^{2^T} + " + PENALTY_SLOPE,
            lambda: by_sample @ tensor(a2).T + penalty_slope,
            repaired=tensor(a2).T @ by_scores + penalty_slope,
            correction=rf"a^{{2^T}} {BY_Z3} + {PENALTY_SLOPE}",
            why=WRONG_ORDER,
        ),
        Line(
            rf"{SETTLED_I} a^{{2^T}} + \lambda(({NORM}))'",
            lambda: settled_i @ tensor(a2).T + slope(penalty[1] / strength, weights) * strength,
            repaired=tensor(a2).T @ settled + slope(penalty[1] / strength, weights) * strength,
            correction=rf"a^{{2^T}} {SETTLED} + \lambda(({NORM}))'",
            why=WRONG_ORDER,
        ),
        Line(
            SETTLED_I + r" a^{2^T} + \lambda 2 W^2",
            lambda: settled_i @ tensor(a2).T + strength * 2 * weights,
            repaired=tensor(a2).T @ settled + strength * 2 * weights,
            correction=rf"a^{{2^T}} {SETTLED} + \lambda 2 W^2",
            why=WRONG_ORDER,
        ),
        operation="linear",
    ),
    Claim(
        "003 eq. 16, last term",
        rf"\lambda(({NORM}))' = \lambda 2 W^2",
        slope(of_penalty.output.body, tensor(penalised)),
        l2_penalty.strength * 2 * tensor(penalised),
        of_penalty,
        "l2_penalty",
    ),
    Claim(
        "003 Question 2.c, regularization",
        r"\frac{\partial}{\partial W^2} \left(\lambda\left(\|W^1\|_2^2 + \|W^2\|_2^2\right)\right)"
        rf" = {PENALTY_SLOPE}",
        slope(sum(penalty), weights),
        penalty_slope,
        in_last,
        "l2_penalty",
    ),
)

CLAIMS: tuple[AnyClaim, ...] = (*_RULES, *_LOSS, *_LAST, *_FIRST, *_PENALTY)
