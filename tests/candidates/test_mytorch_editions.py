"""11-785's interfaces of 2022 and 2025: what they fix and leave open, and ordinary mistakes."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest

from backproof import catalog, homework
from backproof.candidates.candidate import CandidateError, Example
from backproof.candidates.dialects import DIALECTS, mytorch_2022, mytorch_2025
from backproof.candidates.dialects.dialect import (
    Component,
    Submission,
    SubmissionError,
    open_submission,
)
from backproof.candidates.isolated import IsolatedCandidate
from backproof.candidates.process import Runner
from backproof.contract import Contract
from backproof.examination import Examination, Terms
from backproof.inputs.examples import Course, Draw, examples
from backproof.inputs.search import explore
from backproof.loop import examine
from backproof.verdict import Interface, Verdict

MYTORCH = DIALECTS["mytorch"]
EXAMPLES = Path(__file__).parents[2] / "examples"
FOLDERS = {
    "2022": EXAMPLES / "mytorch_2022/mytorch/nn/modules",
    "2025": EXAMPLES / "mytorch_2025/mytorch/nn",
}
KINDS = {"2022": mytorch_2022, "2025": mytorch_2025}
EDITIONS = tuple(KINDS)

SOURCES: dict[str, str] = {}
"""The modules of one submission, which a single runner judges one after the other."""


def edited(source: str, edits: Mapping[str, str]) -> str:
    """Replace texts that are there."""
    for old, new in edits.items():
        assert old in source, old
        source = source.replace(old, new)
    return source


def component(edition: str, name: str) -> type[Component]:
    """The component of a class in an edition."""
    found: type[Component] = getattr(KINDS[edition], name)
    return found


def written(edition: str, name: str, edits: Mapping[str, str]) -> type[Component]:
    """The component of the right homework's class, in a module with edits."""
    kind = component(edition, name)
    file = kind.module.rpartition(".")[2]
    module = f"homework_{len(SOURCES)}"
    SOURCES[module] = edited((FOLDERS[edition] / f"{file}.py").read_text("utf-8"), edits)
    return type(name, (kind,), {"module": module})


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """Run every module of this file; 2025's loss imports its softmax from the package."""
    folder = Path(tmp_path_factory.mktemp("homework")) / "submission"
    shutil.copytree(EXAMPLES / "mytorch_2025", folder)
    for module, source in SOURCES.items():
        (folder / f"{module}.py").write_text(source, "utf-8")
    with Runner(Submission(folder, (folder,), MYTORCH.editions[0])) as runner:
        yield runner


def surveyed(runner: Runner, kind: type[Component]) -> Component:
    """A component that has looked at its submission."""
    found = kind()
    with contextlib.suppress(CandidateError):
        found.survey(lambda script, handles: runner.run([(script, handles)])[0])
    return found


def examination(runner: Runner, kind: type[Component]) -> Examination:
    """The component under the terms that `homework.judge` examines it under."""
    found = surveyed(runner, kind)
    terms = Terms(
        Course(found.conventions, found.cotangent, found.fit, found.initial),
        found.averaged,
        found.scale,
        variations=tuple(found.variations),
        fixes_kink=found.fixes_kink,
        accepts_variations=True,
    )
    candidate = IsolatedCandidate(runner, found)
    return Examination(catalog.find(found.operation), candidate, np.dtype(np.float64), terms)


def wrong_in(runner: Runner, kind: type[Component], count: int = 8) -> set[str]:
    """The properties that are wrong in some drawn example; every property is asked for."""
    held = examination(runner, kind)
    outcomes: dict[str, set[str]] = {prop: set() for prop in held.properties()}

    def visit(draw: Draw) -> None:
        for prop, finding in held.findings(draw, slopes=False).items():
            outcomes[prop].add(finding.outcome)

    explore(examples(held.operation, held.terms.course), visit, held.operation.name, count)
    assert all(found & {"right", "wrong"} for found in outcomes.values())
    return {prop for prop, found in outcomes.items() if "wrong" in found}


