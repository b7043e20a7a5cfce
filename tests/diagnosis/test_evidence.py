"""Fresh examples: others than the examination's, from where it fails, and what they must show."""

from types import SimpleNamespace

import numpy as np
import pytest

from backproof.aspects import Gradients
from backproof.candidates.candidate import CandidateError
from backproof.candidates.in_process import InProcess
from backproof.catalog import find
from backproof.compare import Finding
from backproof.diagnosis import Failure, Fresh, Kind
from backproof.diagnosis.evidence import Evidence
from backproof.diagnosis.hypothesis import ENOUGH, Hypothesis, agrees, predicting
from backproof.error_analysis import Bounded
from backproof.examination import Examination, Terms
from backproof.inputs.examples import Course, examples
from backproof.inputs.search import explore
from implementations import sigmoid


def examined(operation, course=None, **functions):
    """An examination of a wrong program."""
    right = find(operation).implementation
    candidate = SimpleNamespace(
        **{"forward": right.forward, "backward": right.backward, **functions}
    )
    terms = Terms(Course(course or {}))
    asked = InProcess(find(operation), candidate)
    return Examination(find(operation), asked, np.dtype(np.float64), terms)


def widened(failure):
    """The evidence that a hypothesis is held against."""
    return Evidence.of(failure).allowing_for_lost_digits(failure.examination, failure.prop)


def arrays_of(draw):
    """What tells one example from another."""
    return [a.tobytes() for a in draw.example.inputs.values()]


def test_at_least_a_dozen_examples_are_drawn_that_the_examination_did_not_draw():
    """Of a hundred of the examination's, none is among them."""
    known = []
    explore(examples(find("linear")), known.append, "linear", 100)
    fresh = Fresh(Gradients(examined("linear"))).draw(Course({}), 0)
    assert len(fresh) >= 12
    seen = [arrays_of(draw) for draw in known]
    assert not [draw for draw in fresh if arrays_of(draw) in seen]


def test_fresh_examples_are_the_same_every_time_and_others_in_the_next_round():
    """The verdict does not depend on the run."""
    first, again = (Fresh(Gradients(examined("sigmoid"))).draw(Course({}), 0) for _ in range(2))
    further = Fresh(Gradients(examined("sigmoid"))).draw(Course({}), 1)
    assert list(map(arrays_of, first)) == list(map(arrays_of, again))
    assert list(map(arrays_of, first)) != list(map(arrays_of, further))


def test_fresh_examples_come_from_the_conventions_under_which_it_fails():
    """Within what the course allows."""
    course = {"layout": ("x W + b", "x W^T + b")}
    fresh = Fresh(Gradients(examined("linear", course)))
    everything = fresh.cases("forward", {})
    assert {draw.convention["layout"] for draw, _ in everything} == set(course["layout"])
    some = fresh.cases("forward", {"layout": ("x W + b", "W x + b")})
    assert {draw.convention["layout"] for draw, _ in some} == {"x W + b"}


def test_further_rounds_are_drawn_while_few_fail():
    """A rare failure needs more examples; a frequent one does not."""

    def rarely(cotangent, cache):
        right = sigmoid.backward(cotangent, cache).x
        return 2 * right if len(right) == 1 else right

    def always(cotangent, cache):
        return 2 * sigmoid.backward(cotangent, cache).x

    counts = [
        len(Fresh(Gradients(examined("sigmoid", backward=wrong))).cases("gradient.x", {}))
        for wrong in (rarely, always)
    ]
    assert counts[0] > counts[1] >= 12


def test_a_program_that_raises_on_fresh_examples_is_not_asked_for_ever():
    """Its examples are left out."""
    calls = []

    def backward(cotangent, cache):
        calls.append(cotangent)
        raise ZeroDivisionError

    fresh = Fresh(Gradients(examined("sigmoid", backward=backward)))
    assert fresh.cases("gradient.x", {}) == []
    assert len(calls) < 12


def finding(outcome, actual, expected, bound=0.1):
    """What is found on one example."""
    actual, expected = np.array(actual), np.array(expected)
    return Finding(outcome, {}, 0.0, Bounded(expected, np.full(expected.shape, bound)), actual)


