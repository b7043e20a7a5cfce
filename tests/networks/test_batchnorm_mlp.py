"""Document 004's perceptron, forward and backward, in training and in evaluation mode."""

from __future__ import annotations

import numpy as np
import pytest

from backproof.catalog import find
from backproof.examination import Terms
from backproof.inputs.examples import Course
from backproof.loop import examine

DEEP = "batchnorm tanh, batchnorm sigmoid, identity"
PARAMETERS = {
    f"gradient.{name}{n}"
    for n in (1, 2, 3)
    for name in ("weight", "bias", "gamma", "beta")
    if n < 3 or name in {"weight", "bias"}
}
RUNNING = {f"forward.{name}{n}" for n in (1, 2) for name in ("running_mean", "running_var")}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_passes_a_right_program(outcomes_of, hw1, dtype):
    """Every answer lies within its bound, whatever follows the linear maps."""
    outcomes = outcomes_of(hw1.OnePass(), count=50, dtype=dtype)
    assert outcomes.keys() == PARAMETERS | RUNNING | {"forward", "forward.logits"}
    assert all(seen <= {"right", "silent"} for seen in outcomes.values())


def test_passes_the_reference_by_all_three_oracles(operation):
    """Every parameter that any choice of layers has gets its examples."""
    verdict = examine(operation, count=12)
    assert verdict.verdict == "pass"
    assert {c.property for c in verdict.checks if c.oracles} == PARAMETERS | RUNNING | {
        "forward",
        "forward.logits",
    }
    assert all(c.examples >= 12 for c in verdict.checks)
    assert all(len(c.oracles) == 3 for c in verdict.checks if c.property in PARAMETERS)


def test_follows_a_course_that_averages_some_of_its_gradients(hw1):
    """004: the weights' gradients are of the mean loss, those of gamma and beta of the sum."""

    class HandedOut(hw1.OnePass):
        def forward(self, x, targets, **given):
            outputs, cache = super().forward(x, targets, **given)
            return outputs, (*cache, len(x))

        def backward(self, cotangent, cache):
            network, delta, _, batch = cache
            network.backward(delta, delta.dtype.type(batch))
            return network.read(*hw1.GRADIENTS)

    averaged = frozenset(p.partition(".")[2] for p in PARAMETERS if p[9:13] in {"weig", "bias"})
    course = Course({"reduction": ("none",), "mode": ("training",)}, "ones")
    verdict = examine(find("batchnorm_mlp"), HandedOut(), count=8, terms=Terms(course, averaged))
    assert verdict.verdict == "pass"
    only = "batchnorm_mlp.gradient.weight1"
    (check,) = examine(
        find("batchnorm_mlp"), HandedOut(), count=12, terms=Terms(course), only=only
    ).checks
    assert (check.status, check.diagnosis.kind) == ("fail", "constant factor")


def test_rejects_batch_statistics_in_evaluation(wrong_in, hw1):
    """In evaluation mode the running statistics normalise, and stay as they are."""

    class Norm(hw1.BatchNorm):
        def forward(self, x, evaluation):
            return super().forward(x, evaluation=False)

    class Network(hw1.MLP):
        batch_norm = Norm

    wrong = hw1.OnePass(Network)
    assert wrong_in(wrong, layers=DEEP, mode="training") == set()
    found = wrong_in(wrong, layers=DEEP, mode="evaluation")
    assert {"forward", "forward.logits"} | RUNNING <= found


def test_rejects_an_unbiased_running_variance(wrong_in, hw1):
    """004 eq. 6 keeps the batch's own, biased variance."""

    class Norm(hw1.BatchNorm):
        def forward(self, x, evaluation):
            before = self.running_var
            y = super().forward(x, evaluation)
            if not evaluation and len(x) > 1:
                self.running_var = 0.9 * before + 0.1 * np.var(x, axis=0, ddof=1)
            return y

    class Network(hw1.MLP):
        batch_norm = Norm

    found = wrong_in(hw1.OnePass(Network), layers=DEEP, mode="training")
    assert found == {"forward.running_var1", "forward.running_var2"}


def test_rejects_a_backward_round_batch_normalisation(wrong_in, hw1):
    """Whoever hands the cotangent past the normalisation spoils all that lies before it."""

    class Norm(hw1.BatchNorm):
        def backward(self, delta):
            super().backward(delta)
            return delta

    class Network(hw1.MLP):
        batch_norm = Norm

    found = wrong_in(hw1.OnePass(Network), layers="batchnorm sigmoid, identity")
    assert found == {"gradient.weight1", "gradient.bias1"}


def test_rejects_a_last_activation_without_its_derivative(wrong_in, hw1):
    """An activation stands after the last linear map too, and most often is the identity."""

    class Network(hw1.MLP):
        def backward(self, delta, batch):
            last = self.layers[-1][2]
            last.derivative = lambda: 1
            super().backward(delta, batch)

    wrong = hw1.OnePass(Network)
    assert wrong_in(wrong, layers="sigmoid, relu, identity") == set()
    gradients = {f"gradient.{name}{n}" for n in (1, 2) for name in ("weight", "bias")}
    assert wrong_in(wrong, layers="tanh, sigmoid") == gradients


@pytest.mark.parametrize("name", ["gamma2", "weight1"])
def test_rejects_one_entry_off_by_a_millionth(wrong_in, hw1, name):
    """A relative error of 1e-6 in the last entry alone is seen in its own check."""

    class Wrong(hw1.OnePass):
        def backward(self, cotangent, cache):
            found = super().backward(cotangent, cache)
            found[name][(-1,) * found[name].ndim] *= 1 + 1e-6
            return found

    assert wrong_in(Wrong(), layers=DEEP) == {f"gradient.{name}"}
