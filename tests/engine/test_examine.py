"""The loop: statuses, counterexamples, determinism, and operations that are not in the catalog."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from backproof import Input, Operation, examine
from backproof.candidates.candidate import Answer, CandidateError, Round
from backproof.catalog import find
from backproof.examination import Terms
from backproof.inputs.examples import Course
from backproof.oracles.symbolic import SymbolicOracle
from derivations import sigmoid as derivation
from derivations.notation import let
from implementations import layernorm, linear, relu, sigmoid, softmax

SWISH = Operation(
    name="swish",
    inputs=(Input("x", ("batch", "features")),),
    output_axes=("batch", "features"),
    torch=lambda torch, x: x * torch.sigmoid(x),
)


UNSATURATED = replace(find("sigmoid"), large=16.0)


def swish(factor=1.0):
    """x times its sigmoid, with its gradient off by a factor."""

    def forward(x):
        s = 1 / (1 + np.exp(-x))
        return x * s, (x, s)

    def backward(cotangent, cache):
        x, s = cache
        return cotangent * (s + x * s * (1 - s)) * factor

    return SimpleNamespace(forward=forward, backward=backward)


def transposed(cotangent, cache):
    right = linear.backward(cotangent, cache)
    return right._replace(weight=right.weight.T)


WRONG = SimpleNamespace(forward=linear.forward, backward=transposed)


def statuses(verdict):
    return {check.id: check.status for check in verdict.checks}


def judged(verdict):
    """The statuses of values and gradients, without stability and contract."""
    kinds = ("forward", "gradient", "kink")
    return {id_: s for id_, s in statuses(verdict).items() if id_.split(".")[1] in kinds}


def test_the_same_candidate_gets_the_same_verdict():
    """Twice the same question, twice the same record, counterexample and diagnosis included."""
    first, second = (examine(find("linear"), WRONG, count=20) for _ in range(2))
    assert first.verdict == "fail"
    assert first.as_json() == second.as_json()


def test_a_counterexample_is_small_and_shows_the_error():
    """Short axes, plain numbers, and the entry that is furthest off."""
    verdict = examine(find("softmax"), SimpleNamespace(
        forward=softmax.forward, backward=lambda c, cache: c * cache.y), count=30)  # fmt: skip
    found = verdict.checks[1].counterexample
    inputs = {name: np.asarray(value) for name, value in found.inputs.items()}
    assert inputs["x"].shape == inputs["cotangent"].shape
    assert inputs["x"].size <= 2
    assert np.array_equal(inputs["x"] * 8, np.round(inputs["x"] * 8))
    assert np.asarray(found.expected)[found.index] != np.asarray(found.actual)[found.index]
    assert found.replay == "examine(operation, candidate, only='softmax.gradient.x')"


def test_a_replay_examines_the_one_check():
    """Asking for a single id gives that check alone, failing in the same way."""
    everything = examine(find("linear"), WRONG, count=20)
    alone = examine(find("linear"), WRONG, count=20, only="linear.gradient.weight")
    (check,) = alone.checks
    assert check in everything.checks


def test_a_backward_that_raises_is_an_error():
    """Every check says so, with the exception's own words."""

    def backward(cotangent, cache):
        raise ZeroDivisionError("not today")

    verdict = examine(find("relu"), SimpleNamespace(forward=relu.forward, backward=backward))
    assert set(statuses(verdict).values()) == {"error"}
    assert verdict.checks[0].message == "ZeroDivisionError: not today"
    assert "not today" in verdict.checks[0].traceback
    assert verdict.verdict == "fail"


def test_a_backward_that_answers_nonsense_is_an_error():
    """Several gradients must come by name."""
    candidate = SimpleNamespace(forward=linear.forward, backward=lambda c, cache: c)
    verdict = examine(find("linear"), candidate, count=5)
    assert set(statuses(verdict).values()) == {"error"}
    assert "x, weight, bias" in verdict.checks[0].message


class Unanswering:
    """A candidate that gives no answer."""

    def __init__(self, status):
        self.status = status

    stateful = False

    def answer(self, example):
        raise CandidateError(self.status, "no backward today")

    def values(self, examples):
        raise CandidateError(self.status, "no forward today")

    def rounds(self, examples):
        raise CandidateError("not-implemented", "there is no backward yet")


@pytest.mark.parametrize(
    ("status", "verdict"),
    [("not-implemented", "incomplete"), ("not-judged", "incomplete"), ("error", "fail")],
)
def test_a_missing_answer_is_what_the_candidate_says_it_is(status, verdict):
    """Never a pass: code that is not there, time that is over, or an error."""
    found = examine(find("relu"), Unanswering(status), count=5)
    assert set(statuses(found).values()) == {status}
    assert found.checks[0].message == "no backward today"
    assert found.verdict == verdict
    assert found.score == 0


class Forgetful:
    """Answers the forward, and no gradient."""

    stateful = False

    def answer(self, example):
        return Answer({"y": relu.forward(example.inputs["x"])[0]}, {})

    def values(self, examples):
        return [relu.forward(example.inputs["x"])[0] for example in examples]

    def interleaved(self, example, other):
        return self.answer(example)

    def again(self, example):
        return self.answer(example)

    def rounds(self, examples):
        return [Round(self.answer(example)) for example in examples]


