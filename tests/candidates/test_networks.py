"""The networks of uva and 11-785: where they keep their layers, what is not there, and mistakes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from backproof import catalog, homework
from backproof.aspects import Gradients
from backproof.candidates.candidate import Example
from backproof.candidates.dialects import DIALECTS, mytorch_2022, mytorch_2025
from backproof.candidates.dialects.dialect import Component, Submission, open_submission
from backproof.candidates.dialects.mytorch_2021 import MLP as HW1
from backproof.candidates.dialects.mytorch_2021 import Training
from backproof.candidates.dialects.uva import (
    ELUMLP,
    LeakyReLUMLP,
    ReLUMLP,
    UnitELUMLP,
)
from backproof.candidates.isolated import IsolatedCandidate
from backproof.candidates.process import Runner
from backproof.examination import Examination, Terms
from backproof.inputs.examples import Course, Draw
from backproof.inputs.search import explore

EXAMPLES = Path(__file__).parents[2] / "examples"
UVA = DIALECTS["uva"]
MYTORCH = DIALECTS["mytorch"]

Edits = Mapping[str, str]


def edited(source: str, edits: Edits) -> str:
    """A source with texts replaced that are there once."""
    for old, new in edits.items():
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return source


def asked(submission: Submission, kind: type[Component], count: int = 5) -> tuple[list[str], set]:
    """What is named of a component, and the properties that are wrong in some example."""
    component, wrong = kind(), set()
    with Runner(submission) as runner:
        component.survey(lambda script, handles: runner.run([(script, handles)])[0])
        course = Course(component.conventions, component.cotangent, component.fit)
        terms = Terms(course, component.averaged, component.scale, accepts_variations=True)
        candidate = IsolatedCandidate(runner, component)
        operation = catalog.find(component.operation)
        aspect = Gradients(Examination(operation, candidate, np.dtype(np.float64), terms))

        def visit(draw: Draw) -> None:
            found = aspect.findings(draw, slopes=False)
            assert found.keys() > {"forward", "stability"}
            wrong.update(p for p, f in found.items() if f.outcome == "wrong")

        explore(aspect.strategy(course), visit, operation.name, count)
    return component.variations, wrong


def broken_in(path: Path, dialect: str, operation: str) -> set[str]:
    """The clauses of the contract that a network breaks."""
    found = set()
    for clause in ("mutation", "repeatability"):
        only = f"{operation}.{clause}"
        (check,) = homework.judge(path, DIALECTS[dialect], only=only, count=4).checks
        assert check.status in {"pass", "fail"}
        found |= {clause} if check.status == "fail" else set()
    return found


# --- uva: right, however it is built -------------------------------------------------------------

MODULES = """
import numpy as np

class LinearModule:
    def __init__(self, in_features, out_features):
        weight = np.random.randn(out_features, in_features)
        self.params = {"weight": weight, "bias": np.zeros(out_features)}
        self.grads = {"weight": None, "bias": None}

    def forward(self, x):
        self.x = x
        return x @ self.params["weight"].T + self.params["bias"]

    def backward(self, dout):
        self.grads["weight"] = dout.T @ self.x
        self.grads["bias"] = dout.sum(axis=0)
        return dout @ self.params["weight"]

    def clear_cache(self):
        self.grads = {"weight": 0, "bias": 0}

class ReLUModule:
    def forward(self, x):
        self.x = x
        return np.maximum(x, 0)

    def backward(self, dout):
        return dout * (self.x > 0)

class LeakyReLUModule:
    def __init__(self, neg_slope):
        self.slope = neg_slope

    def forward(self, x):
        self.factor = np.where(x > 0, 1, self.slope)
        return x * self.factor

    def backward(self, dout):
        return dout * self.factor

class ELUModule:
    def __init__(self, alpha=1):
        self.alpha = alpha

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.alpha * (np.exp(x) - 1))

    def backward(self, dout):
        return dout * np.where(self.x > 0, 1, self.alpha * np.exp(self.x))