DRAW = SimpleNamespace(sizes={"batch": 2}, convention={})
WRONG = (DRAW, finding("wrong", [2.0], [1.0]))
OTHERWISE = (DRAW, finding("wrong", [3.0], [1.0]))
RIGHT = (DRAW, finding("right", [1.0], [1.0]))
RIGHT_ZERO = (DRAW, finding("right", [0.0], [0.0]))


def twice(draw, found):
    return Bounded(2 * found.expected.value, None)


TWICE = Hypothesis(Kind.CONSTANT_FACTOR, "twice", predicting(twice))


@pytest.mark.parametrize(
    ("known", "fresh", "confirmed"),
    [
        ([WRONG], [WRONG] * ENOUGH, True),
        ([WRONG], [WRONG] * ENOUGH + [RIGHT_ZERO], True),
        ([WRONG], [WRONG] * (ENOUGH - 1), False),
        ([WRONG] * 12, [], False),
        ([OTHERWISE], [WRONG] * ENOUGH, False),
        ([WRONG], [WRONG] * ENOUGH + [OTHERWISE], False),
        ([WRONG], [WRONG] * ENOUGH + [RIGHT], False),
    ],
    ids=[
        "all", "a pass that it predicts", "too few", "no fresh ones", "a known one otherwise",
        "a fresh one otherwise", "a failure predicted where it passes",
    ],
)  # fmt: skip
def test_a_hypothesis_is_confirmed_by_every_example_and_enough_fresh_ones(known, fresh, confirmed):
    """One example that it does not explain is one too many."""
    assert Evidence(known, fresh).confirms(TWICE) is confirmed


def test_a_prediction_that_does_not_exclude_the_right_answer_explains_nothing():
    """Within a bound of 2, twice 1 is 1: such an example neither confirms nor refutes."""
    blurred = (DRAW, finding("wrong", [3.5], [1.0], bound=2.0))
    assert TWICE.explains(blurred) is None
    assert Evidence([WRONG], [blurred] * 12).confirms(TWICE) is False
    assert Evidence([WRONG], [blurred] + [WRONG] * ENOUGH).confirms(TWICE) is True


def test_a_prediction_is_not_finite_just_where_the_answer_is_not():
    """An infinity where a number is predicted refutes, and so does the reverse."""
    bound = np.ones(2)
    assert agrees(np.array([1.0, np.nan]), np.array([1.5, np.inf]), bound)
    assert not agrees(np.array([1.0, np.nan]), np.array([1.5, 2.0]), bound)
    assert not agrees(np.array([1.0, 2.0]), np.array([1.5, np.inf]), bound)
    assert not agrees(np.array([1.0]), np.array([1.5, 2.0]), bound)


def test_lost_digits_are_no_evidence_against_a_hypothesis():
    """A wrong program that also cancels is compared up to what a finer format changes."""
    lossy = 1 + 2.0**-20

    def backward(cotangent, cache):
        right = sigmoid.backward(cotangent, cache).x
        # Rounds to half the digits of the format, whichever it is.
        rounded = right * right.dtype.type(lossy if right.dtype == np.float64 else 1)
        return 2 * rounded

    examination = examined("sigmoid", backward=backward)
    draws = Fresh(Gradients(examination)).draw(Course({}), 5)
    wrong = [(d, examination.findings(d, slopes=False)["gradient.x"]) for d in draws]
    failure = Failure("gradient.x", wrong[0], wrong, [], Fresh(Gradients(examination)))
    finer = np.finfo(np.longdouble).nmant > np.finfo(np.float64).nmant
    assert widened(failure).confirms(TWICE) is finer


def test_a_program_that_raises_in_a_finer_format_is_compared_as_it_is():
    """No answer there widens no bound."""

    def backward(cotangent, cache):
        if cotangent.dtype != np.float64:
            raise CandidateError("error", "only doubles")
        return 2 * sigmoid.backward(cotangent, cache).x

    examination = examined("sigmoid", backward=backward)
    draws = Fresh(Gradients(examination)).draw(Course({}), 5)
    wrong = [(d, examination.findings(d, slopes=False)["gradient.x"]) for d in draws]
    failure = Failure("gradient.x", wrong[0], wrong, [], Fresh(Gradients(examination)))
    evidence = widened(failure)
    assert evidence.known[0] is wrong[0]
    assert evidence.confirms(TWICE)
