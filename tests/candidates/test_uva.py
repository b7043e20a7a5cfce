"""Amsterdam's interface: its editions, what they leave open, and ordinary mistakes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

from backproof import catalog, homework
from backproof.candidates.candidate import CandidateError, Example
from backproof.candidates.dialects import DIALECTS
from backproof.candidates.dialects.dialect import Component, Submission, open_submission
from backproof.candidates.dialects.uva import (
    CrossEntropyModule,
    ELUModule,
    LeakyReLUModule,
    LinearModule,
    OneHotCrossEntropyModule,
    ReLUModule,
    SoftMaxModule,
    UnitELUModule,
)
from backproof.candidates.isolated import IsolatedCandidate
from backproof.candidates.process import Runner
from backproof.examination import Examination, Terms
from backproof.inputs.examples import Course, Draw, examples
from backproof.inputs.search import explore
from backproof.loop import examine
from backproof.verdict import Interface, Verdict, merge

UVA = DIALECTS["uva"]
EXAMPLES = Path(__file__).parents[2] / "examples"

# --- sources -------------------------------------------------------------------------------------

LAYER = """
import numpy as np

class LinearModule:
    def __init__(self, in_features, out_features, input_layer=False):
        weight = np.random.randn(out_features, in_features)
        bias = np.zeros(out_features)
        self.params = {"weight": weight, "bias": bias}
        self.grads = {"weight": np.zeros_like(weight), "bias": np.zeros_like(bias)}

    def forward(self, x):
        self.x = x
        return x @ self.params["weight"].T + self.params["bias"]

    def backward(self, dout):
        self.grads["weight"] = dout.T @ self.x
        self.grads["bias"] = dout.sum(axis=0)
        return dout @ self.params["weight"]

    def clear_cache(self):
        self.x = None
"""

RELU = """
import numpy as np

class ReLUModule:
    def forward(self, x):
        self.x = x
        return np.maximum(x, 0)

    def backward(self, dout):
        return dout * (self.x > 0)
"""

LEAKY = """
import numpy as np

class LeakyReLUModule:
    def __init__(self, neg_slope):
        self.slope = neg_slope

    def forward(self, x):
        self.factor = np.where(x > 0, 1, self.slope)
        return x * self.factor

    def backward(self, dout):
        return dout * self.factor
"""

ELU = """
import numpy as np

class ELUModule:
    def __init__(self, alpha):
        self.alpha = alpha

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.alpha * (np.exp(x) - 1))

    def backward(self, dout):
        return dout * np.where(self.x > 0, 1, self.alpha * np.exp(self.x))
"""

UNIT_ELU = """
import numpy as np

class ELUModule:
    def forward(self, x):
        self.out = np.where(x > 0, x, np.exp(x) - 1)
        return self.out

    def backward(self, dout):
        return dout * np.where(self.out > 0, 1, self.out + 1)
"""

SOFTMAX = """
import numpy as np

class SoftMaxModule:
    def forward(self, x):
        self.out = np.exp(x - x.max(axis=1, keepdims=True))
        self.out /= self.out.sum(axis=1, keepdims=True)
        return self.out

    def backward(self, dout):
        dx = np.empty_like(dout)
        for row, (p, slope) in enumerate(zip(self.out, dout)):
            dx[row] = (np.diag(p) - np.outer(p, p)) @ slope
        return dx
"""

LOSS = """
import numpy as np

class CrossEntropyModule:
    def forward(self, x, y):
        return np.mean([-np.log(row[label]) for row, label in zip(x, y)])

    def backward(self, x, y):
        dx = np.zeros_like(x)
        for row, label in enumerate(y):
            dx[row, label] = -1 / x[row, label] / len(x)
        return dx
"""

ONE_HOT_LOSS = """
import numpy as np

class CrossEntropyModule:
    def forward(self, x, y):
        return -(y * np.log(x)).sum(axis=1).mean()

    def backward(self, x, y):
        return -y / x / len(y)
