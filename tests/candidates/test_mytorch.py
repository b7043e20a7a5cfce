"""The 11-785 hand-out's interface, on a right homework and on one with ordinary mistakes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from backproof.candidates.candidate import Answer, CandidateError, Example
from backproof.candidates.dialects import DIALECTS
from backproof.candidates.dialects.dialect import open_submission
from backproof.candidates.isolated import IsolatedCandidate
from backproof.candidates.process import Runner
from backproof.catalog import find
from backproof.compare import within
from backproof.error_analysis import Rounding
from backproof.operation import scalar_symbols, sizes_of
from backproof.oracles.symbolic import SymbolicOracle

MYTORCH = DIALECTS["mytorch"]
COMPONENTS = {c.operation: c() for c in MYTORCH.edition("2021").components}
EXAMPLES = Path(__file__).parents[2] / "examples"
EPS = 1e-8


@pytest.fixture(scope="module")
def right() -> Iterator[Runner]:
    """Run the right homework."""
    with Runner(open_submission(EXAMPLES / "mytorch", MYTORCH)) as runner:
        yield runner


@pytest.fixture(scope="module")
def wrong() -> Iterator[Runner]:
    """Run the homework with mistakes."""
    with Runner(open_submission(EXAMPLES / "mytorch_wrong", MYTORCH)) as runner:
        yield runner


def normal(*shape: int) -> np.ndarray:
    """Draw from a normal distribution, the same for the same shape."""
    return np.random.default_rng(shape).normal(size=shape)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Compute 1 / (1 + exp(-x))."""
    return np.asarray(1 / (1 + np.exp(-x)))


def activation(operation: str) -> tuple[Example, Answer]:
    """Give an example and the formulas of section 3.1."""
    x, cotangent = normal(4, 3), normal(3, 4).T
    y, slope = {
        "sigmoid": (sigmoid(x), sigmoid(x) * (1 - sigmoid(x))),
        "tanh": (np.tanh(x), 1 / np.cosh(x) ** 2),
        "relu": (np.where(x > 0, x, 0), np.where(x > 0, 1.0, 0.0)),
        "identity": (x, np.ones_like(x)),
    }[operation]
    return Example({"x": x}, {}, cotangent), Answer({"y": y}, {"x": cotangent * slope})


def softmax_cross_entropy() -> tuple[Example, Answer]:
    """Give an example and the formulas of appendix A."""
    logits, targets = normal(4, 3), np.eye(3)[[2, 0, 1, 2]]
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    parameters = {"reduction": "none", "targets_as": "one-hot"}
    example = Example({"logits": logits, "targets": targets}, parameters, np.ones(4))
    loss = -(targets * np.log(softmax)).sum(axis=1)
    return example, Answer({"loss": loss}, {"logits": softmax - targets})


def linear() -> tuple[Example, Answer]:
    """Give an example and the formulas of section 3.4, averaged over the batch."""
    inputs = {"x": normal(4, 3), "weight": normal(3, 2), "bias": normal(2)}
    cotangent = normal(4, 2)
    y = np.einsum("ni,io->no", inputs["x"], inputs["weight"]) + inputs["bias"]
    gradients = {
        "x": np.einsum("no,io->ni", cotangent, inputs["weight"]),
        "weight": np.einsum("ni,no->io", inputs["x"], cotangent) / 4,
        "bias": cotangent.mean(axis=0),
    }
    return Example(inputs, {"layout": "x W + b"}, cotangent), Answer({"y": y}, gradients)


def batchnorm(mode: str) -> tuple[Example, Answer]:
    """Give an example and the formulas of section 3.3, dx through the Jacobian's three terms."""
    inputs = {
        "x": normal(5, 3),
        "gamma": normal(3),
        "beta": normal(1, 3)[0],
        "running_mean": normal(2, 3)[0],
        "running_var": normal(3, 3)[0] ** 2,
    }
    x, gamma, beta, running_mean, running_var = inputs.values()
    cotangent = normal(6, 3)[1:]
    mean, var = (
        (x.mean(axis=0), x.var(axis=0)) if mode == "training" else (running_mean, running_var)
    )
    std = np.sqrt(var + EPS)
    hat = (x - mean) / std
    outputs = {"y": gamma * hat + beta, "running_mean": running_mean, "running_var": running_var}
    gradients = {}
    if mode == "training":
        outputs["running_mean"] = 0.75 * running_mean + 0.25 * mean
        outputs["running_var"] = 0.75 * running_var + 0.25 * var
        slope = cotangent * gamma
        dx = (slope - slope.mean(axis=0) - hat * (slope * hat).mean(axis=0)) / std
        gradients = {
            "x": dx,
            "gamma": (cotangent * hat).sum(axis=0),
            "beta": cotangent.sum(axis=0),
        }
    parameters = {"mode": mode, "momentum": 0.75, "eps": EPS}
    return Example(inputs, parameters, cotangent), Answer(outputs, gradients)