class SoftMaxModule:
    def forward(self, x):
        self.out = np.exp(x)
        self.out /= self.out.sum(axis=1, keepdims=True)
        return self.out

    def backward(self, dout):
        return self.out * (dout - (dout * self.out).sum(axis=1, keepdims=True))
"""

NETWORK = """
from modules import *

class MLP(object):
    def __init__(self, n_inputs, n_hidden, n_classes):
        self.layers = []
        for n in n_hidden:
            self.layers += [LinearModule(n_inputs, n), ELUModule()]
            n_inputs = n
        self.layers += [LinearModule(n_inputs, n_classes), SoftMaxModule()]

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, dout):
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
"""

# Its last layer comes first, the others lie in objects of its own, in a dict.
SCATTERED = """
import numpy as np
from modules import *

class Block:
    def __init__(self, n_in, n_out):
        self.parts = LinearModule(n_in, n_out), ELUModule()
        self.library = np

class MLP:
    def __init__(self, n_inputs, n_hidden, n_classes):
        sizes = [n_inputs, *n_hidden]
        self.last = LinearModule(sizes[-1], n_classes)
        pairs = zip(sizes, sizes[1:])
        self.hidden = {f"block{n}": Block(*pair) for n, pair in enumerate(pairs)}
        self.blocks = list(self.hidden.values())
        self.softmax = SoftMaxModule()

    def forward(self, x):
        for block in self.blocks:
            for part in block.parts:
                x = part.forward(x)
        return self.softmax.forward(self.last.forward(x))

    def backward(self, dout):
        dout = self.last.backward(self.softmax.backward(dout))
        for block in self.blocks[::-1]:
            for part in block.parts[::-1]:
                dout = part.backward(dout)
