"""Saarland's two-layer network: its parts, its two interfaces, and ordinary mistakes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from backproof import homework
from backproof.candidates.dialects import DIALECTS
from backproof.candidates.dialects.dialect import Component, open_submission
from backproof.candidates.dialects.hlcv import (
    PARAMETERS,
    Gradients,
    GradientsV3,
    Loss,
    LossV2,
    Probabilities,
    ProbabilitiesV1,
)
from backproof.candidates.script import Script
from backproof.loop import examine

HLCV = DIALECTS["hlcv"]
EXAMPLES = Path(__file__).parents[2] / "examples"
VERSIONS = (EXAMPLES / "hlcv" / "two_layernet.py").read_text("utf-8")

# As students wrote it until 2021: one method, and a softmax that is taken step by step.
WHOLE = """
import matplotlib.pyplot as plt
import numpy as np


class TwoLayerNet(object):
    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        self.params = {}
        self.params["W1"] = std * np.random.randn(input_size, hidden_size)
        self.params["b1"] = np.zeros(hidden_size)
        self.params["W2"] = std * np.random.randn(hidden_size, output_size)
        self.params["b2"] = np.zeros(output_size)

    def loss(self, X, y=None, reg=0.0):
        W1, b1 = self.params["W1"], self.params["b1"]
        W2, b2 = self.params["W2"], self.params["b2"]
        N = X.shape[0]
        a1 = np.dot(X, W1) + b1
        h1 = a1 * (a1 > 0)
        exponents = np.exp(np.dot(h1, W2) + b2)
        scores = exponents / np.sum(exponents, axis=1, keepdims=True)
        if y is None:
            return scores
        loss = np.sum([-np.log(row[label]) for row, label in zip(scores, y)]) / N
        loss += reg * (np.linalg.norm(W1) ** 2 + np.linalg.norm(W2) ** 2)
        delta = np.zeros_like(scores)
        delta[range(N), y] = 1
        d2 = (scores - delta) / N
        d1 = np.dot(d2, W2.T) * (a1 > 0)
        grads = {}
        grads["W2"] = np.dot(h1.T, d2) + 2 * reg * W2
        grads["b2"] = np.sum(d2, axis=0)
        grads["W1"] = np.dot(X.T, d1) + 2 * reg * W1
        grads["b1"] = np.sum(d1, axis=0)
        return loss, grads
"""

SOURCES: dict[str, str] = {}
"""The modules of one submission, which a single runner judges one after the other."""


def edited(source: str, edits: Mapping[str, str]) -> str:
    """A source with texts replaced that are there."""
    for old, new in edits.items():
        assert old in source, old
        source = source.replace(old, new)
    return source


def written(component: type[Component], source: str) -> type[Component]:
    """The component in a module of that source."""
    module = f"two_layernet_{len(SOURCES)}"
    SOURCES[module] = source
    return type(component.__name__, (component,), {"module": module})


# --- what is right -------------------------------------------------------------------------------

RIGHT = [
    *(written(kind, VERSIONS) for kind in HLCV.edition("2024").components),
    *(written(kind, WHOLE) for kind in HLCV.edition("2021").components),
]


@pytest.mark.parametrize("kind", RIGHT, ids=lambda kind: kind.__name__)
def test_every_right_part_passes(wrong_in, surveyed, kind):
    """In either interface, whether by logarithms of the softmax or by its parts."""
    assert surveyed(kind).variations == []
    assert wrong_in(kind, count=4) == set()


# The hand-out's own check: 4 features, 10 hidden units, 3 classes, 5 samples, reg 0.05.
WEIGHTS = np.random.RandomState(0)
HAND_OUT = {
    "W1": WEIGHTS.randn(4, 10) / 10,
    "b1": np.zeros(10),
    "W2": WEIGHTS.randn(10, 3) / 10,
    "b2": np.zeros(3),
}


@pytest.mark.parametrize(
    ("kind", "name", "call"),
    [
        (written(Loss, WHOLE), "TwoLayerNet", "loss"),
        (written(LossV2, VERSIONS), "TwoLayerNetv2", "compute_loss"),
    ],
)
def test_the_hand_outs_own_loss_comes_out(runner, kind, name, call):
    """All of the digits that it prints, asked for in the course's own words."""
    script = Script()
    net = script.create(kind.module, name, 4, 10, 3)
    params = script.get(net, "params")
    for parameter in PARAMETERS:
        script.set_item(params, parameter, HAND_OUT[parameter].copy())
    inputs = np.random.RandomState(1).randn(5, 4) * 10
    found = script.call(net, call, inputs, y=np.array([0, 1, 2, 2, 1]), reg=0.05)
    if call == "loss":
        found = script.item(found, 0)
    ((loss,),) = runner.run([(script, [found])])
    assert f"{float(loss):.11f}" == "1.30378789133"


