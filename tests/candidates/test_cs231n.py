"""Stanford's interface: pairs of functions, their caches and dicts, and ordinary mistakes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from backproof import homework
from backproof.candidates.candidate import CandidateError, Example
from backproof.candidates.dialects import DIALECTS
from backproof.candidates.dialects.cs231n import (
    Affine,
    BatchNorm,
    BatchNormAlt,
    Conv,
    DropDropout,
    Dropout,
    GroupNorm,
    LayerNorm,
    MaxPool,
    ReLU,
    SoftmaxLoss,
    SpatialBatchNorm,
    SVMLoss,
)
from backproof.candidates.dialects.dialect import Component, open_submission
from backproof.catalog import find
from backproof.inputs.examples import Course, Draw, examples
from backproof.inputs.search import explore
from backproof.loop import examine

CS231N = DIALECTS["cs231n"]
EXAMPLES = Path(__file__).parents[2] / "examples"
LAYERS = (EXAMPLES / "cs231n" / "cs231n" / "layers.py").read_text("utf-8")

SOURCES: dict[str, str] = {}
"""The modules of one submission, which a single runner judges one after the other."""


def edited(edits: Mapping[str, str]) -> str:
    """The right homework with texts replaced that are there once."""
    source = LAYERS
    for old, new in edits.items():
        assert source.count(old) == 1, old
        source = source.replace(old, new)
    return source


def written(component: type[Component], source: str) -> type[Component]:
    """The component in a module of that source."""
    module = f"layers_{len(SOURCES)}"
    SOURCES[module] = source
    return type(component.__name__, (component,), {"module": module})


# --- what is right -------------------------------------------------------------------------------

KEEPS, DROPS = "(np.random.rand(*x.shape) < p) / p", "(np.random.rand(*x.shape) >= p) / (1 - p)"
RIGHT = [written(kind, LAYERS) for kind in CS231N.edition("2018").components]
RIGHT.append(written(DropDropout, edited({KEEPS: DROPS})))

FIRST_OF_TIES = {
    "largest = x[window] == x[window].max(axis=(2, 3), keepdims=True)": (
        "flat = x[window].reshape(*x.shape[:2], -1)\n"
        "        first = np.arange(flat.shape[2]) == flat.argmax(axis=2)[..., None]\n"
        "        largest = first.reshape(x[window].shape)"
    )
}
FLAT = {
    "(dout * x_hat).sum(axis=pixels, keepdims=True)": "(dout * x_hat).sum(axis=pixels)",
    "dout.sum(axis=pixels, keepdims=True)": "dout.sum(axis=pixels)",
}
IN_PLACE = {
    '    bn_param["running_mean"] = momentum * running_mean + (1 - momentum) * mean\n': (
        "    running_mean *= momentum\n"
        "    running_mean += (1 - momentum) * mean\n"
        '    bn_param["running_mean"] = running_mean\n'
    )
}
EACH_OF_TIES = "        dx[window] += largest"
AT_TIES = [
    (MaxPool, {}, "each of equal entries"),
    (MaxPool, FIRST_OF_TIES, ""),
    (
        MaxPool,
        {
            EACH_OF_TIES: (
                "        largest = largest[:, :, ::-1, ::-1]\n"
                "        flat = largest.reshape(*x.shape[:2], -1)\n"
                "        first = np.arange(flat.shape[2]) == flat.argmax(axis=2)[..., None]\n"
                "        largest = first.reshape(largest.shape)[:, :, ::-1, ::-1]\n" + EACH_OF_TIES
            )
        },
        "the last of equal entries",
    ),
    (
        MaxPool,
        {EACH_OF_TIES: f"{EACH_OF_TIES} / largest.sum(axis=(2, 3), keepdims=True)"},
        "equal entries share",
    ),
    (
        MaxPool,
        {EACH_OF_TIES: f"{EACH_OF_TIES} * (largest.sum(axis=(2, 3), keepdims=True) == 1)"},
        None,
    ),
    (SVMLoss, {}, ""),
    (
        SVMLoss,
        {
            "np.maximum(0, x - x[rows, y][:, None] + 1)": "x - x[rows, y][:, None] + 1",
            "margins[rows, y] = 0": "margins[rows, y] = -1",
            "(margins > 0)": "(margins >= 0)",
            "margins.sum()": "np.maximum(0, margins).sum()",
        },
        "a score at the margin violates it",
    ),
    (SVMLoss, {"(margins > 0).astype(x.dtype)": "(margins >= 0).astype(x.dtype)"}, None),
]
TIED = [(written(kind, edited(edits)), named) for kind, edits, named in AT_TIES]


@pytest.mark.parametrize(("kind", "named"), TIED, ids=[str(named) for *_, named in AT_TIES])
def test_one_of_the_ways_to_break_a_tie_is_followed_and_named(surveyed, held, kind, named):
    """No gradient at all where entries tie, and one wherever no margin is violated, are none."""
    examination = held(surveyed(kind))
    operation, terms = examination.operation, examination.terms
    only = f"{operation.name}.kink.{operation.kinks}"
    (check,) = examine(operation, examination.candidate, count=15, terms=terms, only=only).checks
    assert check.status == ("fail" if named is None else "pass")
    assert check.variation == (named or "")


ALSO_RIGHT = [
    (written(GroupNorm, edited(FLAT)), ["dgamma and dbeta (C,)"]),
    (written(BatchNorm, edited(IN_PLACE)), []),
]


@pytest.mark.parametrize("kind", RIGHT, ids=lambda kind: kind.__name__)
def test_every_right_layer_passes(wrong_in, kind):
    """Values, gradients and the contract, under every setting that the dicts have."""
    assert wrong_in(kind, count=4) == set()


@pytest.mark.parametrize(("kind", "told"), ALSO_RIGHT, ids=lambda value: str(value)[-30:])
def test_what_is_left_open_is_accepted(wrong_in, surveyed, kind, told):
    """Gradients of (C,), statistics that are updated in place."""
    assert surveyed(kind).variations == told
    assert wrong_in(kind, count=4) == set()


# --- what is wrong -------------------------------------------------------------------------------

AFFINE, CACHE = "gamma * x_hat + beta", "(x_hat, std, gamma, G)"
GROUPED = f"{AFFINE}, {CACHE}"
UNCROPPED = "dpadded[:, :, pad : height - pad, pad : width - pad]"
EVALUATED = "(x - running_mean) / np.sqrt(running_var"
SLOPES = {"gradient.x", "gradient.gamma"}
STATS = {"forward.running_mean", "forward.running_var"}
COUNTED = (
    '        dropout_forward.calls = getattr(dropout_forward, "calls", 0) + 1\n'
    "        np.random.seed(dropout_forward.calls)\n"
)
SEED = '        np.random.seed(dropout_param["seed"])\n'
FORGOTTEN = {f'bn_param["running_{name}"] = m': "ignored = m" for name in ("mean", "var")}
WRONG = [
    (Affine, {"(dout @ w.T).reshape(x.shape)": "dout @ w.T"}, {"gradient.x", "shapes"}),
    (Affine, {"dx, dw, dout.sum(axis=0)": "dx, dw, dout.mean(axis=0)"}, {"gradient.bias"}),
    (
        Affine,
        {"dw = x.reshape(len(x), -1).T @ dout": "dw = dout.T @ x.reshape(len(x), -1)"},
        {"gradient.weight", "shapes"},
    ),
    (ReLU, {"np.where(cache > 0, dout, 0)": "dout"}, {"gradient.x"}),
    (SoftmaxLoss, {"[rows, y].mean(), dx / len(x)": "[rows, y].mean(), dx"}, {"gradient.logits"}),
    (SoftmaxLoss, {"[rows, y].mean(), dx": "[rows, y].sum(), dx"}, {"forward"}),
    (SVMLoss, {"    margins[rows, y] = 0\n": ""}, {"forward"}),
    (SVMLoss, {"dx[rows, y] -= dx.sum(axis=1)": "dx[rows, y] = -1"}, {"gradient.scores"}),
    (
        BatchNorm,
        {"(1 - momentum) * var": "(1 - momentum) * var * len(x) / 2"},
        {"forward.running_var"},
    ),
    (BatchNorm, FORGOTTEN, STATS),
    (BatchNorm, {EVALUATED: "(x - x.mean(0)) / np.sqrt(x.var(0)"}, {"forward"}),
    (BatchNorm, {"2 * dvar * centred / len(dout)": "2 * dvar * centred"}, {"gradient.x"}),
    (BatchNormAlt, {"(dbeta + x_hat * dgamma)": "(x_hat * dgamma)"}, {"gradient.x"}),
    (LayerNorm, {'ln_param.get("eps", 1e-5)': "1e-5"}, {"forward", *SLOPES}),
    (Dropout, {KEEPS: "(np.random.rand(*x.shape) < p)"}, {"forward", "gradient.x"}),
    (Dropout, {'dout if mode == "test" else dout * mask': "dout"}, {"gradient.x"}),
    (Dropout, {"return x, (mode, None)": "return x * p, (mode, None)"}, {"forward"}),
    (Dropout, {KEEPS: KEEPS.replace("<", ">")}, {"randomness"}),
    (Dropout, {KEEPS: KEEPS.replace("*x.shape", "*x.shape[1:]")}, {"randomness"}),
    (Dropout, {KEEPS: "(np.ones(x.shape) > 0) / p"}, {"randomness"}),
    (Dropout, {KEEPS: "np.zeros(x.shape)"}, {"randomness"}),
    (DropDropout, {}, {"forward", "gradient.x", "randomness"}),
    (Conv, {UNCROPPED: "dpadded[:, :, pad:-pad, pad:-pad]"}, {"gradient.x", "shapes"}),
    (
        Conv,
        {"tensordot(padded[window], w,": "tensordot(padded[window], w[:, :, ::-1],"},
        {"forward"},
    ),
    (Conv, {"dout.sum(axis=(0, 2, 3))": "dout.sum(axis=(0, 2))"}, {"gradient.bias", "shapes"}),
    (MaxPool, {"dx[window] += largest": "dx[window] = largest"}, {"gradient.x"}),
    (
        SpatialBatchNorm,
        {"batchnorm_backward_alt(flat": "batchnorm_backward(2 * flat"},
        {*SLOPES, "gradient.beta"},
    ),
    (GroupNorm, {GROUPED: f"({AFFINE}).reshape(len(x), G, -1), {CACHE}"}, {"forward", "shapes"}),
    (GroupNorm, {"return dx.reshape(dout.shape), d": "return dx, d"}, {"gradient.x", "shapes"}),
    (
        GroupNorm,
        {"grouped = x.reshape(len(x), G, -1)": "grouped = x.reshape(len(x), 1, -1)"},
        {"forward", *SLOPES},
    ),
]


@pytest.mark.parametrize(
    ("kind", "found"),
    [(written(kind, edited(edits)), found) for kind, edits, found in WRONG],
    ids=[f"{kind.__name__}: {'; '.join(edits.values())}" for kind, edits, _ in WRONG],
)
def test_a_mistake_fails_in_its_own_check(wrong_in, kind, found):
    """The checks beside it hold."""
    assert wrong_in(kind) == found


DEFAULT = {name: f'bn_param.get("{name}", ' for name in ("eps", "momentum")}
VAR = 'bn_param.get("running_var", np.'
EPS_OF_LAYERS, EPS_OF_GROUPS = (f'{name}.get("eps", 1e-5)' for name in ("ln_param", "gn_param"))
BEGINNINGS = [
    (BatchNorm, {f"{DEFAULT['eps']}1e-5": f"{DEFAULT['eps']}1e-3"}, {"forward", *SLOPES}),
    (BatchNorm, {f"{DEFAULT['momentum']}0.9": f"{DEFAULT['momentum']}0.1"}, STATS),
    (BatchNorm, {f"{VAR}zeros": f"{VAR}ones"}, {"forward", "forward.running_var"}),
    (SpatialBatchNorm, {f"{DEFAULT['eps']}1e-5": f"{DEFAULT['eps']}1e-3"}, {"forward", *SLOPES}),
    (SpatialBatchNorm, {f"{VAR}zeros": f"{VAR}ones"}, {"forward", "forward.running_var"}),
    (LayerNorm, {EPS_OF_LAYERS: 'ln_param.get("eps", 1e-8)'}, {"forward", *SLOPES}),
    (GroupNorm, {EPS_OF_GROUPS: 'gn_param.get("eps", 1e-8)'}, {"forward", *SLOPES}),
]


@pytest.mark.parametrize(
    ("kind", "found"),
    [(written(kind, edited(edits)), found) for kind, edits, found in BEGINNINGS],
    ids=[f"{kind.__name__}: {'; '.join(edits.values())}" for kind, edits, _ in BEGINNINGS],
)
def test_a_wrong_default_or_start_fails(wrong_in, kind, found):
    """A dict need hold neither eps nor momentum, nor statistics before the first call."""
    assert wrong_in(kind, count=20) == found


UNSEEDED = written(Dropout, edited({SEED: COUNTED}))


def test_a_mask_that_ignores_the_seed_is_no_wrong_formula(wrong_in):
    """Each answer is judged by its own mask; that it is another each time is its only fault."""
    found = wrong_in(UNSEEDED)
    assert {"repeatability", "linearity"} <= found <= {"repeatability", "linearity", "layouts"}


# --- what is asked -------------------------------------------------------------------------------


@pytest.mark.parametrize(("rate", "kept"), [(0.0, 1.0), (0.2, 0.8), (0.5, 0.5)])
def test_p_is_what_its_year_says(rate, kept):
    """The probability of keeping an entry since 2018, of dropping it before."""
    assert Dropout().probability(rate) == kept
    assert DropDropout().probability(rate) == rate


def draws(kind: type[Component]) -> list[Draw]:
    """Examples as the course asks them."""
    found: list[Draw] = []
    component = kind()
    course = Course(component.conventions, component.cotangent, component.fit, component.initial)
    operation = find(component.operation)
    explore(examples(operation, course), found.append, operation.name, 20)
    return found


def test_windows_leave_no_rest():
    """As the hand-out promises; without it they would."""
    rests = set()
    for draw in draws(Conv):
        x, weight = (draw.example.inputs[name].shape[2:] for name in ("x", "weight"))
        stride, padding = (draw.example.parameters[name] for name in ("stride", "padding"))
        rests |= {(a + 2 * padding - b) % stride for a, b in zip(x, weight, strict=True)}
    for draw in draws(MaxPool):
        sizes = draw.example.inputs["x"].shape[2:]
        windows = zip(
            sizes, *(draw.example.parameters[n] for n in ("window", "stride")), strict=True
        )
        rests |= {(extent - window) % stride for extent, window, stride in windows}
    assert rests == {0}


def test_samples_come_flat_and_as_pictures():
    """A single factor stays one, and 4 features are a square."""
    shapes = {Affine().sent(draw.example, "x").shape for draw in draws(Affine)}
    assert {len(shape) for shape in shapes} == {2, 3}
    example = Example({"x": np.ones((2, 4))}, {}, np.ones((2, 1)))
    assert Affine().sent(example, "x").shape == (2, 2, 2)


def test_a_zero_hides_what_was_dropped():
    """No example of one is judged, rather than judged wrong."""
    x = np.array([[1.0, 0.0]])
    example = Example({"x": x}, {"rate": 0.5, "mode": "training"}, x)
    with pytest.raises(CandidateError) as caught:
        Dropout().read(example, {"y": 2 * x}, {"x": 2 * x})
    assert caught.value.status == "not-judged"


# --- what is not there ---------------------------------------------------------------------------

SKELETON = """
def affine_forward(x, w, b):
    out = None
    return out, (x, w, b)

