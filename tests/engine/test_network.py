"""Composed operations: the chain rule, what errors it carries on, and how far kinks are away."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from backproof.candidates.in_process import InProcess
from backproof.catalog import NETWORKS, OPERATIONS, find
from backproof.compare import within
from backproof.error_analysis import Rounding
from backproof.examination import Examination, Terms
from backproof.inputs.examples import Course, examples
from backproof.inputs.search import explore
from backproof.loop import examine
from backproof.network import Network, Node, Numeric, Reference
from backproof.operation import Input, Operation, scalar_symbols
from backproof.operations import linear, tanh
from backproof.oracles.composed import ComposedOracle

LAYOUT = {"layout": "x W + b"}
DOUBLE = Rounding.of(np.float64)


def twice_used():
    """y = tanh(x W + b) W + b: the weight and the bias are used twice, x W + b is not an output."""
    return Network(
        inputs=(
            Input("x", ("batch", "features")),
            Input("W", ("features", "features")),
            Input("b", ("features",)),
        ),
        nodes=(
            Node(linear.OPERATION, {"x": "x", "weight": "W", "bias": "b"}, ("z",), LAYOUT),
            Node(tanh.OPERATION, {"x": "z"}, ("a",)),
            Node(linear.OPERATION, {"x": "a", "weight": "W", "bias": "b"}, ("y",), LAYOUT),
        ),
        outputs={"y": ("y", "z")},
        output_axes=("batch", "features"),
    )


def reference(torch, x, W, b):  # noqa: N803 - the inputs' names
    z = x @ W + b
    return torch.tanh(z) @ W + b + z


TWICE = Operation(
    "twice", reference, compose=twice_used, implementation=Reference(twice_used, ())
)  # fmt: skip


def test_cotangents_of_an_array_that_is_used_twice_add_up():
    """All three oracles and the composed implementation agree on a graph that is no chain."""
    verdict = examine(TWICE, count=15)
    assert verdict.verdict == "pass"
    assert {c.property for c in verdict.checks if c.oracles} == {
        *("forward", "gradient.x", "gradient.W", "gradient.b")
    }
    assert {say for c in verdict.checks for say in c.oracles.values()} == {"agree"}


@pytest.mark.parametrize("name", ["W", "b", "x"])
def test_a_use_that_is_forgotten_is_noticed(name):
    """With only the last use of each array, every gradient is wrong."""

    def last_use(cotangent, cache):
        gradients, a, weight = cache
        shares = {"W": a.T @ cotangent, "b": cotangent.sum(axis=0), "x": cotangent @ weight.T}
        return {**gradients(cotangent), name: shares[name]}

    def forward(x, W, b):  # noqa: N803 - the inputs' names
        outputs, backward = TWICE.implementation.forward(x=x, W=W, b=b)
        return outputs, (backward, np.tanh(x @ W + b), W)

    verdict = examine(TWICE, SimpleNamespace(forward=forward, backward=last_use), count=6)
    assert {c.property for c in verdict.checks if c.status == "fail"} == {f"gradient.{name}"}


def test_only_what_leads_to_a_gradient_is_differentiated():
    """The first layer's own input is none of the parameters: its VJP is never asked for."""
    network = find("two_layer_net").composition({})
    asked = []

    class Watching(Numeric):
        def apply(self, node, inputs, wanted):
            outputs, pull = super().apply(node, inputs, wanted)

            def watched(cotangent):
                asked.append((node.outputs[0], wanted))
                return pull(cotangent)

            return outputs, watched

    arrays = {
        "x": np.ones((2, 3)),
        "W1": np.ones((3, 2)),
        "b1": np.ones(2),
        "W2": np.ones((2, 2)),
        "b2": np.ones(2),
        "targets": np.array([0, 1]),
    }
    _, backward = network.run(Watching({"reg": 0.5}), arrays)
    assert backward(np.ones(())).keys() == {"W1", "b1", "W2", "b2"}
    assert dict(asked) == {
        "penalty1": {"weight"},
        "penalty2": {"weight"},
        "data_loss": {"logits"},
        "z3": {"x", "weight", "bias"},
        "a2": {"x"},
        "z2": {"weight", "bias"},
    }