CASES = {
    "sigmoid": activation("sigmoid"),
    "tanh": activation("tanh"),
    "relu": activation("relu"),
    "identity": activation("identity"),
    "softmax_cross_entropy": softmax_cross_entropy(),
    "linear": linear(),
    "batchnorm": batchnorm("training"),
    "batchnorm in evaluation": batchnorm("evaluation"),
}


def ask(runner: Runner, case: str) -> Answer:
    """Ask the component that the case is for."""
    component = COMPONENTS[case.partition(" ")[0]]
    return IsolatedCandidate(runner, component).answer(CASES[case][0])


def bounds(case: str) -> dict[str, np.ndarray]:
    """Bound the rounding of two right programs that differ, by output and gradient."""
    example, operation = CASES[case][0], find(case.partition(" ")[0])
    convention = operation.convention_of(example.parameters)
    sizes = sizes_of(operation.arrays(convention), example.inputs)
    opinion = SymbolicOracle(operation.derivation(convention), operation.outputs).opinion(
        Rounding.of(np.float64),
        example.inputs,
        example.cotangent,
        scalar_symbols(sizes, example.parameters),
    )
    return {n: 2 * b.bound for n, b in (*opinion.outputs.items(), *opinion.gradients.items())}


def disagreements(case: str, actual: Answer) -> set[str]:
    """Name the outputs and gradients that differ by more than rounding, or in shape."""
    expected, allowed = CASES[case][1], bounds(case)
    pairs = [
        (name, ours[name], value)
        for ours, theirs in (
            (expected.outputs, actual.outputs),
            (expected.gradients, actual.gradients),
        )
        for name, value in theirs.items()
    ]
    assert expected.outputs.keys() == actual.outputs.keys()
    assert expected.gradients.keys() == actual.gradients.keys()
    return {name for name, ours, theirs in pairs if not within(theirs, ours, allowed[name])}


@pytest.mark.parametrize("case", CASES)
def test_the_right_homework_answers_by_the_formulas(right: Runner, case: str) -> None:
    """Values, gradients and their shapes are the operation's own."""
    assert disagreements(case, ask(right, case)) == set()


@pytest.mark.parametrize(
    ("case", "mistaken"),
    [
        ("sigmoid", {"x"}),
        ("tanh", set()),
        ("relu", set()),
        ("identity", set()),
        ("softmax_cross_entropy", {"logits"}),
        ("linear", {"weight", "bias"}),
        ("batchnorm", {"x"}),
        ("batchnorm in evaluation", set()),
    ],
)
def test_the_wrong_homework_is_wrong_where_it_says(
    wrong: Runner, case: str, mistaken: set[str]
) -> None:
    """Each mistake of its README shows in its gradient, and nowhere else."""
    assert disagreements(case, ask(wrong, case)) == mistaken


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.longdouble])
def test_the_examples_dtype_is_the_answers(right: Runner, case: str, dtype: type) -> None:
    """Parameters are sent in the example's dtype, so that nothing is promoted."""
    drawn = CASES[case][0]
    example = Example(
        {name: value.astype(dtype) for name, value in drawn.inputs.items()},
        drawn.parameters,
        drawn.cotangent.astype(dtype),
    )
    answer = IsolatedCandidate(right, COMPONENTS[case.partition(" ")[0]]).answer(example)
    for value in [*answer.outputs.values(), *answer.gradients.values()]:
        assert value.dtype == dtype


@pytest.mark.parametrize("case", CASES)
def test_values_are_the_first_output(right: Runner, case: str) -> None:
    """What finite differences ask for is what the whole answer begins with."""
    example, expected = CASES[case]
    values = IsolatedCandidate(right, COMPONENTS[case.partition(" ")[0]]).values([example] * 2)
    name, first = next(iter(expected.outputs.items()))
    assert len(values) == 2
    assert all(within(value, first, bounds(case)[name]) for value in values)


