"""A component of a submission answers as a candidate, whatever its methods return."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from backproof.candidates.candidate import CandidateError, Example, Round
from backproof.candidates.dialects.dialect import Component
from backproof.candidates.isolated import IsolatedCandidate
from backproof.candidates.process import Runner
from backproof.candidates.script import Script
from backproof.candidates.wire import Handle

X = np.arange(12.0).reshape(4, 3)
DY = X[::-1] / 2


CODE = """
    import numpy as np

    class Layer:
        def __init__(self, forward, backward):
            self.code = forward, backward
            self.calls = 0

        def forward(self, x):
            self.calls += 1
            exec(self.code[0])
            return self.y

        def backward(self, dout):
            self.calls += 1
            exec(self.code[1])
"""


class Double(Component):
    """A layer that does what these statements say, and counts its calls."""

    operation = "double"
    module, name = "layer", "Layer"

    def __init__(self, forward: str, backward: str) -> None:
        super().__init__()
        self.code = forward, backward

    def build(self, script: Script, example: Example) -> Handle:
        """Hand over the statements."""
        return script.create(self.module, self.name, *self.code)

    def forward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Call it, then count."""
        return {
            "y": script.call(layer, "forward", example.inputs["x"]),
            "calls": script.get(layer, "calls"),
        }

    def backward(self, script: Script, layer: Handle, example: Example) -> Mapping[str, Handle]:
        """Call it, then read the gradient."""
        script.call(layer, "backward", dout=example.cotangent)
        return {"x": script.get(layer, "dx")}


Make = Callable[..., IsolatedCandidate]


@pytest.fixture(scope="module")
def runner(start_once: Callable[..., Runner]) -> Runner:
    """Run the code above."""
    return start_once(CODE)


@pytest.fixture
def candidate(runner: Runner) -> Make:
    """Give a function that makes a candidate, right unless told otherwise."""

    def make(
        forward: str = "self.x, self.y = x, 2 * x", backward: str = "self.dx = 2 * dout"
    ) -> IsolatedCandidate:
        return IsolatedCandidate(runner, Double(forward, backward))

    return make


def example(x: np.ndarray = X, cotangent: np.ndarray = DY) -> Example:
    """Ask about this input."""
    return Example({"x": x}, {}, cotangent)


def test_an_answer_is_one_forward_and_one_backward(candidate: Make) -> None:
    """On a fresh object each time; a number comes as an array without axes."""
    double = candidate()
    for k in (1, 2):
        answer = double.answer(example(k * X, k * DY))
        assert list(answer.outputs) == ["y", "calls"]
        assert np.array_equal(answer.outputs["y"], 2 * k * X)
        assert answer.outputs["calls"] == 1
        assert np.array_equal(answer.gradients["x"], 2 * k * DY)


@pytest.mark.parametrize(
    ("y", "dx", "status", "message"),
    [
        ("x", "None", "not-implemented", "Layer.dx is None: an array was expected"),
        ("x", "[1.0]", "error", "Layer.dx is a list: an array was expected"),
        ("None", "x", "not-implemented", "Layer.forward returned None: an array was expected"),
        ("(x, x)", "x", "error", "Layer.forward returned a tuple: an array was expected"),
        ("'x'", "x", "error", "Layer.forward returned a str: an array was expected"),
    ],
)
def test_an_answer_that_is_no_array_is_named(
    candidate: Make, y: str, dx: str, status: str, message: str
) -> None:
    """The error says which method or attribute, what it was, and what was expected."""
    double = candidate(forward=f"self.y, self.dx = {y}, {dx}", backward="pass")
    with pytest.raises(CandidateError) as caught:
        double.answer(example())
    assert (caught.value.status, caught.value.message) == (status, message)


def test_an_answer_is_what_it_was_when_it_was_given(candidate: Make) -> None:
    """Also where a layer computes into one and the same array."""
    double = candidate(
        forward="self.y = self.dx = 2 * x",
        backward="self.dx[...] = 2 * dout",
    )
    answer = double.answer(example())
    assert np.array_equal(answer.outputs["y"], 2 * X)
    assert np.array_equal(answer.gradients["x"], 2 * DY)