def affine_backward(dout, cache):
    return None, None, None

def batchnorm_forward(x, gamma, beta, bn_param):
    bn_param["running_mean"] = bn_param["running_var"] = x[0]
    return None, None

def batchnorm_backward(dout, cache):
    return None, None, None

def dropout_forward(x, dropout_param):
    out = None
    out = out.astype(x.dtype, copy=False)
    return out, (dropout_param, None)

def softmax_loss(x, y):
    return None, None
"""
ABSENT = [
    (written(Affine, SKELETON), "affine_forward[0] is None"),
    (written(BatchNorm, SKELETON), "batchnorm_forward[0] is None"),
    (written(BatchNormAlt, SKELETON), "has no batchnorm_backward_alt"),
    (written(Dropout, SKELETON), "dropout_forward is not written: its out is None"),
    (written(SoftmaxLoss, SKELETON), "softmax_loss[0] is None"),
    (written(SVMLoss, SKELETON), "has no svm_loss"),
]


@pytest.mark.parametrize(("kind", "said"), ABSENT, ids=lambda value: str(value)[:20])
def test_what_is_still_to_be_written_is_not_implemented(surveyed, held, kind, said):
    """Functions of the hand-out as they are handed out, and those that are not there."""
    examination = held(surveyed(kind))
    verdict = examine(
        examination.operation, examination.candidate, count=2, terms=examination.terms
    )
    assert {c.status for c in verdict.checks} == {"not-implemented"}
    assert all(said in c.message for c in verdict.checks)


# --- the examples --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("says", "edition"),
    [("keep each neuron output", "2018"), ("drop each neuron output", "2016"), ("", "2018")],
)
def test_the_edition_is_told_by_what_is_said_of_p(tmp_path, says, edition):
    """Nothing else differs that a homework must have."""
    file = tmp_path / "assignment2" / "cs231n" / "layers.py"
    file.parent.mkdir(parents=True)
    file.write_text(f'"""We {says} with probability p."""\n', "utf-8")
    found = open_submission(tmp_path, CS231N)
    assert (found.edition.name, found.detected) == (edition, True)
    assert found.import_dirs == (tmp_path.resolve() / "assignment2",)
    assert open_submission(tmp_path, CS231N, "2016").edition.name == "2016"


def test_editions_differ_in_what_came_in_2018():
    """Layer and group norm, and the meaning of p."""
    old, new = ({c.name for c in CS231N.edition(year).components} for year in ("2016", "2018"))
    assert new - old == {"layernorm_forward", "spatial_groupnorm_forward"}
    assert old < new


def test_the_second_backward_is_judged_under_a_name_of_its_own():
    """Its checks can be asked for alone, and those of the forward are not repeated."""
    path = EXAMPLES / "cs231n_wrong"
    verdict = homework.judge(path, CS231N, only="batchnorm-alt.gradient.x", count=6)
    (check,) = verdict.checks
    assert (check.status, check.operation) == ("fail", "batchnorm")
    assert check.diagnosis.kind == "missing term"
    assert check.counterexample.replay.endswith("--only 'batchnorm-alt.gradient.x'")
    expected = homework.Homework(path, "cs231n").expected(5)
    assert "batchnorm-alt.gradient.gamma" in expected
    assert "batchnorm-alt.forward" not in expected


# Where each mistake of the wrong example's README shows.
MISTAKES = {
    Affine: {"gradient.x", "gradient.bias", "shapes"},
    ReLU: set(),
    SoftmaxLoss: {"gradient.logits", "mutation", "layouts"},
    SVMLoss: {"gradient.scores"},
    BatchNorm: {"forward.running_var"},
    BatchNormAlt: {"gradient.x"},
    LayerNorm: {"gradient.x"},
    Dropout: {"randomness"},
    Conv: {"gradient.x", "shapes"},
    MaxPool: {"gradient.x"},
    SpatialBatchNorm: {"forward", *STATS, *SLOPES, "gradient.beta"},
    GroupNorm: set(),
}
MISTAKEN = (EXAMPLES / "cs231n_wrong" / "cs231n" / "layers.py").read_text("utf-8")


@pytest.mark.parametrize(
    ("kind", "found"),
    [(written(kind, MISTAKEN), found) for kind, found in MISTAKES.items()],
    ids=[kind.__name__ for kind in MISTAKES],
)
def test_the_wrong_example_is_wrong_where_its_readme_says(wrong_in, kind, found):
    """Every mistake shows, and what is right holds."""
    assert wrong_in(kind) == found
