"""Each named cause in a case that has it, and no name where none explains."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from backproof.catalog import find
from backproof.examination import Terms
from backproof.examine import examine
from backproof.inputs.examples import Course
from backproof.operation import Input, Operation
from implementations import layernorm, linear, sigmoid, softmax


def diagnosis(operation, prop, *, forward=None, backward=None, averaged=frozenset(), **fixed):
    """The diagnosis of one failing property."""
    right = operation.implementation
    candidate = SimpleNamespace(
        forward=forward or right.forward, backward=backward or right.backward
    )
    terms = Terms(Course({n: (v,) for n, v in fixed.items()}), averaged)
    check_id = f"{operation.name}.{prop}"
    verdict = examine(operation, candidate, count=30, terms=terms, only=check_id)
    (check,) = verdict.checks
    assert check.status == "fail"
    return check.diagnosis


def of_linear(change, prop="gradient.weight", **more):
    """The diagnosis of a change to the affine map's gradients."""

    def backward(cotangent, cache):
        return change(linear.backward(cotangent, cache), cotangent, cache)

    return diagnosis(find("linear"), prop, backward=backward, layout="x W + b", **more)


LINEAR = {
    "zero": (lambda g, c, k: g._replace(weight=0 * g.weight), "Every entry is 0."),
    "sign": (lambda g, c, k: g._replace(weight=-g.weight), "the negative of the right result"),
    "shape": (lambda g, c, k: g._replace(weight=g.weight.T), "It is transposed."),
    "not summed": (
        lambda g, c, k: g._replace(weight=np.einsum("si,so->sio", k.x, c)),
        "It was not summed over the batch.",
    ),
    "summed twice": (
        lambda g, c, k: g._replace(weight=g.weight * len(c)),
        "too large, by the number of samples in the batch",
    ),
    "averaged": (
        lambda g, c, k: g._replace(weight=g.weight / len(c)),
        "divided by the number of samples in the batch",
    ),
    "by another axis": (
        lambda g, c, k: g._replace(weight=g.weight / c.shape[1]),
        "divided by the number of outputs",
    ),
    "twice": (lambda g, c, k: g._replace(weight=2 * g.weight), "2 times the right result"),
    "half": (lambda g, c, k: g._replace(weight=g.weight / 2), "0.5 times the right result"),
}
KINDS = {
    "zero": "zero", "sign": "sign", "shape": "shape", "not summed": "shape",
}  # fmt: skip


@pytest.mark.parametrize("name", LINEAR)
def test_names_what_was_done_to_a_weight_gradient(name):
    """The kind is named, and the sentence says which axis or which number."""
    change, words = LINEAR[name]
    found = of_linear(change)
    assert found.kind == KINDS.get(name, "constant factor")
    assert words in found.text


def test_names_a_gradient_that_a_course_wanted_averaged():
    """Where the course divides by the batch, a sum is named as that course would."""
    found = of_linear(lambda g, c, k: g, averaged=frozenset({"weight"}))
    assert found.kind == "constant factor"
    assert "this course divides it by the batch size" in found.text


def test_names_a_forgotten_cotangent():
    """The derivative alone, without the upstream gradient."""

    def backward(cotangent, cache):
        return sigmoid.backward(np.ones_like(cotangent), cache)

    assert diagnosis(find("sigmoid"), "gradient.x", backward=backward).kind == "cotangent"


def test_names_the_input_in_the_place_of_the_output():
    """The formula is right, its argument is not."""

    def forward(x):
        return sigmoid.forward(x)[0], x

    found = diagnosis(
        find("sigmoid"), "gradient.x", forward=forward, backward=lambda c, x: c * x * (1 - x)
    )
    assert found.kind == "input for output"


def test_names_the_term_that_is_missing():
    """And writes it as the closed form has it."""

    def backward(cotangent, cache):
        return cotangent * cache.y

    found = diagnosis(find("softmax"), "gradient.x", backward=backward)
    assert found.kind == "missing term"
    assert "along[s]" in found.text


def test_names_an_unstable_formula():
    """A variance that cancels is right but for its digits."""

    def forward(x, gamma=None, beta=None, *, eps):
        y, cache = layernorm.forward(x, gamma, beta, eps=eps)
        mean = x.mean(axis=1, keepdims=True)
        variance = np.maximum((x * x).mean(axis=1, keepdims=True) - mean * mean, 0)
        deviation = np.sqrt(variance + x.dtype.type(eps))
        normalized = (x - mean) / deviation
        y = normalized if gamma is None else gamma * normalized + beta
        return y, cache._replace(normalized=normalized, deviation=deviation)

    assert diagnosis(find("layernorm"), "stability", forward=forward).kind == "unstable"


def test_names_a_gradient_of_the_candidate_s_own_forward():
    """2 x^2 for a sigmoid, with the derivative of 2 x^2."""

    def forward(x):
        return 2 * x * x, x

    found = diagnosis(
        replace(find("sigmoid"), large=16.0),
        "gradient.x",
        forward=forward,
        backward=lambda c, x: 4 * c * x,
    )
    assert found.kind == "consistent with your forward"


def test_names_a_transposed_square():
    """Where both axes have one size, the shape does not give the transposition away."""
    square = Operation(
        name="square", inputs=(Input("a", ("n", "n")),), output_axes=("n", "n"),
        torch=lambda torch, a: a @ a,
    )  # fmt: skip
    found = diagnosis(
        square,
        "gradient.a",
        forward=lambda a: (a @ a, a),
        backward=lambda c, a: (c @ a.T + a.T @ c).T,
    )
    assert found.kind == "transposed"


@pytest.mark.parametrize(
    "change",
    [lambda x: x * 1.3, lambda x: x + 1, lambda x: x * (1 + 1e-6), lambda x: np.cumsum(x, axis=1)],
    ids=["an odd factor", "an offset", "a millionth", "a running sum"],
)
def test_names_nothing_where_nothing_explains(change):
    """A wrong gradient of no known kind is wrong all the same, and no cause is made up."""

    def backward(cotangent, cache):
        return change(softmax.backward(cotangent, cache).x)

    assert diagnosis(find("softmax"), "gradient.x", backward=backward) is None


def test_a_name_must_explain_every_failing_example():
    """A factor of 2 on some examples and of 3 on others is not "2 times the right result"."""

    def backward(cotangent, cache):
        return softmax.backward(cotangent, cache).x * (2 if len(cotangent) > 1 else 3)

    assert diagnosis(find("softmax"), "gradient.x", backward=backward) is None