BATCH_NORM = "BatchNorm1d"
BEGINNINGS = [
    ({"alpha=0.9": "alpha=0.1"}, {"forward.running_mean", "forward.running_var"}),
    ({"self.BW = np.ones": "self.BW = np.zeros"}, {"forward", "gradient.x"}),
    ({"self.Bb = np.zeros": "self.Bb = np.ones"}, {"forward"}),
    (
        {"self.running_M = np.zeros": "self.running_M = np.ones"},
        {"forward", "forward.running_mean"},
    ),
    ({"self.running_V = np.ones": "self.running_V = np.zeros"}, {"forward", "forward.running_var"}),
]


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (written(edition, BATCH_NORM, edits), found)
        for edition in EDITIONS
        for edits, found in BEGINNINGS
    ],
    ids=[f"{edition}: {'; '.join(e.values())}" for edition in EDITIONS for e, _ in BEGINNINGS],
)
def test_a_wrong_default_or_start_fails(runner, kind, found):
    """Some examples ask an object as it was made."""
    assert wrong_in(runner, kind, 30) == found


SINGLE = {
    f"self.{name} = np.{of}((1, num_features)": f"self.{name} = np.{of}((1, num_features), 'f'"
    for name, of in {"BW": "ones", "Bb": "zeros", "running_M": "zeros", "running_V": "ones"}.items()
}


@pytest.mark.parametrize(
    "kind", [written(edition, BATCH_NORM, SINGLE) for edition in EDITIONS], ids=EDITIONS
)
def test_what_begins_in_single_precision_is_asked_in_double(runner, kind):
    """0.9 in single precision is no rounding error of double."""
    assert wrong_in(runner, kind, 30) == set()


def broken_in(runner: Runner, kind: type[Component], count: int = 6) -> set[str]:
    """The clauses of the contract that some drawn example breaks."""
    contract = Contract(examination(runner, kind))
    broken: set[str] = set()

    def visit(draw: Draw) -> None:
        found = contract.findings(draw)
        broken.update(prop for prop, finding in found.items() if finding.outcome == "wrong")

    explore(contract.strategy(contract.examination.terms.course), visit, "contract", count)
    return broken


def judged(runner: Runner, kind: type[Component], count: int) -> Verdict:
    """Examine a component to its verdict."""
    held = examination(runner, kind)
    return examine(held.operation, held.candidate, count=count, terms=held.terms)


# --- what is right -------------------------------------------------------------------------------

AVERAGED = "dLdW and dLdb averaged over the batch"
LAYERS = {
    e: [c for c in MYTORCH.edition(e).components if c is not KINDS[e].Chain] for e in EDITIONS
}
CLASSES = [(e, kind.__name__) for e, kinds in LAYERS.items() for kind in kinds]
RIGHT = [written(edition, name, {}) for edition, name in CLASSES]


@pytest.mark.parametrize("kind", RIGHT, ids=["-".join(names) for names in CLASSES])
def test_right_classes_of_every_edition_pass(runner, kind):
    """Values, gradients as the year scales them, and the contract."""
    assert wrong_in(runner, kind) == set()
    assert broken_in(runner, kind) == set()
    found = surveyed(runner, kind)
    assert found.variations == ([AVERAGED] if found.averaged else [])


SUMS = {"self.A / self.N": "self.A", "(-1, 1) / self.N": "(-1, 1)"}
SUMMED = written("2022", "Linear", SUMS)


def test_averages_are_named_of_those_who_take_them(runner):
    """Sums are wrong where averages are prescribed, and no variation of them."""
    assert surveyed(runner, SUMMED).variations == []
    assert wrong_in(runner, SUMMED) == {"gradient.weight", "gradient.bias"}


def test_what_the_editions_multiply_the_gradients_by():
    """In 2022 the losses leave the mean to the linear layer; in 2025 nothing is multiplied."""
    sizes = {"batch": 5, "features": 3, "classes": 7, "inputs": 2}
    losses = (mytorch_2022.MSELoss, mytorch_2022.CrossEntropyLoss)
    assert [f(sizes) for loss in losses for f in loss.scale.values()] == [7.5, 5]
    assert mytorch_2022.Linear.averaged == {"weight", "bias"}
    for kind in MYTORCH.edition("2025").components:
        assert (kind.averaged, dict(kind.scale), kind.elementwise) == (frozenset(), {}, False)


