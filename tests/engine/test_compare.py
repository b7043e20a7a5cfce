"""Adjudication: who is blamed, who is heard, and when an example says nothing."""

import math

import numpy as np
import pytest

from backproof.compare import Evidence, adjudicate, detectable, within
from backproof.error_analysis import Bounded
from backproof.oracles.finite_difference import Probe
from backproof.verdict import SLOPES

TRUTH = np.array([1.0, -2.0, 4.0])
WRONG = 2 * TRUTH
TIGHT = np.full(3, 2.0**-40)
DIRECTIONS = (np.array([1.0, 0.5, -1.0]), *np.eye(3))


def bounded(value, bound=TIGHT):
    """A value with a bound on each entry."""
    return Bounded(value, bound)


def probes(gradient, error=2.0**-30):
    """The slopes that a function with this gradient would show."""
    return [Probe("x", d, float(gradient @ d), error) for d in DIRECTIONS]


def found(actual, symbolic, autograd, slopes=(), **more):
    """Adjudicate answers that all have the tight bound."""
    symbolic = None if symbolic is None else bounded(symbolic)
    return adjudicate(Evidence(actual, symbolic, bounded(autograd), slopes, **more))


def test_three_oracles_that_agree_pass_a_right_candidate():
    """Nobody is blamed, and all three are said to agree."""
    finding = found(TRUTH, TRUTH, TRUTH, probes(TRUTH))
    assert (finding.outcome, finding.blamed) == ("right", "")
    assert finding.says == {"symbolic": "agree", "autograd": "agree", SLOPES: "agree"}


def test_three_oracles_that_agree_blame_a_wrong_candidate():
    """All three are said to disagree with it."""
    finding = found(WRONG, TRUTH, TRUTH, probes(TRUTH))
    assert (finding.outcome, finding.blamed, finding.own_forward) == ("wrong", "", False)
    assert finding.says == {"symbolic": "disagree", "autograd": "disagree", SLOPES: "disagree"}


def test_a_wrong_closed_form_blames_itself():
    """Where slopes side with autograd, the closed form stands alone and autograd judges."""
    right = found(TRUTH, WRONG, TRUTH, probes(TRUTH))
    assert (right.outcome, right.blamed) == ("right", "symbolic")
    assert right.expected.value.tolist() == TRUTH.tolist()
    fooled = found(WRONG, WRONG, TRUTH, probes(TRUTH))
    assert (fooled.outcome, fooled.blamed) == ("wrong", "symbolic")


def test_a_wrong_torch_reference_blames_itself():
    """Where slopes side with the closed form, torch computes another function."""
    right = found(TRUTH, TRUTH, WRONG, probes(TRUTH))
    assert (right.outcome, right.blamed) == ("right", "autograd")
    fooled = found(WRONG, TRUTH, WRONG, probes(TRUTH))
    assert (fooled.outcome, fooled.blamed) == ("wrong", "autograd")


@pytest.mark.parametrize(
    "slopes",
    [(), probes(3 * TRUTH), probes(TRUTH, error=math.inf)],
    ids=["no slopes", "a third opinion", "slopes that know nothing"],
)
@pytest.mark.parametrize("actual", [TRUTH, WRONG], ids=["as one", "as the other"])
def test_two_oracles_without_an_arbiter_decide_nothing(actual, slopes):
    """Where nobody can say which of the two is wrong, no candidate is judged by either."""
    finding = found(actual, TRUTH, WRONG, slopes)
    assert (finding.outcome, finding.blamed) == ("undecided", "symbolic or autograd")


def test_slopes_of_a_wrong_forward_are_no_arbiter():
    """They differentiate another function than the oracles do."""
    finding = found(TRUTH, TRUTH, WRONG, probes(TRUTH), forward_right=False)
    assert finding.outcome == "undecided"


def test_slopes_out_of_their_depth_are_unreliable():
    """Slopes that contradict two oracles that agree are not held against a right candidate."""
    finding = found(TRUTH, TRUTH, TRUTH, probes(WRONG))
    assert (finding.outcome, finding.says[SLOPES]) == ("right", "unreliable")