def test_a_gradient_that_is_never_answered_is_not_judged():
    """A check without an example is no pass, and the verdict is incomplete."""
    verdict = examine(find("relu"), Forgetful(), count=5)
    assert judged(verdict) == {
        "relu.forward": "pass", "relu.gradient.x": "not-judged", "relu.kink.x": "not-judged",
    }  # fmt: skip
    assert (verdict.verdict, verdict.exit_code) == ("incomplete", 3)


def test_oracles_that_contradict_each_other_decide_nothing():
    """A torch reference of another function leaves the forward undecided; slopes blame it."""
    contradicted = replace(UNSATURATED, torch=lambda torch, x: torch.tanh(x))
    verdict = examine(contradicted, count=20)
    forward, gradient, *_ = verdict.checks
    assert forward.status == "undecided"
    assert "contradict" in forward.message
    assert gradient.status == "pass"
    assert gradient.oracles["autograd"] == "disagree"
    assert (verdict.verdict, verdict.exit_code) == ("incomplete", 3)


def test_a_wrong_closed_form_does_not_fail_a_right_candidate():
    """Slopes and torch outvote it, and the record says that it disagreed."""

    def derive():
        right = derivation.derive()
        doubled = [replace(g, expression=2 * g.expression) for g in right.gradients]
        return replace(right, gradients=tuple(doubled))

    verdict = examine(replace(UNSATURATED, derive=derive), count=20)
    gradient = verdict.checks[1]
    assert gradient.status == "pass"
    assert gradient.oracles["symbolic"] == "disagree"
    assert gradient.oracles["autograd"] == "agree"


def test_a_bound_that_hides_everything_is_undecided():
    """Where rounding exceeds the signal on most examples, a pass would mean nothing."""

    def derive():
        right = derivation.derive()
        form = right.gradients[0]
        lost = let("lost", form.indices, form.expression * 2**60 + 2**120)
        at = lost[form.indices]
        clumsy = replace(form, form="clumsy", expression=(at - 2**120) / 2**60)
        return replace(
            right, definitions=(*right.definitions, lost), gradients=(*right.gradients, clumsy)
        )

    gradient = examine(replace(UNSATURATED, derive=derive), count=20).checks[1]
    assert gradient.status == "undecided"
    assert gradient.discarded == gradient.examples
    assert "exceeds the signal" in gradient.message


def test_an_operation_without_a_derivation_is_judged_by_two_oracles():
    """A right layer passes, with the power that was measured."""
    verdict = examine(SWISH, swish(), count=40)
    assert verdict.verdict == "pass"
    assert all(c.oracles.keys() <= {"autograd", "finite differences"} for c in verdict.checks)
    assert max(c.detectable_error for c in verdict.checks if c.oracles) < 1 / 10**6


@pytest.mark.parametrize("error", [1e-6, 1e-9])
def test_an_operation_without_a_derivation_rejects_a_millionth(error):
    """A small wrong factor fails, and is named to the digits that tell it from 1."""
    verdict = examine(SWISH, swish(1 + error), count=40)
    assert judged(verdict) == {"swish.forward": "pass", "swish.gradient.x": "fail"}
    assert f"about 1 + {error:g} times" in verdict.checks[1].diagnosis.text


def test_an_operation_without_a_derivation_is_judged_in_double_precision_only():
    """A bound in another format would have to be measured in yet another."""
    assert examine(SWISH, swish(), count=5, dtypes=("float32",)).checks[0].id == "swish.forward"


def test_an_operation_needs_inputs_or_a_derivation():
    """Without either nothing could be drawn."""
    with pytest.raises(ValueError, match="needs inputs, or a derivation"):
        Operation(name="nothing", torch=lambda torch: None)


def test_an_input_s_values_are_of_a_known_kind():
    """A mistyped kind is told the right ones."""
    with pytest.raises(ValueError, match="one-hot"):
        Input("x", ("n",), "onehot")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_each_format_has_its_own_checks(dtype):
    """float64 is understood, every other format is named."""
    forward, gradient, *contract = examine(find("tanh"), count=10, dtypes=(dtype,)).checks
    suffix = "" if dtype == "float64" else "[float32]"
    assert (forward.id, gradient.id) == (f"tanh.forward{suffix}", f"tanh.gradient.x{suffix}")
    assert all(check.id.endswith(suffix) for check in contract)


def test_a_program_in_the_wrong_precision_is_caught():
    """A candidate that computes in float32 and answers in float64 leaves the bound."""

    def forward(x):
        y, cache = sigmoid.forward(x.astype(np.float32))
        return y.astype(np.float64), cache

    candidate = SimpleNamespace(forward=forward, backward=sigmoid.backward)
    found = examine(find("sigmoid"), candidate, count=20)
    assert judged(found) == {"sigmoid.forward": "fail", "sigmoid.gradient.x": "fail"}