def example(draws, wanted=lambda _: True):
    """The first drawn example of the two-layer network that is as wanted."""
    found = []
    explore(examples(find("two_layer_net")), found.append, "margins", draws)
    return next(d for d in found if wanted(d))


def activity(inputs):
    return inputs["x"] @ inputs["W1"] + inputs["b1"] > 0


def test_within_the_margin_no_unit_changes_sides():
    """Moved nearly as far as the margin, at random and at once, every rectifier stays as it was."""
    oracle = ComposedOracle(find("two_layer_net").composition({}))
    numbers = np.random.RandomState(3)
    found = []
    explore(examples(find("two_layer_net")), found.append, "margins", 30)
    seen = 0
    for draw in found:
        inputs = draw.example.inputs
        margin = oracle.margin(inputs, scalar_symbols(draw.sizes, draw.example.parameters))
        signs = [numbers.choice([-1, 1], inputs[n].shape) for n in ("W1", "b1")]
        moved = {n: inputs[n] + 0.99 * margin * s for n, s in zip(("W1", "b1"), signs, strict=True)}
        assert np.array_equal(activity(inputs), activity({**inputs, **moved}))
        seen += margin > 0
    assert seen > 20


def test_a_margin_is_no_smaller_than_the_graph_asks_for():
    """One unit at 1/2 with one input of 1: weight and bias may each move by a quarter of it."""
    inputs = {
        "x": np.ones((1, 1)),
        "W1": np.full((1, 1), 2.0**-10),
        "b1": np.full(1, -(2.0**-9)),
        "W2": np.ones((1, 1)),
        "b2": np.ones(1),
        "targets": np.zeros(1, dtype=np.int64),
    }
    sizes = {"batch": 1, "inputs": 1, "hidden": 1, "classes": 1}
    oracle = ComposedOracle(find("two_layer_net").composition({}))
    assert oracle.margin(inputs, scalar_symbols(sizes, {"reg": 0.5})) == 2.0**-11


def test_there_is_no_margin_at_a_kink_and_no_end_to_it_without_one():
    """A unit at 0 stops finite differences; a network of smooth operations never does."""
    draw = example(1)
    inputs = {n: np.zeros_like(a) for n, a in draw.example.inputs.items()}
    symbols = scalar_symbols(draw.sizes, draw.example.parameters)
    oracle = ComposedOracle(find("two_layer_net").composition({}))
    assert oracle.margin(inputs, symbols) == 0
    assert ComposedOracle(twice_used()).margin(inputs, symbols) == np.inf


@pytest.mark.parametrize("active", [False, True])
def test_a_unit_that_rounding_may_put_on_either_side_blames_nobody(active):
    """0.1 + 0.2 - 0.3 is 0, or 5.6e-17: whoever masks it, or does not, is within the bound."""
    inputs = {
        "x": np.array([[1.0, 1.0, 1.0]]),
        "W1": np.array([[0.1], [0.2], [-0.3]]),
        "b1": np.zeros(1),
        "W2": np.array([[1.0, -2.0]]),
        "b2": np.zeros(2),
        "targets": np.array([0]),
    }
    sizes = {"batch": 1, "inputs": 3, "hidden": 1, "classes": 2}
    oracle = ComposedOracle(find("two_layer_net").composition({}))
    opinion = oracle.opinion(DOUBLE, inputs, np.ones(()), scalar_symbols(sizes, {"reg": 0.0}))
    residual = np.array([[-0.5, 0.5]])
    inner = residual @ inputs["W2"].T * active
    truth = opinion.gradients["W1"]
    assert within(inputs["x"].T @ inner, truth.value, truth.bound)
    assert not within(inputs["x"].T @ inner + 4, truth.value, truth.bound)