"""

# What the course leaves open, each as the edits of `LAYER` that make it, and what it is called.

IN_OUT = {
    "(out_features, in_features)": "(in_features, out_features)",
    '["weight"].T + ': '["weight"] + ',
    "dout.T @ self.x": "self.x.T @ dout",
    'dout @ self.params["weight"]': 'dout @ self.params["weight"].T',
}
WEIGHTS = [({}, set()), (IN_OUT, {"weight (in, out)"})]

SUM, BIAS = "sum(axis=0)", "np.zeros(out_features)"
ROW, COLUMN = {SUM: f"{SUM}[None]"}, {SUM: f"{SUM}[:, None]"}
ADD_COLUMN = {'+ self.params["bias"]': '+ np.transpose(self.params["bias"])'}
NUMBER = {BIAS: "0"}
BIASES = [
    ({}, set()),
    ({BIAS: "np.zeros((1, out_features))", **ROW}, {"bias (1, out)"}),
    ({BIAS: "np.zeros((out_features, 1))", **COLUMN, **ADD_COLUMN}, {"bias (out, 1)"}),
    (NUMBER, {"bias a number"}),
    ({**NUMBER, **ROW}, {"bias a number"}),
    ({**NUMBER, **COLUMN, **ADD_COLUMN}, {"bias a number"}),
    (ROW, {"grads['bias'] (1, out)"}),
    ({BIAS: "np.zeros((1, out_features))"}, {"bias (1, out)", "grads['bias'] (out,)"}),
]

ZEROS = '{"weight": np.zeros_like(weight), "bias": np.zeros_like(bias)}'
LATE = {"no gradients before the first backward"}
ADDED = {'["weight"] = dout': '["weight"] += dout', '["bias"] = dout': '["bias"] += dout'}
CLEARED = {"self.x = None": "[gradient.fill(0) for gradient in self.grads.values()]"}
STATES = [
    ({ZEROS: '{"weight": None, "bias": None}'}, LATE),
    ({ZEROS: "{}"}, LATE),
    ({ZEROS: "None", "self, dout):": "self, dout):\n        self.grads = {}"}, LATE),
    ({f"self.grads = {ZEROS}": "", "self, dout):": "self, dout):\n        self.grads = {}"}, LATE),
    ({**ADDED, **CLEARED}, {"gradients add up until clear_cache()"}),
    ({"in_features)\n": "in_features).astype(np.float32)\n"}, {"float32 parameters"}),
]

SOURCES: dict[str, str] = {}
"""The modules of one submission, which a single runner judges one after the other."""


def edited(source: str, edits: Mapping[str, str]) -> str:
    """Replace texts that are there."""
    for old, new in edits.items():
        assert old in source, old
        source = source.replace(old, new)
    return source


def written(component: type[Component], source: str) -> type[Component]:
    """The component in a module of that source."""
    module = f"homework_{len(SOURCES)}"
    SOURCES[module] = source
    return type(component.__name__, (component,), {"module": module})


LAYERS = [
    (written(LinearModule, edited(edited(LAYER, bias), weight)), told | also)
    for weight, told in WEIGHTS
    for bias, also in BIASES
] + [(written(LinearModule, edited(LAYER, edits)), told) for edits, told in STATES]


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """Run every module of this file."""
    folder = tmp_path_factory.mktemp("homework")
    for module, source in SOURCES.items():
        (folder / f"{module}.py").write_text(source, "utf-8")
    with Runner(Submission(folder, (folder,), UVA.editions[0])) as runner:
        yield runner


def surveyed(runner: Runner, kind: type[Component]) -> Component:
    """A component that has looked at its submission."""
    component = kind()
    with contextlib.suppress(CandidateError):
        component.survey(lambda script, handles: runner.run([(script, handles)])[0])
    return component


def examination(runner: Runner, component: Component) -> Examination:
    """The component under the terms that `homework.judge` examines it under."""
    course = Course(component.conventions, component.cotangent)
    terms = Terms(course, variations=tuple(component.variations), fixes_kink=component.fixes_kink)
    candidate = IsolatedCandidate(runner, component)
    return Examination(catalog.find(component.operation), candidate, np.dtype(np.float64), terms)


def wrong_in(runner: Runner, kind: type[Component], count: int = 8) -> set[str]:
    """The properties that are wrong in some drawn example; every property is asked for."""
    held = examination(runner, surveyed(runner, kind))
    outcomes: dict[str, set[str]] = {prop: set() for prop in held.properties()}

    def visit(draw: Draw) -> None:
        for prop, finding in held.findings(draw, slopes=False).items():
            outcomes[prop].add(finding.outcome)

    explore(examples(held.operation, held.terms.course), visit, held.operation.name, count)
    assert all(found & {"right", "wrong"} for found in outcomes.values())
    return {prop for prop, found in outcomes.items() if "wrong" in found}


def judged(runner: Runner, kind: type[Component], count: int) -> Verdict:
    """Examine a component to its verdict."""
    held = examination(runner, surveyed(runner, kind))
    return examine(held.operation, held.candidate, count=count, terms=held.terms)


# --- what is right -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "told"),
    LAYERS,
    ids=lambda value: "; ".join(sorted(value)) if isinstance(value, set) else "",
)
def test_accepts_and_names_what_the_course_leaves_open(runner, kind, told):
    """Either layout of the weight with any shape of the bias; any state before a backward."""
    assert set(surveyed(runner, kind).variations) == told
    assert wrong_in(runner, kind) == set()


MODULES = {
    "2018": ((ReLUModule, RELU), (OneHotCrossEntropyModule, ONE_HOT_LOSS)),
    "2019": ((LeakyReLUModule, LEAKY), (OneHotCrossEntropyModule, ONE_HOT_LOSS)),
    "2020": ((UnitELUModule, UNIT_ELU), (OneHotCrossEntropyModule, ONE_HOT_LOSS)),
    "2021": ((ReLUModule, RELU), (CrossEntropyModule, LOSS)),
    "2022": ((UnitELUModule, UNIT_ELU), (CrossEntropyModule, LOSS)),
    "2024": ((ELUModule, ELU), (CrossEntropyModule, LOSS)),
}
PARTS = [written(*part) for part in dict.fromkeys(p for parts in MODULES.values() for p in parts)]
PARTS.append(written(SoftMaxModule, SOFTMAX))


@pytest.mark.parametrize("kind", PARTS, ids=lambda kind: kind.__name__)
def test_right_modules_of_every_edition_pass(runner, kind):
    """Slopes and alphas are handed over where there are any; targets as the year has them."""
    assert wrong_in(runner, kind) == set()


def test_an_elu_without_argument_has_alpha_1_and_others_are_varied():
    """Until 2023 there is nothing to vary."""
    assert UnitELUModule.conventions == {"alpha": (1.0,)}
    assert "alpha" not in ELUModule.conventions
    assert "slope" not in LeakyReLUModule.conventions


# --- editions ------------------------------------------------------------------------------------


def homework_of(edition: str) -> str:
    """A whole modules.py."""
    parts = [source for _, source in MODULES[edition]]
    source = "".join([LAYER, SOFTMAX, *parts])
    return source if edition > "2020" else edited(source, {", input_layer=False": ""})


@pytest.mark.parametrize("edition", MODULES)
def test_the_edition_is_told_by_the_code(tmp_path, edition):
    """The activation's class, its argument, and the layer's."""
    (tmp_path / "modules.py").write_text(homework_of(edition), "utf-8")
    found = open_submission(tmp_path, UVA)
    assert (found.edition.name, found.detected) == (edition, True)
    assert {c for c, _ in MODULES[edition]} < set(found.edition.components)


@pytest.mark.parametrize("edition", MODULES)
def test_the_edition_may_be_given(tmp_path, edition):
    """Where a homework is of a mixed kind, its author knows better."""
    (tmp_path / "modules.py").write_text(homework_of("2024"), "utf-8")
    found = open_submission(tmp_path, UVA, edition)
    assert (found.edition.name, found.detected) == (edition, False)


def test_without_an_activation_the_edition_is_the_newest_of_its_layer(tmp_path):
    """The layer's argument came in 2021; before there is an activation nothing else is known."""
    (tmp_path / "modules.py").write_text(LAYER, "utf-8")
    assert open_submission(tmp_path, UVA).edition.name == "2024"