def test_slopes_with_an_error_above_the_signal_are_unreliable():
    """They say nothing, in favour of a candidate or against it."""
    finding = found(WRONG, TRUTH, TRUTH, probes(TRUTH, error=100.0))
    assert (finding.outcome, finding.says[SLOPES]) == ("wrong", "unreliable")


def test_a_right_backward_of_a_wrong_forward_is_named():
    """It is wrong, and it is the derivative of the candidate's own forward."""
    finding = found(WRONG, TRUTH, TRUTH, probes(WRONG), forward_right=False)
    assert (finding.outcome, finding.own_forward) == ("wrong", True)
    neither = found(3 * TRUTH, TRUTH, TRUTH, probes(WRONG), forward_right=False)
    assert (neither.outcome, neither.own_forward) == ("wrong", False)
    right_forward = found(WRONG, TRUTH, TRUTH, probes(WRONG))
    assert not right_forward.own_forward


def test_a_scaled_gradient_is_compared_with_undivided_slopes():
    """A course that divides by 4 is right against slopes that do not."""
    quarter = TRUTH / 4
    finding = found(quarter, quarter, quarter, probes(TRUTH), scale=1 / 4)
    assert finding.says[SLOPES] == "agree"
    assert found(quarter, quarter, quarter, probes(TRUTH)).says[SLOPES] == "unreliable"


def test_a_bound_above_the_signal_is_silent():
    """A pass that could have hidden anything is not counted as one."""
    wide = bounded(TRUTH, np.full(3, 3.0))
    finding = adjudicate(Evidence(TRUTH + 1, wide, bounded(TRUTH)))
    assert finding.outcome == "silent"
    assert finding.detectable_error == 6 / 4
    assert adjudicate(Evidence(TRUTH + 10, wide, bounded(TRUTH))).outcome == "wrong"


def test_a_true_zero_is_not_silent():
    """Zeros with a bound are a question with an answer."""
    zeros = np.zeros(3)
    assert adjudicate(Evidence(zeros, bounded(zeros), bounded(zeros))).outcome == "right"
    assert adjudicate(Evidence(TRUTH, bounded(zeros), bounded(zeros))).outcome == "wrong"


def test_without_a_closed_form_autograd_judges():
    """An operation without a derivation has two oracles, and says so."""
    finding = found(TRUTH, None, TRUTH, probes(TRUTH))
    assert finding.outcome == "right"
    assert finding.says == {"autograd": "agree", SLOPES: "agree"}
    assert found(WRONG, None, TRUTH, probes(TRUTH)).outcome == "wrong"


@pytest.mark.parametrize(
    "actual",
    [np.array([1.0, -2.0, math.nan]), np.array([1.0, -2.0, math.inf]), TRUTH[:2], TRUTH[None]],
    ids=["nan", "inf", "short", "another shape"],
)
def test_what_is_no_number_or_has_no_place_is_wrong(actual):
    """A NaN is not within any bound, and broadcasting forgives nothing."""
    assert not within(actual, TRUTH, np.full(3, 1e300))
    assert found(actual, TRUTH, TRUTH, probes(TRUTH)).outcome == "wrong"


def test_the_bound_itself_is_within_and_the_next_number_is_not():
    """Every entry is compared, with its own bound."""
    bound = np.array([0.0, 0.5, 0.0])
    assert within(TRUTH + bound, TRUTH, bound)
    for entry in np.eye(3):
        assert not within(TRUTH + bound + entry * 2.0**-40, TRUTH, bound)


def test_the_detectable_error_is_twice_the_bound_over_the_signal():
    """Relative to the largest entry; nothing is detectable where there is nothing but a bound."""
    assert detectable(bounded(TRUTH, np.array([0.0, 0.5, 0.25]))) == 2 * 0.5 / 4
    assert detectable(bounded(np.zeros(3))) == math.inf
    assert detectable(Bounded(np.zeros(3), None)) == 0