"""

IN_OUT = {
    "randn(out_features, in_features)": "randn(in_features, out_features)",
    '["weight"].T + ': '["weight"] + ',
    "dout.T @ self.x": "self.x.T @ dout",
    'dout @ self.params["weight"]': 'dout @ self.params["weight"].T',
}
ROW = {
    "np.zeros(out_features)": "np.zeros((1, out_features))",
    "sum(axis=0)": "sum(axis=0)[None]",
}
ADDED = {'["weight"] = dout': '["weight"] += dout', '["bias"] = dout': '["bias"] += dout'}
ADDING = {**ADDED, '{"weight": None, "bias": None}': '{"weight": 0, "bias": 0}'}
LEAKY = {
    "n_classes):": "n_classes, neg_slope):",
    "ELUModule()": "LeakyReLUModule(neg_slope)",
}
LATE = "no gradients before the first backward"


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Submission]:
    """Write a homework of two files."""

    def write(network: str, modules: str = MODULES) -> Submission:
        (tmp_path / "modules.py").write_text(modules, "utf-8")
        (tmp_path / "mlp_numpy.py").write_text(network, "utf-8")
        return open_submission(tmp_path, UVA, "2024")

    return write


@pytest.mark.parametrize(
    ("kind", "network", "modules", "told"),
    [
        (ELUMLP, NETWORK, {}, [LATE]),
        (UnitELUMLP, SCATTERED, {}, [LATE]),
        (ELUMLP, edited(NETWORK, {"ELUModule()": "ELUModule(0.25)"}), {}, [LATE, "alpha 0.25"]),
        (ReLUMLP, edited(NETWORK, {"ELUModule()": "ReLUModule()"}), {}, [LATE]),
        (LeakyReLUMLP, edited(NETWORK, LEAKY), {}, [LATE]),
        (UnitELUMLP, NETWORK, {**IN_OUT, **ROW}, ["weight (in, out)", "bias (1, out)", LATE]),
        (UnitELUMLP, SCATTERED, ADDING, ["gradients add up until clear_cache()"]),
    ],
)  # fmt: skip
def test_a_right_network_passes_wherever_it_keeps_its_layers(written, kind, network, modules, told):
    """In every edition, in what its layers leave open, and with an alpha of its own."""
    assert asked(written(network, edited(MODULES, modules)), kind) == (told, set())


# --- uva: wrong ----------------------------------------------------------------------------------

SLOPES = {f"gradient.{name}{n}" for name in ("weight", "bias") for n in (1, 2, 3)}


@pytest.mark.parametrize(
    ("edits", "found"),
    [
        ({"reversed(self.layers)": "reversed(self.layers[:-1])"}, SLOPES),
        ({", ELUModule()]": ", SoftMaxModule()]"}, {"forward", *SLOPES}),
        ({"            x = layer": "            x = 1.5 * layer"}, {"forward", *SLOPES}),
    ],
)
def test_a_network_that_is_wrong_fails(written, edits, found):
    """The softmax is left out of the backward; another activation; a factor after each layer."""
    assert asked(written(edited(NETWORK, edits)), UnitELUMLP, 10)[1] == found


WRITES = "    def forward(self, x):\n"
REMEMBERS = (
    "    def forward(self, x):\n"
    "        self.first = getattr(self, 'first', x)\n"
    "        x = x + self.first.mean()\n"
)


@pytest.mark.parametrize(
    ("edits", "modules", "broken"),
    [
        ({}, {}, set()),
        ({}, ADDING, set()),
        ({WRITES: f"{WRITES}        x -= x.mean()\n"}, {}, {"mutation"}),
        (
            {"def backward(self, dout):\n": "def backward(self, dout):\n        dout *= 2\n"},
            {},
            {"mutation"},
        ),
        ({WRITES: REMEMBERS}, {}, {"repeatability"}),
    ],
)
def test_a_network_keeps_the_contract(written, tmp_path, edits, modules, broken):
    """It writes to nothing that it is handed, and answers alike; gradients may add up by design."""
    written(edited(NETWORK, edits), edited(MODULES, modules))
    assert broken_in(tmp_path, "uva", "mlp") == broken


def test_the_examples_of_uva_are_right_and_wrong():
    """The wrong one's forward is right, though its softmax overflows in a layer's own examples."""
    right, wrong = (
        asked(open_submission(EXAMPLES / name, UVA), ELUMLP) for name in ("uva", "uva_wrong")
    )
    assert right == ([], set())
    assert wrong == ([], SLOPES)


# --- what is not there ---------------------------------------------------------------------------

UNWRITTEN = """
from modules import *

class MLP(object):
    def __init__(self, n_inputs, n_hidden, n_classes):
        pass
"""
RETURNS_OUT = edited(NETWORK, {"return x": "return out"})
OTHERWISE = edited(NETWORK, {"LinearModule(n_inputs, n_classes)": "LinearModule(n_classes, 7)"})


@pytest.mark.parametrize(
    ("network", "status", "said"),
    [
        (UNWRITTEN, "not-implemented", "MLP.LinearModule[0] is not there"),
        (RETURNS_OUT, "not-implemented", "MLP.forward is not written: it has no out"),
        ("", "not-implemented", "has no MLP"),
        (OTHERWISE, "error", "MLP(2, [], 3) does not hold LinearModule(2, 3)"),
        (edited(NETWORK, {"in n_hidden": "in n_absent"}), "error", "MLP raised NameError"),
    ],
)
def test_an_unwritten_network_is_said_to_be_one(written, tmp_path, network, status, said):
    """In each of its checks."""
    written(network)
    verdict = homework.judge(tmp_path, UVA, edition="2024", operations=["mlp"], count=2)
    assert {c.status for c in verdict.checks} == {status}
    assert [c.message for c in verdict.checks if said not in c.message] == []


def test_a_homework_without_a_network_is_judged_for_the_rest(written, tmp_path):
    """A file that is not there is no error of the others."""
    written("")
    (tmp_path / "mlp_numpy.py").unlink()
    verdict = homework.judge(tmp_path, UVA, operations=["softmax", "mlp"], count=2)
    found = {c.operation: set() for c in verdict.checks}
    for check in verdict.checks:
        found[check.operation].add(check.status)
    assert found["mlp"] == {"not-implemented"}
    assert "pass" in found["softmax"]
    assert found["softmax"] <= {"pass", "fail"}  # this one overflows


# --- 11-785 --------------------------------------------------------------------------------------

HW1_SKELETON = """
class MLP(object):
    def __init__(self, input_size, output_size, hiddens, activations, weight_init_fn,
                 bias_init_fn, criterion, lr, momentum=0.0, num_bn_layers=0):
        self.linear_layers = None

    def forward(self, x):
        raise NotImplemented