@pytest.mark.parametrize("folder", [".", "assignment1", "assignment_1/code", "code"])
def test_the_path_may_be_that_of_the_whole_repository(tmp_path, folder):
    """The editions have the file in different places."""
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    (tmp_path / folder / "modules.py").write_text(homework_of("2022"), "utf-8")
    found = open_submission(tmp_path, UVA)
    assert found.import_dirs == ((tmp_path / folder).resolve(),)
    assert found.edition.name == "2022"


# --- what is wrong -------------------------------------------------------------------------------

COLUMN_BIAS = {BIAS: "np.zeros((out_features, 1))", **ADD_COLUMN}

WRONG = [
    (LinearModule, LAYER, {"dout.T @ self.x": "self.x.T @ dout"}, {"gradient.weight"}),
    (LinearModule, LAYER, {"dout.T @ self.x": "dout.T @ self.x / len(dout)"}, {"gradient.weight"}),
    (LinearModule, LAYER, {"sum(axis=0)": "mean(axis=0)"}, {"gradient.bias"}),
    (LinearModule, LAYER, {"sum(axis=0)": "sum(axis=1)"}, {"gradient.bias"}),
    (LinearModule, LAYER, {"dout.sum(axis=0)": "dout"}, {"gradient.bias"}),
    (LinearModule, LAYER, {"dout.sum(axis=0)": "dout.sum()"}, {"gradient.bias"}),
    (LinearModule, LAYER, COLUMN_BIAS, {"gradient.bias"}),
    (LinearModule, LAYER, {**COLUMN_BIAS, **ROW}, {"gradient.bias"}),
    (LinearModule, LAYER, COLUMN, {"gradient.bias"}),
    (LinearModule, LAYER, {BIAS: "np.zeros((1, out_features))", **COLUMN}, {"gradient.bias"}),
    (LinearModule, LAYER, {"return dout @": "return -dout @"}, {"gradient.x"}),
    (LinearModule, LAYER, {' + self.params["bias"]': ""}, {"forward"}),
    (ReLUModule, RELU, {"self.x > 0": "dout > 0"}, {"gradient.x"}),
    (ReLUModule, RELU, {"np.maximum(x, 0)": "np.abs(x)"}, {"forward"}),
    (LeakyReLUModule, LEAKY, {"dout * self.factor": "dout * (self.factor == 1)"}, {"gradient.x"}),
    (LeakyReLUModule, LEAKY, {"= neg_slope": "= 0.01"}, {"forward", "gradient.x"}),
    (ELUModule, ELU, {"self.alpha * np.exp(self.x)": "np.exp(self.x)"}, {"gradient.x"}),
    (ELUModule, ELU, {"self.alpha = alpha": "self.alpha = 1"}, {"forward", "gradient.x"}),
    (UnitELUModule, UNIT_ELU, {"self.out + 1)": "self.out)"}, {"gradient.x"}),
    (SoftMaxModule, SOFTMAX, {"np.outer(p, p)": "np.diag(p * p)"}, {"gradient.x"}),
    (SoftMaxModule, SOFTMAX, {"sum(axis=1": "sum(axis=0"}, {"forward", "gradient.x"}),
    (CrossEntropyModule, LOSS, {"np.mean": "np.sum"}, {"forward"}),
    (CrossEntropyModule, LOSS, {"np.log": "np.log2"}, {"forward"}),
    (CrossEntropyModule, LOSS, {" / len(x)": ""}, {"gradient.probabilities"}),
    (CrossEntropyModule, LOSS, {" = -1 /": " = 1 /"}, {"gradient.probabilities"}),
    (OneHotCrossEntropyModule, ONE_HOT_LOSS, {".sum(axis=1)": ""}, {"forward"}),
    (OneHotCrossEntropyModule, ONE_HOT_LOSS, {"-y / x": "(x - y)"}, {"gradient.probabilities"}),
]