def read_only(array: np.ndarray) -> np.ndarray:
    """Copy, and forbid writing."""
    array = array.copy()
    array.flags.writeable = False
    return array


def test_a_layer_may_update_its_own_state_in_place(tmp_path: Path) -> None:
    """Parameters arrive writeable, however the example's arrays lie in memory."""
    homework = copied("mytorch", tmp_path)
    edit(
        homework / "mytorch/batchnorm.py",
        "self.running_mean = self.alpha * self.running_mean +",
        "self.running_mean *= self.alpha\n        self.running_mean +=",
    )
    drawn, _ = CASES["batchnorm"]
    inputs = {name: read_only(value) for name, value in drawn.inputs.items()}
    with Runner(open_submission(homework, MYTORCH)) as runner:
        candidate = IsolatedCandidate(runner, COMPONENTS["batchnorm"])
        answer = candidate.answer(Example(inputs, drawn.parameters, read_only(drawn.cotangent)))
    assert disagreements("batchnorm", answer) == set()


def copied(name: str, folder: Path) -> Path:
    """Copy an example, to change it."""
    return Path(shutil.copytree(EXAMPLES / name, folder / name))


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text that is there once."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize(
    ("db", "shape"),
    [
        ("delta.mean(axis=0)", (2,)),
        ("delta.mean(axis=0)[:, None]", (2,)),
        ("delta.mean()", ()),
        ("delta / batch_size", (4, 2)),
    ],
)
def test_a_bias_may_be_flat_a_row_or_a_column_and_other_shapes_stay(
    tmp_path: Path, db: str, shape: tuple[int, ...]
) -> None:
    """All three are read as the bias; the engine judges the rest."""
    homework = copied("mytorch", tmp_path)
    edit(homework / "mytorch/linear.py", "delta.sum(axis=0, keepdims=True) / batch_size", db)
    with Runner(open_submission(homework, MYTORCH)) as runner:
        assert ask(runner, "linear").gradients["bias"].shape == shape


@pytest.mark.parametrize(
    ("case", "file", "old", "new", "what"),
    [
        ("linear", "linear.py", "delta.sum(axis=0, keepdims=True) / batch_size", "None", "db is"),
        ("batchnorm", "batchnorm.py", "return dnorm", "dnorm", "backward returned"),
        ("tanh", "activation.py", "1 - self.state**2", "None", "derivative returned"),
    ],
)
def test_what_is_missing_is_named(
    tmp_path: Path, case: str, file: str, old: str, new: str, what: str
) -> None:
    """One line says which method or attribute has to be written."""
    homework = copied("mytorch", tmp_path)
    edit(homework / "mytorch" / file, old, new)
    with (
        Runner(open_submission(homework, MYTORCH)) as runner,
        pytest.raises(CandidateError) as caught,
    ):
        ask(runner, case)
    assert caught.value.status == "not-implemented"
    assert caught.value.message.endswith(f".{what} None: an array was expected")


def test_a_missing_file_is_not_implemented_and_the_others_are_judged(tmp_path: Path) -> None:
    """A student who has not begun batch norm still gets the rest."""
    homework = copied("mytorch", tmp_path)
    (homework / "mytorch/batchnorm.py").unlink()
    with Runner(open_submission(homework, MYTORCH)) as runner:
        with pytest.raises(CandidateError) as caught:
            ask(runner, "batchnorm")
        assert disagreements("linear", ask(runner, "linear")) == set()
    assert caught.value.status == "not-implemented"
    assert caught.value.message == "there is no module batchnorm"


def test_the_path_may_be_the_homework_or_its_mytorch_folder() -> None:
    """Both import the layers from the same folder; the network lies beside it."""
    path = EXAMPLES / "mytorch"
    whole = open_submission(path, MYTORCH)
    folder = open_submission(str(path / "mytorch"), MYTORCH)
    assert folder.import_dirs == (path / "mytorch",)
    assert whole.import_dirs == (path / "mytorch", path / "hw1")
    assert whole.edition.name == folder.edition.name == "2021"


def test_a_dialects_parameters_are_those_it_fixes() -> None:
    """Every example of a case uses only values that the conventions allow."""
    for case, (example, _) in CASES.items():
        conventions = COMPONENTS[case.partition(" ")[0]].conventions
        assert conventions.keys() == example.parameters.keys()
        for name, value in example.parameters.items():
            assert value in conventions[name]