"""


@pytest.fixture
def homework_of(tmp_path: Path) -> Callable[[str], Path]:
    """Write the right 11-785 homework with another network."""

    def write(network: str) -> Path:
        path = Path(shutil.copytree(EXAMPLES / "mytorch", tmp_path / "homework"))
        (path / "hw1" / "hw1.py").write_text(network, "utf-8")
        return path

    return write


UNWRITTEN_STEP = "def step(self):\n        raise NotImplemented\n\n    def later(self):"
HW1_RIGHT = (EXAMPLES / "mytorch" / "hw1" / "hw1.py").read_text("utf-8")


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (HW1_SKELETON, "MLP.linear_layers[0] is not there"),
        (
            edited(
                HW1_RIGHT,
                {"        self.output = x\n        return x": "        raise NotImplemented"},
            ),
            "MLP.forward is not written",
        ),
        (edited(HW1_RIGHT, {"def zero_grads": "def zero"}), "MLP has no zero_grads"),
    ],
)
def test_a_network_that_is_begun_is_not_implemented(homework_of, network, said):
    """Neither its gradients nor its training are, and a layer beside it is judged."""
    asked = "batchnorm_mlp", "mlp_training", "identity"
    verdict = homework.judge(homework_of(network), MYTORCH, operations=asked, count=2)
    networks = [c for c in verdict.checks if c.operation != "identity"]
    assert {c.status for c in networks} == {"not-implemented"}
    assert [c.message for c in networks if said not in c.message] == []
    assert {c.status for c in verdict.checks if c.operation == "identity"} == {"pass"}


def test_a_network_whose_step_is_still_to_be_written_has_its_gradients_judged(homework_of):
    """The training alone is not there."""
    path = homework_of(edited(HW1_RIGHT, {"def step(self):": UNWRITTEN_STEP}))
    verdict = homework.judge(path, MYTORCH, operations=["batchnorm_mlp", "mlp_training"], count=4)
    found = {(c.operation, c.status) for c in verdict.checks}
    assert found == {("batchnorm_mlp", "pass"), ("mlp_training", "not-implemented")}


@pytest.mark.parametrize(
    ("edits", "broken"),
    [
        ({}, set()),
        (
            {"    def forward(self, x):\n": "    def forward(self, x):\n        x += 1\n"},
            {"mutation"},
        ),
        (
            {"self.criterion.derivative()\n": "self.criterion.derivative()\n        labels += 1\n"},
            {"mutation"},
        ),
        (
            {"x = linear(x)\n": "x = linear(x)\n            linear.b = linear.b + 1\n"},
            {"repeatability"},
        ),
    ],
)
def test_a_network_of_hw1_keeps_the_contract(homework_of, edits, broken):
    """Neither x nor the labels are its own to write to, and a forward leaves parameters alone."""
    path = homework_of(edited(HW1_RIGHT, edits))
    assert broken_in(path, "mytorch", "batchnorm_mlp") == broken


def test_layers_of_equal_sizes_get_their_own_parameters():
    """Which initialiser's array belongs to which is settled on the layers themselves."""
    widths = 2, 2, 2
    inputs = {"x": np.eye(2), "targets": np.eye(2)}
    for n, (before, after) in enumerate(pairwise(widths), start=1):
        inputs |= {f"weight{n}": np.full((before, after), float(n)), f"bias{n}": np.full(after, -n)}
    example = Example(inputs, {"layers": "identity, identity"}, np.ones(2))
    with Runner(open_submission(EXAMPLES / "mytorch", MYTORCH)) as runner:
        answer = IsolatedCandidate(runner, HW1()).answer(example)
    first, second = (inputs[f"weight{n}"] for n in (1, 2))
    logits = (inputs["x"] @ first + inputs["bias1"]) @ second + inputs["bias2"]
    assert np.array_equal(answer.outputs["logits"], logits)