@pytest.mark.parametrize(
    ("kind", "found"),
    [(written(kind, edited(source, edits)), found) for kind, source, edits, found in WRONG],
    ids=[f"{kind.__name__}: {'; '.join(edits.values())}" for kind, _, edits, _ in WRONG],
)
def test_a_mistake_fails_in_its_own_check(runner, kind, found):
    """The forward and the gradients beside it hold."""
    assert wrong_in(runner, kind) == found


ADDING = written(LinearModule, edited(LAYER, ADDED))
ADDING_BY_DESIGN = written(LinearModule, edited(LAYER, {**ADDED, **CLEARED}))


@pytest.mark.parametrize(("kind", "alike"), [(ADDING, False), (ADDING_BY_DESIGN, True)])
def test_gradients_that_add_up_are_only_right_where_clear_cache_ends_it(runner, kind, alike):
    """The second answer of one object shows it."""
    inputs = {"x": np.eye(2), "weight": np.eye(2), "bias": np.ones(2)}
    example = Example(inputs, {"layout": "x W^T + b"}, np.eye(2))
    candidate = IsolatedCandidate(runner, surveyed(runner, kind))
    first, second = (r.answer.gradients["weight"] for r in candidate.rounds([example, example]))
    assert np.array_equal(first, second) == alike


# --- what is not there ---------------------------------------------------------------------------

UNWRITTEN = """
class LinearModule:
    def __init__(self, in_features, out_features, input_layer=False):
        self.params = {"weight": None, "bias": None}
        self.grads = {"weight": None, "bias": None}

    def forward(self, x):
        return out

    def backward(self, dout):
        return dx

class ELUModule:
    def __init__(self, alpha):
        self.alpha = alpha

    def forward(self, x):
        return out

    def backward(self, dout):
        return dx

class SoftMaxModule:
    def forward(self, x):
        raise NotImplementedError
"""

PARAMS = 'self.params = {"weight": weight, "bias": bias}'
DRAWN = "np.random.randn(out_features, in_features)"
OF_SHAPE = "an array of shape (3, 2) or (2, 3) was expected"