EPS = "1e-08 is added inside the logarithm"


OWN = "p = scores[range(N), y][:, None]; d2 = (scores - delta) / N * (p / (p + 1e-8))"


@pytest.mark.parametrize(
    ("slope", "also"),
    [("d2 = (scores - delta) / N", " of the value alone"), (OWN, "")],
    ids=["value", "both"],
)
def test_a_small_eps_may_keep_the_logarithm_finite(tmp_path, slope, also):
    """In the loss and its gradient, or in the loss beside the gradient of document 003."""
    edits = {"np.log(row[label])": "np.log(row[label] + 1e-8)", "d2 = (scores - delta) / N": slope}
    (tmp_path / "two_layernet.py").write_text(edited(WHOLE, edits), "utf-8")
    verdict = homework.judge(tmp_path, HLCV, count=4)
    assert verdict.verdict == "pass", [c for c in verdict.checks if c.status != "pass"]
    named = {c.id.partition(".")[0].partition("-")[2]: c.variation for c in verdict.checks}
    assert named == {"probabilities": "", "loss": EPS, "gradients": EPS + also}


SUM = "np.sum(d2, axis=0)"
ROW = written(Gradients, edited(WHOLE, {SUM: "np.sum(d2, axis=0, keepdims=True)"}))


def test_the_gradient_of_a_bias_may_be_a_row(wrong_in, surveyed):
    """It can be subtracted from the bias, which a column cannot."""
    assert surveyed(ROW).variations == ["grads['b2'] (1, C)"]
    assert wrong_in(ROW) == set()


# --- what is wrong -------------------------------------------------------------------------------

SLOPES = {f"gradient.{name}" for name in PARAMETERS}
WRONG = [
    (Probabilities, WHOLE, {"axis=1, keepdims": "axis=0, keepdims"}, {"forward.probabilities"}),
    (Probabilities, WHOLE, {"return scores": "return np.log(scores)"}, {"forward.probabilities"}),
    (ProbabilitiesV1, VERSIONS, {"return np.exp(self": "return (self"}, {"forward.probabilities"}),
    (ProbabilitiesV1, VERSIONS, {"np.maximum(X": "np.minimum(X"}, {"forward.probabilities"}),
    (Loss, WHOLE, {"reg * (np.lin": "0.5 * reg * (np.lin"}, {"forward"}),
    (Loss, WHOLE, {"(scores, y)]) / N": "(scores, y)])"}, {"forward"}),
    (LossV2, VERSIONS, {".mean()": ".sum()"}, {"forward"}),
    (LossV2, VERSIONS, {'for name in ("W1", "W2")': 'for name in ("W1",)'}, {"forward"}),
    (Gradients, WHOLE, {"2 * reg * W1": "reg * W1"}, {"gradient.W1"}),
    (Gradients, WHOLE, {"(scores - delta) / N": "scores - delta"}, SLOPES),
    (Gradients, WHOLE, {"W2.T) * (a1 > 0)": "W2.T)"}, {"gradient.W1", "gradient.b1"}),
    (Gradients, WHOLE, {SUM: f"{SUM}[:, None]"}, {"gradient.b2", "shapes"}),
    (GradientsV3, VERSIONS, {"dhidden.sum(axis=0)": "dhidden.mean(axis=0)"}, {"gradient.b1"}),
    (GradientsV3, VERSIONS, {"self.compute_loss(X, y, reg), g": "0.5, g"}, {"forward"}),
]