def test_a_training_takes_two_steps_at_least():
    """Momentum shows in the second."""
    assert Training().fit({"steps": 1}, {}) == ({"steps": 2}, {})
    assert Training().fit({"steps": 3}, {}) == ({"steps": 3}, {})


# --- 11-785 since 2022 ---------------------------------------------------------------------------

CHAINS = {"2022": mytorch_2022.Chain, "2025": mytorch_2025.Chain}
FOLDERS = {"2022": "mytorch/nn/modules", "2025": "mytorch/nn"}

Changed = Mapping[str, Edits]


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[str, Changed], Path]:
    """Write a year's right homework with edits in some of its files."""

    def write(edition: str, changes: Changed) -> Path:
        path = Path(shutil.copytree(EXAMPLES / f"mytorch_{edition}", tmp_path / "homework"))
        for name, edits in changes.items():
            file = path / FOLDERS[edition] / f"{name}.py"
            file.write_text(edited(file.read_text("utf-8"), edits), "utf-8")
        return path

    return write


W_IN_OUT = {
    "np.zeros((out_features, in_features))": "np.zeros((in_features, out_features))",
    "A @ self.W.T": "A @ self.W",
    "dLdZ @ self.W\n": "dLdZ @ self.W.T\n",
    "dLdZ.T @ self.A": "self.A.T @ dLdZ",
}
B_ROW = {
    "np.zeros((out_features, 1)": "np.zeros((1, out_features)",
    "self.b.T": "self.b",
    ".reshape(-1, 1) / self.N": "[np.newaxis] / self.N",
}
FLAT_NORM = {"BW = np.ones((1, num_features))": "BW = np.ones(num_features)"}
AVERAGED = "dLdW and dLdb averaged over the batch"
LOSS_MATRIX = {").sum() / len(A)": ").sum(keepdims=True) / len(A)"}


@pytest.mark.parametrize(
    ("edition", "changes", "told"),
    [
        ("2022", {}, [AVERAGED]),
        ("2025", {}, []),
        ("2022", {"activation": {"np.ones_like(self.A)": "1.0"}}, [AVERAGED]),
        ("2022", {"linear": B_ROW, "loss": LOSS_MATRIX}, ["b (1, out)", AVERAGED, "loss (1, 1)"]),
        ("2025", {"linear": W_IN_OUT, "batchnorm": FLAT_NORM}, ["W (in, out)", "BW (D,)"]),
    ],
)
def test_right_layers_are_right_in_a_row(changed, edition, changes, told):
    """Each in the shapes that it was found with, which are named."""
    submission = open_submission(changed(edition, changes), MYTORCH)
    variations, wrong = asked(submission, CHAINS[edition])
    assert wrong == set()
    assert [v for v in variations if not v.startswith("dLdBW")] == told


