"""Where it fails: conditions that all failing examples meet, told from chance."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

from backproof.aspects import Gradients
from backproof.catalog import find
from backproof.compare import Finding
from backproof.diagnosis import Failure, Kind
from backproof.diagnosis.circumstances import circumstance
from backproof.error_analysis import Bounded
from backproof.examination import Examination, Terms
from backproof.inputs.examples import Course, examples
from backproof.inputs.search import explore

RUNS, RUN = 8, 6
BEGINS = {"batchnorm": {"gamma": 1.0, "running_var": 1.0}}


@cache
def drawn(name):
    """Draw examples, for the examination and fresh ones."""
    found = []
    course = Course({}, initial=BEGINS.get(name, {}))
    for run in range(2 * RUNS):
        explore(examples(find(name), course), found.append, f"circumstances {run}", RUN)
    return found[: RUNS * RUN], found[RUNS * RUN :]


def finding(outcome, value=1.0):
    """What is found on one example; the right answer is one number."""
    right = Bounded(np.array([value]), np.array([0.5]))
    return Finding(outcome, {}, 0.0, right, np.zeros(1))


def told(name, fails, fails_freshly=None, *, is_zero=lambda draw: False):
    """The circumstance that is named where a predicate says which examples fail."""
    known, fresh = drawn(name)

    def judged(draw, fails):
        return draw, finding("wrong" if fails(draw) else "right", 0.0 if is_zero(draw) else 1.0)

    cases = [judged(draw, fails) for draw in known]
    wrong = [case for case in cases if case[1].outcome == "wrong"]
    right = [case for case in cases if case[1].outcome == "right"]
    further = [judged(draw, fails_freshly or fails) for draw in fresh]
    aspect = Gradients(Examination(find(name), None, np.dtype(np.float64), Terms()))
    asked = SimpleNamespace(aspect=aspect, cases=lambda prop, conventions, **wanted: further)
    return circumstance(Failure("forward", wrong[0], wrong, right, asked))


def overlap(draw):
    """Whether windows overlap, written another way."""
    steps, windows = (draw.example.parameters[name] for name in ("stride", "window"))
    axes = zip(windows, steps, draw.example.cotangent.shape[2:], strict=True)
    return any(window > step for window, step, places in axes if places > 1)


CIRCUMSTANCES = {
    "one sample": (
        "linear", lambda draw: draw.sizes["batch"] == 1,
        Kind.ONLY_BATCH_1, "on a batch of one sample",
    ),
    "several samples": (
        "linear", lambda draw: draw.sizes["batch"] > 1,
        Kind.ONLY_LARGER_BATCHES, "more than one sample",
    ),
    "one output": (
        "linear", lambda draw: draw.sizes["outputs"] == 1,
        Kind.ONLY_SOME_SIZES, "the number of outputs is 1",
    ),
    "several outputs": (
        "linear", lambda draw: draw.sizes["outputs"] > 1,
        Kind.ONLY_SOME_SIZES, "the number of outputs is more than 1",
    ),
    "square": (
        "linear", lambda draw: draw.sizes["inputs"] == draw.sizes["outputs"],
        Kind.ONLY_SQUARE, "the number of inputs and the number of outputs are the same",
    ),
    "not square": (
        "linear", lambda draw: draw.sizes["inputs"] != draw.sizes["outputs"],
        Kind.ONLY_NON_SQUARE, "the number of inputs and the number of outputs differ",
    ),
    "a kernel higher than wide": (
        "conv2d", lambda draw: draw.sizes["kernel_height"] != draw.sizes["kernel_width"],
        Kind.ONLY_NON_SQUARE, "the kernel height and the kernel width differ",
    ),
    "overlap": ("max_pool2d", overlap, Kind.ONLY_OVERLAPPING_WINDOWS, "where windows overlap"),
    "one value": (
        "conv2d", lambda draw: draw.example.parameters["stride"] == 2,
        Kind.ONLY_SOME_PARAMETERS, "where stride is 2.",
    ),
    "all values but one": (
        "conv2d", lambda draw: draw.example.parameters["stride"] != 1,
        Kind.ONLY_SOME_PARAMETERS, "where stride is not 1.",
    ),
    "two values of four": (
        "max_pool2d", lambda draw: draw.example.parameters["window"] in {(2, 2), (1, 3)},
        Kind.ONLY_SOME_PARAMETERS, "where window is (2, 2) or (1, 3).",
    ),
    "a convention": (
        "linear", lambda draw: draw.convention["layout"] == "W x + b",
        Kind.ONLY_SOME_PARAMETERS, "where layout is 'W x + b'.",
    ),
    "large": (
        "softmax", lambda draw: draw.structure["x"].startswith("extreme"),
        Kind.ONLY_SOME_VALUES, "x holds large numbers",
    ),
    "nearly constant": (
        "softmax", lambda draw: draw.structure["x"].startswith("nearly constant"),
        Kind.ONLY_SOME_VALUES, "x is nearly constant",
    ),
    "a new object": (
        "batchnorm", lambda draw: np.all(draw.example.inputs["running_var"] == 1),
        Kind.ONLY_SOME_VALUES, "where gamma and running_var are as a new object has them.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CIRCUMSTANCES)
def test_names_the_condition_under_which_it_fails(name):
    """All failing examples meet it, and no other does."""
    operation, fails, kind, words = CIRCUMSTANCES[name]
    found = told(operation, fails)
    assert found is not None
    assert found.kind == kind
    assert words in found.text


@pytest.mark.parametrize("name", CIRCUMSTANCES)
def test_does_not_name_a_condition_that_one_fresh_failure_does_not_meet(name):
    """The examination's examples all meet it; one of the fresh ones fails elsewhere."""
    operation, fails, _, words = CIRCUMSTANCES[name]
    elsewhere = next(draw for draw in drawn(operation)[1] if not fails(draw))
    found = told(operation, fails, lambda draw: fails(draw) or draw is elsewhere)
    assert found is None or words not in found.text


@pytest.mark.parametrize("share", [2, 3, 10])
def test_names_nothing_where_failures_have_no_condition(share):
    """Failures that are scattered over the examples are no circumstance."""
    known, fresh = drawn("linear")
    scattered = {id(draw) for draw in (known + fresh)[::share]}
    assert told("linear", lambda draw: id(draw) in scattered) is None


def test_names_nothing_where_too_few_fresh_examples_fail():
    """A condition that fresh examples cannot confirm is a guess."""
    assert told("linear", lambda draw: draw.sizes["batch"] == 1, lambda draw: False) is None


def test_an_example_whose_right_answer_is_zero_is_no_evidence():
    """A wrong formula gives 0 there as well: that it passes shows no circumstance."""

    def several(draw):
        return draw.sizes["batch"] > 1

    assert told("linear", several).kind == Kind.ONLY_LARGER_BATCHES
    found = told("linear", several, is_zero=lambda draw: not several(draw))
    assert found is None