@pytest.mark.parametrize(
    ("kind", "found"),
    [(written(kind, edited(source, edits)), found) for kind, source, edits, found in WRONG],
    ids=[f"{kind.__name__}: {'; '.join(edits.values())}" for kind, _, edits, _ in WRONG],
)
def test_a_mistake_fails_in_its_own_check(wrong_in, kind, found):
    """The checks beside it hold."""
    assert wrong_in(kind) == found


# --- what is not there ---------------------------------------------------------------------------

SKELETON = """
import numpy as np


class TwoLayerNet(object):
    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        self.params = {}

    def loss(self, X, y=None, reg=0.0):
        scores = 0.
        if y is None:
            return scores
        return 0., {}


class TwoLayerNetv1(object):
    __init__ = TwoLayerNet.__init__

    def forward(self, X):
        return np.ones((len(X), 4)) / 4


class TwoLayerNetv2(TwoLayerNetv1):
    def compute_loss(self, X, y=None, reg=0.0):
        return 0.
"""
BEGUN = written(ProbabilitiesV1, SKELETON)
ABSENT = [
    (written(Probabilities, SKELETON), "TwoLayerNet.loss is still 0"),
    (written(Loss, SKELETON), "TwoLayerNet.loss[0] is still 0"),
    (written(Gradients, SKELETON), "TwoLayerNet.loss[1]['W1'] is not there"),
    (written(LossV2, SKELETON), "TwoLayerNetv2.compute_loss is still 0"),
    (written(GradientsV3, SKELETON), "has no TwoLayerNetv3"),
]


@pytest.mark.parametrize(("kind", "said"), ABSENT, ids=lambda value: str(value)[:40])
def test_what_is_still_to_be_written_is_not_implemented(surveyed, held, kind, said):
    """A part as it is handed out, and a version that is not there, beside one that is."""
    examination = held(surveyed(kind))
    asked = examination.operation, examination.candidate
    verdict = examine(*asked, count=2, terms=examination.terms)
    assert {c.status for c in verdict.checks} == {"not-implemented"}
    assert all(said in c.message for c in verdict.checks)
    assert not surveyed(BEGUN).unwritten


# --- the interface and the examples --------------------------------------------------------------


@pytest.mark.parametrize(("source", "edition"), [(WHOLE, "2021"), (VERSIONS, "2024")])
def test_the_edition_is_told_by_the_classes(tmp_path, source, edition):
    """One class, or one for each step."""
    (tmp_path / "two_layernet.py").write_text(source, "utf-8")
    found = open_submission(tmp_path, HLCV)
    assert (found.edition.name, found.detected) == (edition, True)


@pytest.mark.parametrize(("edition", "also"), [("2021", set()), ("2024", {"forward"})])
def test_each_part_is_judged_by_what_its_interface_shows(edition, also):
    """No part shows the scores, and no check of one has the name of another's."""
    judged = homework.Homework(EXAMPLES / "hlcv", "hlcv", edition)
    expected = [judged.expected(number) for number in range(3)]
    properties = [{i.partition(".")[2] for i in ids} for ids in expected]
    numbers = [{p for p in found if p.startswith(("forward", "gradient"))} for found in properties]
    assert numbers == [{"forward.probabilities"}, {"forward"}, {*also, *SLOPES}]
    assert len({i for ids in expected for i in ids}) == sum(map(len, expected))


# Where each mistake of the wrong example's README shows.
MISTAKES = {
    ProbabilitiesV1: {"forward.probabilities"},
    LossV2: {"forward"},
    GradientsV3: {"forward", *SLOPES},
}
MISTAKEN = (EXAMPLES / "hlcv_wrong" / "two_layernet.py").read_text("utf-8")


@pytest.mark.parametrize(
    ("kind", "found"),
    [(written(kind, MISTAKEN), found) for kind, found in MISTAKES.items()],
    ids=[kind.__name__ for kind in MISTAKES],
)
def test_the_wrong_example_is_wrong_where_its_readme_says(wrong_in, kind, found):
    """Every mistake shows, and what is right holds."""
    assert wrong_in(kind) == found