NORM_SLOPES = {f"gradient.{name}{n}" for name in ("gamma", "beta") for n in (1, 2)}
LAST = {"gradient.weight3", "gradient.bias3"}
NORMALISED = {f"gradient.{name}" for name in ("weight1", "gamma1", "beta1", "weight2")}
TRUE_LOSS = {"self.softmax - self.Y": "(self.softmax - self.Y) / len(self.Y)"}
TRUE_LINEAR = {"self.A / self.N": "self.A", "(-1, 1) / self.N": "(-1, 1)"}
LAST_SLOPES = {
    "        self.dLdW = np.zeros_like(self.W)\n": "",
    "self.dLdW = dLdZ": "Linear.dLdW = dLdZ",
}


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"loss": TRUE_LOSS}, SLOPES | NORM_SLOPES),
        ({"linear": TRUE_LINEAR}, SLOPES),
        ({"loss": TRUE_LOSS, "linear": TRUE_LINEAR}, NORM_SLOPES),
    ],
    ids=["loss", "linear", "both"],
)
def test_only_the_chain_agrees(changed, changes, found):
    """In 2022 the mean may come in at either of two places, as far as the linear layers go."""
    submission = open_submission(changed("2022", changes), MYTORCH)
    assert asked(submission, mytorch_2022.Chain, 25)[1] == found


def test_gradients_that_all_layers_of_a_class_share_show_in_a_row(changed):
    """The first layer's are the last to be written; a layer by itself passes."""
    path = changed("2022", {"linear": LAST_SLOPES})
    assert homework.judge(path, MYTORCH, operations=["linear"], count=4).verdict == "pass"
    wrong = asked(open_submission(path, MYTORCH), mytorch_2022.Chain, 20)[1]
    assert wrong == {"gradient.weight2", "gradient.weight3"}


@pytest.mark.parametrize(
    ("edition", "changes", "found"),
    [
        (
            "2022",
            {"activation": {"self.A * (1 - self.A)": "1 - self.A"}},
            (SLOPES | NORM_SLOPES) - LAST,
        ),
        ("2025", {"batchnorm": {"dLdBZ * self.BW": "dLdBZ"}}, NORMALISED),
        ("2025", {"loss": {"Softmax().forward(A)": "np.exp(A)"}}, SLOPES | NORM_SLOPES),
    ],
)
def test_a_mistake_in_one_layer_shows_in_those_before_it(changed, edition, changes, found):
    """What is after it stays right; a bias that is normalised away has none but 0."""
    submission = open_submission(changed(edition, changes), MYTORCH)
    assert asked(submission, CHAINS[edition], 25)[1] == found


def test_two_mistakes_may_cancel_in_a_row():
    """In the wrong example the loss lacks 1/N and the linear layer has it: the last W is right."""
    wrong = asked(open_submission(EXAMPLES / "mytorch_2025_wrong", MYTORCH), CHAINS["2025"], 25)[1]
    assert wrong == (SLOPES | NORM_SLOPES) - {"gradient.weight3"}


def test_a_bias_gradient_that_fits_no_column_is_told_its_shape(changed):
    """As the layer by itself is."""
    path = changed("2022", {"linear": {".reshape(-1, 1) / self.N": " / self.N"}})
    only = "batchnorm_mlp.gradient.bias1"
    (check,) = homework.judge(path, MYTORCH, count=4, only=only).checks
    assert check.status == "fail"
    assert check.diagnosis.text.endswith("it must have (2, 1).")


def test_layers_in_a_row_wait_for_the_last_that_is_to_be_written(changed):
    """Those that are written are judged by themselves."""
    edits = {"return self.A * (1 - self.A)": "raise NotImplemented"}
    path = changed("2022", {"activation": edits})
    verdict = homework.judge(path, MYTORCH, operations=["batchnorm_mlp", "linear"], count=2)
    chain = [c for c in verdict.checks if c.operation == "batchnorm_mlp"]
    assert {c.status for c in chain} == {"not-implemented"}
    assert {c.message for c in chain} == {"Sigmoid.backward is not written"}
    assert {c.status for c in verdict.checks if c not in chain} == {"pass"}
