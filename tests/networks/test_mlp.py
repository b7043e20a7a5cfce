"""The perceptron with softmax at its end, of any depth and widths, with three activations."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from backproof.candidates.in_process import InProcess
from backproof.examination import Terms
from backproof.inputs.examples import Course
from backproof.loop import examine


class Program:
    """A list of layers that remember what they saw, as a course would have it written."""

    def forward(self, x, *, activation, hidden_layers, slope, alpha, **parameters):
        self.activation, self.slope, self.alpha = activation, slope, alpha
        self.weights = [parameters[f"weight{n}"] for n in range(1, hidden_layers + 2)]
        biases = [parameters[f"bias{n}"] for n in range(1, hidden_layers + 2)]
        self.inputs, self.sums = [], []
        for n, (weight, bias) in enumerate(zip(self.weights, biases, strict=True)):
            self.inputs.append(x)
            self.sums.append(x @ weight.T + bias)
            x = self.activate(self.sums[-1]) if n < hidden_layers else self.softmax(self.sums[-1])
        self.probabilities = x
        return x, self

    def activate(self, z):
        if self.activation == "elu":
            return np.where(z > 0, z, self.alpha * (np.exp(np.minimum(z, 0)) - 1))
        return np.maximum(z, (self.slope if self.activation == "leaky_relu" else 0) * z)

    def derivative(self, z):
        below = {"relu": 0 * z, "leaky_relu": 0 * z + self.slope}
        if self.activation == "elu":
            return np.where(z > 0, z.dtype.type(1), self.alpha * np.exp(np.minimum(z, 0)))
        return np.where(z > 0, z.dtype.type(1), below[self.activation])

    def softmax(self, z):
        e = np.exp(z - np.max(z, axis=1, keepdims=True))
        return e / np.sum(e, axis=1, keepdims=True)

    def through_softmax(self, cotangent):
        p = self.probabilities
        jacobian = np.eye(p.shape[1], dtype=p.dtype) * p[:, None, :] - p[:, :, None] * p[:, None, :]
        return np.matmul(cotangent[:, None, :], jacobian)[:, 0, :]

    def slopes(self):
        return [self.derivative(z) for z in self.sums[:-1]]

    def backward(self, cotangent, _):
        d, found, slopes = self.through_softmax(cotangent), {}, self.slopes()
        for n in range(len(self.weights), 0, -1):
            found |= {f"weight{n}": d.T @ self.inputs[n - 1], f"bias{n}": d.sum(axis=0)}
            if n > 1:
                d = (d @ self.weights[n - 1]) * slopes[n - 2]
        return found


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_passes_a_right_program(outcomes_of, dtype):
    """Every answer lies within its bound, at every depth and with every activation."""
    outcomes = outcomes_of(Program(), count=50, dtype=dtype)
    assert len(outcomes) == 7
    assert all(seen <= {"right", "silent"} for seen in outcomes.values())


def test_passes_the_reference_by_all_three_oracles(operation):
    """Every gradient there is at depth 0, 1 and 2 has a check of its own, and enough examples."""
    verdict = examine(operation, count=8)
    assert verdict.verdict == "pass"
    names = [f"gradient.{name}{n}" for n in (1, 2, 3) for name in ("weight", "bias")]
    assert {c.property for c in verdict.checks if c.oracles} == {"forward", *names}
    assert all(c.examples >= 8 for c in verdict.checks)
    assert all(len(c.oracles) == 3 for c in verdict.checks if "gradient" in c.id)
    assert "disagree" not in {say for c in verdict.checks for say in c.oracles.values()}


def test_rejects_a_backward_that_skips_softmax(wrong_in):
    """A cotangent of the probabilities is none of the scores: every gradient is wrong."""

    class Wrong(Program):
        def through_softmax(self, cotangent):
            return cotangent

    gradients = {f"gradient.{name}{n}" for n in (1, 2) for name in ("weight", "bias")}
    assert wrong_in(Wrong(), hidden_layers=1) == gradients


def test_rejects_a_forward_that_ends_in_scores(wrong_in):
    """Without softmax the forward is wrong; the backward is still that of the probabilities."""

    class Wrong(Program):
        def forward(self, x, **given):
            super().forward(x, **given)
            return self.sums[-1], self

    assert wrong_in(Wrong(), hidden_layers=1) == {"forward"}


def test_rejects_the_derivative_of_another_layer(wrong_in):
    """Slopes taken in the wrong order, where widths allow it, spoil what lies before them."""

    class Wrong(Program):
        def slopes(self):
            first, second = super().slopes()
            return [second, first] if first.shape == second.shape else [first, second]

    found = wrong_in(Wrong(), hidden_layers=2, count=40)
    assert {"gradient.weight1", "gradient.weight2"} <= found
    assert not found & {"forward", "gradient.weight3", "gradient.bias3"}


def test_rejects_a_slope_that_is_not_the_given_one(wrong_in):
    """The default slope fits in one of three examples, and only there."""

    class Wrong(Program):
        def derivative(self, z):
            return np.where(z > 0, 1, 0.01)

    wrong = Wrong()
    assert "gradient.weight1" in wrong_in(wrong, activation="leaky_relu", slope=0.25)
    assert wrong_in(wrong, activation="leaky_relu", slope=0.01) == set()


def test_differentiates_by_one_parameter_an_example_and_by_all_in_turn(operation):
    """Finite differences cost forwards: each example pays for one input, the next for another."""

    class Counting(InProcess):
        moved: ClassVar = []

        def values(self, examples):
            names = [n for n in examples[0].inputs if n.startswith(("weight", "bias"))]
            different = {n for n in names for e in examples[1:]
                         if not np.array_equal(e.inputs[n], examples[0].inputs[n])}  # fmt: skip
            self.moved.append(different)
            return super().values(examples)

    course = Course({"hidden_layers": (2,), "activation": ("elu",)})
    examine(operation, Counting(operation, Program()), count=8, terms=Terms(course))
    assert max(map(len, Counting.moved)) == 1
    assert len(set().union(*Counting.moved)) == 6


@pytest.mark.parametrize("name", ["weight1", "bias2"])
def test_rejects_one_entry_off_by_a_millionth(wrong_in, name):
    """A relative error of 1e-6 in the last entry alone is seen in its own check."""

    class Wrong(Program):
        def backward(self, cotangent, cache):
            found = super().backward(cotangent, cache)
            if name in found:
                found[name][(-1,) * found[name].ndim] *= 1 + 1e-6
            return found

    assert wrong_in(Wrong()) == {f"gradient.{name}"}