def test_values_are_the_forward_of_each_example(
    candidate: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In their order, also where they do not fit one frame; nothing else is asked for."""
    monkeypatch.setattr("backproof.candidates.isolated.BATCHED_BYTES", 3 * X.nbytes)
    double = candidate(backward="raise ValueError")
    wanted = []
    run = double.runner.run

    def spy(asked: Any) -> Any:
        wanted.append([len(handles) for _, handles in asked])
        return run(asked)

    monkeypatch.setattr(double.runner, "run", spy)
    values = double.values([example(X + k) for k in range(10)])
    assert wanted == [[1, 1, 1], [1, 1, 1], [1, 1, 1], [1]]
    assert len(values) == 10
    for k, value in enumerate(values):
        assert np.array_equal(value, 2 * (X + k))


# --- rounds --------------------------------------------------------------------------------------


def test_rounds_put_one_example_after_the_other_to_one_object(
    candidate: Make,
) -> None:
    """In one round trip; batches may differ in size."""
    rounds = candidate().rounds([example(), example(X[:2], DY[:2]), example(3 * X, 3 * DY)])
    for one, (x, dy) in zip(rounds, ((X, DY), (X[:2], DY[:2]), (3 * X, 3 * DY)), strict=True):
        assert np.array_equal(one.answer.outputs["y"], 2 * x)
        assert np.array_equal(one.answer.gradients["x"], 2 * dy)
        assert one.changed == ()
    assert [int(one.answer.outputs["calls"]) for one in rounds] == [1, 3, 5]


def test_a_stale_answer_is_told_from_a_fresh_one(candidate: Make) -> None:
    """Each round's results are those of its own time, though the array is the same."""
    double = candidate(
        forward="self.y = getattr(self, 'y', np.zeros_like(x)); self.y += x",
        backward="self.dx = self.y",
    )
    first, second = (one.answer for one in double.rounds([example(), example(10 * X)]))
    assert np.array_equal(first.outputs["y"], X)
    assert np.array_equal(first.gradients["x"], X)
    assert np.array_equal(second.outputs["y"], 11 * X)


def changes(rounds: Sequence[Round]) -> list[list[tuple[str, Any, Any]]]:
    """What each round's calls wrote."""
    return [[(c.call, c.before.tolist(), c.after.tolist()) for c in one.changed] for one in rounds]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ({"forward": "x[x > 5] = 5; self.y = x"}, [("Layer.forward", X, X.clip(max=5))]),
        ({"forward": "self.y = np.maximum(x, 5, out=x)"}, [("Layer.forward", X, X.clip(5))]),
        ({"backward": "dout *= 2; self.dx = dout"}, [("Layer.backward", DY, 2 * DY)]),
        ({"backward": "self.x *= 3; self.dx = dout"}, [("Layer.backward", X, 3 * X)]),
        ({"backward": "self.x -= 1; dout += 1; self.dx = dout"}, [
            ("Layer.backward", X, X - 1), ("Layer.backward", DY, DY + 1),
        ]),
        (
            {"forward": "x += 1; self.x = self.y = x", "backward": "self.x += 1; self.dx = dout"},
            [("Layer.forward", X, X + 1), ("Layer.backward", X + 1, X + 2)],
        ),
        ({"forward": "x.shape = 12; self.y = x"}, [("Layer.forward", X, X.reshape(12))]),
    ],
    ids=["entries", "out=", "cotangent", "kept input", "both", "twice", "shape"],
)  # fmt: skip
def test_a_change_names_the_call_that_wrote_to_an_argument(
    candidate: Make, code: dict[str, str], expected: list[tuple[str, Any, Any]]
) -> None:
    """With the array before and after; a backward may write to what the forward was handed."""
    found = changes(candidate(**code).rounds([example(), example()]))
    described = [(call, before.tolist(), after.tolist()) for call, before, after in expected]
    assert found == [described, described]


def test_a_layer_that_writes_to_its_own_arrays_changes_nothing(
    candidate: Make,
) -> None:
    """Its results, its state and copies are its own."""
    double = candidate(
        forward="self.x = x.copy(); self.x *= 2; self.y = 1 * self.x; self.x[...] = 0",
        backward="self.y += 1; self.dx = 2 * dout; self.dx[0] = 0",
    )
    assert changes(double.rounds([example(), example()])) == [[], []]


def test_a_read_only_argument_stays_read_only_while_it_is_watched(
    candidate: Make,
) -> None:
    """Writing to it is the layer's error."""
    frozen = X.copy()
    frozen.flags.writeable = False
    double = candidate(forward="x += 1; self.y = x")
    with pytest.raises(CandidateError, match="read-only"):
        double.rounds([example(frozen)])


def test_a_submission_that_forges_what_became_of_an_argument_breaks_the_protocol() -> None:
    """Its process can reply what it likes, and the comparison is made with arrays alone."""

    def forge(asked: Any) -> Any:
        ((_, handles),) = asked
        return [[X] * (len(handles) - 1) + ["an array"]]

    forger: Any = SimpleNamespace(run=forge)
    with pytest.raises(CandidateError, match="broke the protocol: an argument that is no array"):
        IsolatedCandidate(forger, Double("", "")).rounds([example()])