def test_a_course_that_averages_is_judged_by_its_own_terms():
    """Divided by the batch, a weight's gradient is right there and wrong elsewhere."""

    def averaged(cotangent, cache):
        right = linear.backward(cotangent, cache)
        return right._replace(weight=right.weight / len(cotangent))

    candidate = SimpleNamespace(forward=linear.forward, backward=averaged)
    course = Course({"layout": ("x W + b",)})
    terms = Terms(course, averaged=frozenset({"weight"}))
    assert examine(find("linear"), candidate, count=20, terms=terms).verdict == "pass"
    plain = examine(find("linear"), candidate, count=20, terms=Terms(course))
    assert statuses(plain)["linear.gradient.weight"] == "fail"
    assert examine(find("linear"), count=20, terms=terms).verdict == "fail"


def test_a_course_that_scales_is_judged_by_its_own_terms():
    """By what depends on sizes, here the number of entries of a sample, and on top of averaging."""

    def scaled(cotangent, cache):
        right = linear.backward(cotangent, cache)
        return right._replace(weight=right.weight * (cotangent.shape[1] / len(cotangent)))

    candidate = SimpleNamespace(forward=linear.forward, backward=scaled)
    course = Course({"layout": ("x W + b",)})
    averaged = Terms(course, averaged=frozenset({"weight"}))
    terms = replace(averaged, scale={"weight": lambda sizes: sizes["outputs"]})
    assert examine(find("linear"), candidate, count=20, terms=terms).verdict == "pass"
    for other in (Terms(course), averaged, replace(terms, averaged=frozenset())):
        found = examine(find("linear"), candidate, count=20, terms=other)
        assert statuses(found)["linear.gradient.weight"] == "fail"


def test_a_course_without_an_affine_part_has_no_checks_of_it():
    """What a course does not ask for is not judged, and not listed."""
    terms = Terms(Course({"affine": ("none",)}))
    verdict = examine(find("layernorm"), layernorm, count=10, terms=terms)
    assert judged(verdict) == {"layernorm.forward": "pass", "layernorm.gradient.x": "pass"}


@pytest.mark.parametrize(
    ("answer", "status"),
    [(np.inf, "fail"), (np.nan, "fail"), (1j, "error"), ("text", "error")],
    ids=["infinity", "nan", "complex", "text"],
)
def test_an_answer_that_is_no_real_number_is_judged_without_a_warning(answer, status):
    """Whatever a backward answers there is a verdict on it, and the engine does not stumble."""
    candidate = SimpleNamespace(
        forward=sigmoid.forward, backward=lambda c, cache: np.full(c.shape, answer)
    )
    gradient = examine(find("sigmoid"), candidate, count=5).checks[1]
    assert gradient.status == status


def test_code_that_raises_in_another_format_is_still_diagnosed():
    """The question of rounding asks in other formats; an exception there is no answer, no crash."""

    def forward(x):
        if x.dtype != np.float64:
            raise TypeError("only doubles")
        return sigmoid.forward(x)

    def backward(cotangent, cache):
        return 2 * sigmoid.backward(cotangent, cache).x

    gradient = examine(
        find("sigmoid"), SimpleNamespace(forward=forward, backward=backward), count=20
    ).checks[1]
    assert gradient.status == "fail"
    assert gradient.diagnosis.kind == "constant factor"


def test_a_candidate_that_answers_differently_each_time_gets_a_verdict():
    """A wrong answer on every other call fails, whatever it is taken for."""
    calls = iter(range(10**6))

    def backward(cotangent, cache):
        return sigmoid.backward(cotangent, cache).x * (1 + next(calls) % 2)

    candidate = SimpleNamespace(forward=sigmoid.forward, backward=backward)
    verdict = examine(find("sigmoid"), candidate, count=20)
    assert verdict.verdict == "fail"
    assert statuses(verdict)["sigmoid.repeatability"] == "fail"


def test_a_wrong_closed_form_is_named_and_the_candidate_passes():
    """A right program against a wrong formula: the formula stands alone, and is named."""

    def derive():
        right = derivation.derive()
        wrong = replace(right.gradients[0], expression=2 * right.gradients[0].expression)
        return replace(right, gradients=(wrong,))

    gradient = examine(replace(UNSATURATED, derive=derive), count=20).checks[1]
    assert gradient.status == "pass"
    assert gradient.oracles["symbolic"] == "disagree"
    assert gradient.message == "the symbolic oracle stands alone against the others"


def test_each_closed_form_is_evaluated_once_for_all_that_is_asked_of_an_example(monkeypatch):
    """Values, gradients and contract have one opinion of an example between them."""
    asked = []
    opinion = SymbolicOracle.opinion

    def counted(self, *question):
        asked.append(question)
        return opinion(self, *question)

    monkeypatch.setattr(SymbolicOracle, "opinion", counted)
    slack = ("linearity", "repeatability")  # ask for further opinions, at other cotangents
    examine(find("linear"), count=20, terms=Terms(hides=frozenset(slack)))
    assert len(asked) == 20