LINEAR_2022 = {
    "dLdZ.sum(axis=0).reshape(-1, 1) / self.N": "dLdZ.mean(axis=0)",
    "np.zeros((out_features, 1)": "np.zeros((1, out_features)",
    "self.b.T": "self.b",
}
IN_OUT = {
    "np.zeros((out_features, in_features))": "np.zeros((in_features, out_features))",
    "A @ self.W.T": "A @ self.W",
    "dLdZ @ self.W\n": "dLdZ @ self.W.T\n",
    "dLdZ.T @ self.A": "self.A.T @ dLdZ",
}
FLAT_BIAS = {
    "np.zeros((out_features, 1))": "np.zeros(out_features)",
    "self.ones @ self.b.T": "self.b",
    "dLdZ.T @ self.ones": "dLdZ.sum(axis=0)",
}
FLAT = {"(1, num_features)": "num_features", ", keepdims=True": ""}
WITHOUT_KEEPDIMS = {
    "self.dLdBb = dLdBZ.sum(axis=0, keepdims=True)": "self.dLdBb = dLdBZ.sum(axis=0)",
    "NZ).sum(axis=0, keepdims=True)": "NZ).sum(axis=0)",
}
MATRIX = {
    "(difference * difference).sum()": (
        "np.ones((1, N)) @ (difference * difference) @ np.ones((C, 1))"
    )
}
ADDING_UP = {
    "Linear": {
        "    def forward": """    def zero_grads(self):
        self.dLdW, self.dLdb = np.zeros(self.W.shape), np.zeros(self.b.shape)

    def forward""",
        "self.dLdW = dLdZ": "self.dLdW += dLdZ",
        "self.dLdb = dLdZ": "self.dLdb += dLdZ",
    },
    "BatchNorm1d": {
        "    def forward": """    def zero_grads(self):
        self.dLdBW[:], self.dLdBb[:] = 0, 0

    def forward""",
        "self.dLdBb = dLdBZ": "self.dLdBb += dLdBZ",
        "self.dLdBW = (": "self.dLdBW += (",
    },
}
NEVER_ENDING = {"    def forward": "    def zero_grads(self):\n        pass\n\n    def forward"}
CLEARED = "gradients add up until zero_grads()"

OPEN = [
    ("2022", "Linear", LINEAR_2022, {"b (1, out)", "dLdb (out,)"}),
    ("2022", "MSELoss", MATRIX, {"loss (1, 1)"}),
    ("2022", "Identity", {"np.ones_like(self.A)": "1.0"}, set()),
    ("2022", "Identity", {"ones_like(self.A)": "ones(self.A.shape, dtype='f')"}, set()),
    ("2025", "Linear", IN_OUT, {"W (in, out)"}),
    ("2025", "Linear", FLAT_BIAS, {"b (out,)"}),
    (
        "2025",
        "CrossEntropyLoss",
        {").sum() / len(A)": ").sum(keepdims=True) / len(A)"},
        {"loss (1, 1)"},
    ),
    ("2025", "BatchNorm1d", WITHOUT_KEEPDIMS, {"dLdBW (D,)", "dLdBb (D,)"}),
    (
        "2025",
        "BatchNorm1d",
        FLAT,
        {"BW (D,)", "Bb (D,)", "running_M (D,)", "running_V (D,)"},
    ),
    *((e, name, edits, {CLEARED}) for e in EDITIONS for name, edits in ADDING_UP.items()),
]


@pytest.mark.parametrize(
    ("kind", "told"),
    [(written(*case), told) for *case, told in OPEN],
    ids=[f"{name} {'; '.join(sorted(told))}" for _, name, _, told in OPEN],
)
def test_accepts_and_names_what_differs_from_the_hand_out(runner, kind, told):
    """Either layout of the weight; vectors of any shape, each with a gradient that fits it."""
    found = surveyed(runner, kind)
    assert {*found.variations} == told | ({AVERAGED} if found.averaged else set())
    assert wrong_in(runner, kind) == set()
    assert broken_in(runner, kind) == set()


