"""A network whose cross-entropy has an eps in its logarithm is as right as one without."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from backproof.catalog import find
from backproof.examination import Terms
from backproof.loop import examine

OPEN = Terms(accepts_variations=True)
EPS = "{} is added inside the logarithm"


@pytest.mark.parametrize(
    ("name", "eps"),
    [("two_layer_net", "1e-10"), ("batchnorm_mlp", "1e-07"), ("mlp_training", "1e-10")],
)
def test_a_network_with_an_eps_in_value_and_gradient_is_held_to_that(name, eps):
    """It is named."""
    network = find(name)
    program = network.variations[EPS.format(eps)].implementation
    verdict = examine(network, program, count=5, terms=OPEN)
    assert verdict.verdict == "pass", [c for c in verdict.checks if c.status != "pass"]
    assert {c.variation for c in verdict.checks} == {EPS.format(eps)}


def beside(name, gradient_of):
    """A program with an eps in its loss, and the gradient of an operation."""
    value = find(name).variations[EPS.format("1e-08")].implementation

    def forward(**given):
        return value.forward(**given)[0], gradient_of.forward(**given)[1]

    return SimpleNamespace(forward=forward, backward=gradient_of.backward)


@pytest.mark.parametrize("name", ["two_layer_net", "batchnorm_mlp"])
def test_the_gradient_may_be_the_plain_one(name):
    """Hand-outs prescribe softmax minus target."""
    verdict = examine(find(name), beside(name, find(name).implementation), count=5, terms=OPEN)
    assert verdict.verdict == "pass", [c for c in verdict.checks if c.status != "pass"]
    assert {c.variation for c in verdict.checks} == {EPS.format("1e-08") + " of the value alone"}