ABSENT = [
    (LinearModule, UNWRITTEN, "not-implemented", "params['weight'] is None"),
    (ELUModule, UNWRITTEN, "not-implemented", "ELUModule.forward is not written: it has no out"),
    (
        LinearModule,
        edited(LAYER, {'return dout @ self.params["weight"]': "return dx"}),
        "not-implemented",
        "LinearModule.backward is not written: it has no dx",
    ),
    (SoftMaxModule, UNWRITTEN, "not-implemented", "SoftMaxModule.forward raised NotImplemented"),
    (CrossEntropyModule, UNWRITTEN, "not-implemented", "has no CrossEntropyModule"),
    (LinearModule, edited(LAYER, {PARAMS: ""}), "not-implemented", "LinearModule has no params"),
    (
        LinearModule,
        edited(LAYER, {PARAMS: "self.params = {}"}),
        "not-implemented",
        "['weight'] is not there",
    ),
    (
        LinearModule,
        edited(LAYER, {PARAMS: "self.params = None"}),
        "not-implemented",
        "['weight'] is not there",
    ),
    (
        LinearModule,
        edited(LAYER, {"bias = np.zeros(out_features)": "bias = None"}),
        "not-implemented",
        "LinearModule(2, 3).params['bias'] is None: an array of shape (3,) or (1, 3) or (3, 1)",
    ),
    (LinearModule, edited(LAYER, {DRAWN: "np.zeros(6)"}), "error", f"of shape (6,): {OF_SHAPE}"),
    (LinearModule, edited(LAYER, {DRAWN: "[1, 2]"}), "error", f"is no array: {OF_SHAPE}"),
    (LinearModule, edited(LAYER, {BIAS: "np.zeros(in_features)"}), "error", "['bias'] is of shape"),
    (LinearModule, edited(LAYER, {DRAWN: "1 / 0"}), "error", "raised ZeroDivisionError"),
    (
        LinearModule,
        edited(LAYER, {f"self.grads = {ZEROS}": "", 'self.grads["weight"] = ': ""}).replace(
            'self.grads["bias"] = ', ""
        ),
        "not-implemented",
        "LinearModule has no grads",
    ),
]


@pytest.mark.parametrize(
    ("kind", "status", "said"),
    [(written(kind, source), status, said) for kind, source, status, said in ABSENT],
    ids=[said for *_, said in ABSENT],
)
def test_what_is_not_there_is_said_in_every_check_of_its_module_alone(runner, kind, status, said):
    """No check of it passes, none fails for another reason, and nothing breaks."""
    verdict = judged(runner, kind, 4)
    assert {c.status for c in verdict.checks} == {status}
    assert [c.message for c in verdict.checks if said not in c.message] == []


# --- the examples --------------------------------------------------------------------------------


def judged_example(name: str, count: int) -> tuple[str, Verdict]:
    """The edition that an example is read as, and the verdicts of its layers and its loss."""
    submission = open_submission(EXAMPLES / name, UVA)
    layers = [c for c in submission.edition.components if c.module == "modules"]
    with Runner(submission) as runner:
        parts = [judged(runner, kind, count) for kind in layers]
    return submission.edition.name, merge(parts)


def test_the_right_example_passes():
    """It is read as the newest edition's."""
    edition, verdict = judged_example("uva", 6)
    assert (edition, verdict.verdict) == ("2024", "pass")


def test_the_wrong_example_fails_where_its_readme_says():
    """Seven mistakes in its layers; the overflow of the softmax is told from a wrong formula."""
    _, verdict = judged_example("uva_wrong", 6)
    failed = {c.id for c in verdict.checks if c.status == "fail"}
    passed = {c.id for c in verdict.checks if c.status == "pass"}
    assert failed >= {
        "linear.gradient.weight",
        "linear.gradient.bias",
        "elu.gradient.x",
        "softmax.gradient.x",
        "cross_entropy.forward",
        "cross_entropy.gradient.probabilities",
    }
    assert passed >= {"linear.forward", "linear.gradient.x", "elu.forward"}
    kinds = {c.operation for c in verdict.checks if c.diagnosis and c.diagnosis.kind == "unstable"}
    assert kinds == {"softmax"}


def test_a_layout_is_found_before_the_first_example_is_asked(tmp_path):
    """From the path to the verdict."""
    layer = edited(LAYER, {**COLUMN_BIAS, **COLUMN})
    (tmp_path / "modules.py").write_text(edited(layer, IN_OUT), "utf-8")
    verdict = homework.judge(tmp_path, UVA, operations=["linear"], count=4)
    assert verdict.verdict == "pass"
    assert verdict.interface == Interface("uva", "2024", detected=True)