WITH_SCIPY = {
    "erfc = np.vectorize(math.erfc, otypes=[float])": "from scipy.special import erf",
    "erfc(-Z / math.sqrt(2)).astype(Z.dtype) / 2": "(1 + erf(Z / math.sqrt(2))) / 2",
}
SPECIAL = [written("2025", name, WITH_SCIPY) for name in ("GELU", "Tanh")]


@pytest.mark.parametrize("kind", SPECIAL, ids=["GELU", "beside it"])
def test_the_error_function_may_be_scipys(runner, kind):
    """It loads in the sandbox, as closed as this machine can make it; so does what is beside it."""
    pytest.importorskip("scipy.special", reason="SciPy is an extra, which is not installed here")
    assert wrong_in(runner, kind) == set()
    assert broken_in(runner, kind) == set()


def test_layers_hold_the_parameters_in_the_format_of_the_example(runner):
    """Zeros in single precision are only what they begin with."""
    inputs = {"x": np.ones((2, 3)), "weight": np.full((4, 3), 0.1), "bias": np.zeros(4)}
    example = Example(inputs, {"layout": "x W^T + b"}, np.ones((2, 4)))
    answer = IsolatedCandidate(runner, RIGHT[CLASSES.index(("2022", "Linear"))]()).answer(example)
    found = [*answer.outputs.values(), *answer.gradients.values()]
    assert {array.dtype for array in found} == {np.dtype(np.float64)}


# --- editions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "edition"), [("mytorch", "2021"), ("mytorch_2022", "2022"), ("mytorch_2025", "2025")]
)
def test_the_edition_is_told_by_where_the_files_are(tmp_path, name, edition):
    """All of them, or one; the package is imported from the submission's folder since 2022."""
    found = open_submission(EXAMPLES / name, MYTORCH)
    assert (found.edition.name, found.detected) == (edition, True)
    linear = next((EXAMPLES / name).rglob("linear.py")).relative_to(EXAMPLES / name)
    (tmp_path / linear).parent.mkdir(parents=True)
    (tmp_path / linear).touch()
    found = open_submission(tmp_path, MYTORCH)
    assert found.edition.name == edition
    assert found.import_dirs == (tmp_path / "mytorch" if edition == "2021" else tmp_path,)


def test_an_edition_whose_files_are_not_there_is_refused():
    """The message names them."""
    with pytest.raises(SubmissionError, match=r"no mytorch/nn/modules/activation\.py"):
        open_submission(EXAMPLES / "mytorch_2025", MYTORCH, "2022")


# --- what is wrong -------------------------------------------------------------------------------