def test_errors_grow_from_layer_to_layer_and_reach_the_gradients():
    """What the first layer rounds is in the last layer's bound, and comes back down again."""
    draw = example(30, lambda d: min(d.sizes.values()) > 1)
    symbols = scalar_symbols(draw.sizes, {**draw.example.parameters, "reg": 0.0})
    oracle = ComposedOracle(find("two_layer_net").composition({}))
    inputs, one = draw.example.inputs, np.ones(())
    fine, coarse = (
        oracle.opinion(Rounding.of(d), inputs, one, symbols) for d in (np.float64, np.float32)
    )
    for name in ("W1", "b1", "W2", "b2"):
        ratio = coarse.gradients[name].bound.max() / fine.gradients[name].bound.max()
        assert 2.0**28 < ratio < 2.0**30
    scores = fine.outputs["scores"]
    own = DOUBLE.contract(
        [DOUBLE.exact(np.maximum(inputs["x"] @ inputs["W1"] + inputs["b1"], 0)),
         DOUBLE.exact(inputs["W2"])], [[0, 1], [1, 2]], [0, 2], draw.sizes["hidden"],
    )  # fmt: skip
    assert np.all(scores.bound > own.bound)


def test_a_running_total_may_start_at_the_penalty():
    """Eight samples of 1/16 are lost, one by one, on 2 reg W of 2^20 in float32, rightly."""
    batch = 8
    inputs = {
        "x": np.ones((batch, 1)),
        "W1": np.ones((1, 1)),
        "b1": np.zeros(1),
        "W2": np.full((1, 2), 0.5),
        "b2": np.zeros(2),
        "targets": np.ones(batch, dtype=np.int64),
    }
    sizes = {"batch": batch, "inputs": 1, "hidden": 1, "classes": 2}
    oracle = ComposedOracle(find("two_layer_net").composition({}))
    symbols = scalar_symbols(sizes, {"reg": 2.0**20})
    truth = oracle.opinion(Rounding.of(np.float32), inputs, np.ones(()), symbols).gradients["W2"]
    started = np.float32(2**20)
    for _ in range(batch):
        started = started + np.float32(0.5) / np.float32(batch)
    assert started == 2**20
    assert truth.value[0, 0] == 2**20 + 0.5
    assert 0.5 <= truth.bound[0, 0] < 2


def test_an_infinite_error_times_0_is_infinite():
    """Errors may be without bound, as momentum 0 times such a one is; never without number."""
    operation = find("mlp_training")
    course = Course({"momentum": (0.0,)})
    candidate = InProcess(operation, operation.implementation)
    examination = Examination(operation, candidate, np.dtype(np.float32), Terms(course))

    def visit(draw):
        opinion = examination.symbolic(draw)
        assert not any(np.isnan(b.bound).any() for b in opinion.outputs.values())

    explore(examples(operation, course), visit, "numbers", 30)


@pytest.mark.parametrize("network", NETWORKS, ids=lambda o: o.name)
def test_a_network_is_found_by_its_name_and_proves_nothing_anew(network):
    """Every derivation that it rests on is one of the catalog's, under the same conventions."""
    assert find(network.name) is network
    known = {(o.derive, tuple(v.items())) for o in OPERATIONS for v in o.variants()}
    for convention in network.variants():
        for node in network.composition(convention).nodes:
            assert (node.operation.derive, tuple(node.convention.items())) in known


@pytest.mark.parametrize("network", NETWORKS, ids=lambda o: o.name)
def test_every_output_of_a_network_is_one_that_is_checked(network):
    """Under every convention the outputs are among the operation's, and begin with its first."""
    for convention in network.variants():
        names = network.output_names(convention)
        assert names[0] == network.outputs[0]
        assert set(names) <= set(network.outputs)