WRONG = [
    ("2022", "Identity", {"ones_like": "zeros_like"}, {"gradient.x"}),
    ("2022", "Sigmoid", {"self.A * (1 - self.A)": "1 - self.A"}, {"gradient.x"}),
    ("2022", "Tanh", {"1 - self.A * self.A": "1 - self.A"}, {"gradient.x"}),
    ("2022", "ReLU", {"np.maximum": "np.minimum"}, {"forward", "gradient.x"}),
    ("2022", "MSELoss", {" / (N * C)": " / N"}, {"forward"}),
    ("2022", "MSELoss", {" / (N * C)": " / (2 * N * C)"}, {"forward"}),
    ("2022", "MSELoss", {"self.A - self.Y": "2 * (self.A - self.Y)"}, {"gradient.prediction"}),
    (
        "2022",
        "MSELoss",
        {"self.A - self.Y": "2 * (self.A - self.Y) / self.A.size"},
        {"gradient.prediction"},
    ),
    (
        "2022",
        "CrossEntropyLoss",
        {"x - self.Y": "x / len(self.Y) - self.Y / len(self.Y)"},
        {"gradient.logits"},
    ),
    ("2022", "CrossEntropyLoss", {".sum() / len(A)": ".sum()"}, {"forward"}),
    ("2022", "Linear", {"self.A / self.N": "self.A"}, {"gradient.weight"}),
    ("2022", "Linear", {"(-1, 1) / self.N": "(-1, 1)"}, {"gradient.bias"}),
    ("2022", "Linear", {"dLdZ @ self.W\n": "dLdZ @ self.W / self.N\n"}, {"gradient.x"}),
    ("2022", "Linear", {".reshape(-1, 1)": ""}, {"gradient.bias"}),
    ("2022", "Linear", {".reshape(-1, 1)": ".reshape(1, -1)"}, {"gradient.bias"}),
    ("2022", "BatchNorm1d", {"1e-8": "1e-5"}, {"forward", "gradient.x", "gradient.gamma"}),
    ("2025", "Sigmoid", {"return dLdA * self.A": "return self.A"}, {"gradient.x"}),
    ("2025", "GELU", {"self.cdf + self.Z * pdf": "self.cdf + pdf"}, {"gradient.x"}),
    ("2025", "GELU", {"* self.cdf\n": "/ (1 + np.exp(-1.702 * Z))\n"}, {"forward"}),
    ("2025", "Softmax", {"np.outer(a, a)": "np.outer(a, slope)"}, {"gradient.x"}),
    ("2025", "Softmax", {"axis=1": "axis=0"}, {"forward", "gradient.x"}),
    ("2025", "MSELoss", {"return 2 * ": "return "}, {"gradient.prediction"}),
    ("2025", "CrossEntropyLoss", {"/ len(self.Y)": ""}, {"gradient.logits"}),
    ("2025", "CrossEntropyLoss", {"- self.Y)": "+ self.Y)"}, {"gradient.logits"}),
    ("2025", "Linear", {"dLdZ.T @ self.A": "dLdZ.T @ self.A / len(self.A)"}, {"gradient.weight"}),
    ("2025", "Linear", {"dLdZ.T @ self.ones": "dLdZ.mean(axis=0)[:, None]"}, {"gradient.bias"}),
    ("2025", "Linear", {"dLdZ.T @ self.ones": "dLdZ"}, {"gradient.bias"}),
    ("2025", "BatchNorm1d", {" - self.NZ * along": ""}, {"gradient.x"}),
    ("2025", "BatchNorm1d", {"dLdBZ * self.BW": "dLdBZ"}, {"gradient.x"}),
    ("2025", "BatchNorm1d", {"+ self.Bb": ""}, {"forward"}),
    ("2025", "BatchNorm1d", {"Z - self.running_M": "Z - Z.mean(axis=0)"}, {"forward"}),
    ("2025", "BatchNorm1d", {"= self.alpha * self.running_M +": "="}, {"forward.running_mean"}),
]


@pytest.mark.parametrize(
    ("kind", "found"),
    [(written(*case), found) for *case, found in WRONG],
    ids=[f"{e} {name}: {'; '.join(edits.values())}" for e, name, edits, _ in WRONG],
)
def test_a_mistake_fails_in_its_own_check(runner, kind, found):
    """The forward and the gradients beside it hold."""
    assert wrong_in(runner, kind) == found


BROKEN = [
    ("2022", "ReLU", {"np.maximum(Z, 0)": "np.maximum(Z, 0, out=Z)"}, {"mutation", "layouts"}),
    ("2022", "Linear", {"(-1, 1) / self.N": "(1, -1) / self.N"}, {"shapes"}),
    (
        "2025",
        "Linear",
        {"self.dLdW = ": "self.dLdW = getattr(self, 'dLdW', 0) + "},
        {"repeatability"},
    ),
    (
        "2022",
        "BatchNorm1d",
        {**ADDING_UP["BatchNorm1d"], **NEVER_ENDING},
        {"repeatability"},
    ),
    ("2025", "BatchNorm1d", {"if eval:": "if eval:\n            self.running_M /= 2"}, {"modes"}),
    ("2025", "Tanh", {"dLdA * (1": "dLdA**2 * (1"}, {"linearity"}),
]


@pytest.mark.parametrize(
    ("kind", "broken"),
    [(written(*case), broken) for *case, broken in BROKEN],
    ids=[f"{name}: {'; '.join(sorted(broken))}" for _, name, _, broken in BROKEN],
)
def test_bad_manners_break_the_contract(runner, kind, broken):
    """Each in its own clause at least."""
    assert broken_in(runner, kind) >= broken


# --- what is not there ---------------------------------------------------------------------------

UNWRITTEN = {"return ": "raise NotImplemented  # "}
NO_W = {"self.W = np.zeros((out_features, in_features))": "self.W = None"}
ABSENT = [
    ("2025", "GELU", UNWRITTEN, "not-implemented", "GELU.forward is not written"),
    (
        "2025",
        "MSELoss",
        {"return 2": UNWRITTEN["return "]},
        "not-implemented",
        "MSELoss.backward is not",
    ),
    ("2025", "Linear", UNWRITTEN, "not-implemented", "Linear.forward is not written"),
    (
        "2025",
        "Linear",
        NO_W,
        "not-implemented",
        "Linear.W is None: an array of shape (3, 2) or (2, 3)",
    ),
    ("2025", "Linear", {"self.b = ": "self.bias = "}, "not-implemented", "Linear has no b"),
    (
        "2025",
        "Linear",
        {"(out_features, 1)": "(in_features, 1)"},
        "error",
        "Linear.b is of shape (2, 1)",
    ),
    (
        "2022",
        "Sigmoid",
        {"return self.A *": "self.A *"},
        "not-implemented",
        "backward returned None",
    ),
    (
        "2022",
        "BatchNorm1d",
        {"class BatchNorm1d": "class BatchNorm"},
        "not-implemented",
        "no BatchNorm1d",
    ),
    (
        "2022",
        "Linear",
        {"self.dLdb = dLdZ": "dLdb = dLdZ", "self.dLdb = np.": "dLdb = np."},
        "not-implemented",
        "no dLdb",
    ),
]


@pytest.mark.parametrize(
    ("kind", "status", "said"),
    [(written(*case), status, said) for *case, status, said in ABSENT],
    ids=[said for *_, said in ABSENT],
)
def test_what_is_not_there_is_said_in_every_check_of_its_class(runner, kind, status, said):
    """No check of it passes, and none fails for another reason."""
    verdict = judged(runner, kind, 4)
    assert {c.status for c in verdict.checks} == {status}
    assert [c.message for c in verdict.checks if said not in c.message] == []


# --- the example with mistakes -------------------------------------------------------------------

WRONG_EXAMPLE = {
    "relu.mutation",
    "relu.layouts",
    "gelu.gradient.x",
    "softmax.gradient.x",
    "mse.gradient.prediction",
    "softmax_cross_entropy.gradient.logits",
    "linear.gradient.weight",
    "linear.gradient.bias",
    "linear.shapes",
    "batchnorm.forward.running_mean",
    "batchnorm.forward.running_var",
    "batchnorm.gradient.x",
}


def test_the_wrong_example_fails_where_its_readme_says():
    """Nine mistakes; every other check of a layer by itself holds."""
    submission = open_submission(EXAMPLES / "mytorch_2025_wrong", MYTORCH)
    assert submission.edition.name == "2025"
    with Runner(submission) as runner:
        failed = {
            f"{kind.operation}.{prop}"
            for kind in LAYERS["2025"]
            for prop in wrong_in(runner, kind) | broken_in(runner, kind)
        }
    assert failed == WRONG_EXAMPLE


def test_what_a_layer_leaves_open_is_found_before_the_first_example_is_asked(tmp_path):
    """From the path to the verdict."""
    path = Path(shutil.copytree(EXAMPLES / "mytorch_2025", tmp_path / "homework"))
    linear = path / "mytorch/nn/linear.py"
    linear.write_text(edited(linear.read_text("utf-8"), IN_OUT), "utf-8")
    verdict = homework.judge(path, MYTORCH, operations=["linear"], count=4)
    assert verdict.verdict == "pass"
    assert verdict.interface == Interface("mytorch", "2025", detected=True)
    assert all("W (in, out)" in c.variation for c in verdict.checks)
