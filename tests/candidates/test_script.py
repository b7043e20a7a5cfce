"""A script writes down what the runner does; each command does what its name says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from backproof.candidates.candidate import CandidateError
from backproof.candidates.process import Runner
from backproof.candidates.script import Script
from backproof.candidates.wire import Handle, Value

X = np.arange(12.0).reshape(4, 3)

CODE = """
    import numpy as np

    def relu_forward(x, slope=0.0):
        return np.where(x > 0, x, slope * x), (x, slope)

    class Layer:
        def __init__(self, features=1, scale=2.0):
            self.features = features
            self.scale = scale
            self.params = {"weight": 1.0}
            self.grads = None
            self.calls = []

        def forward(self, x):
            self.y = self.scale * x
            return self.y

        def fill(self, x):
            x[...] = 7.0
            return x

        def reset(self, to=0.0):
            self.scale = to

        def same(self, x, y):
            return x is y

    class Network:
        library = np

        def __init__(self):
            first, second, third = Layer(1), Layer(2), Layer(3)
            self.blocks = {"a": [first, np.ones(2)], "b": (Network.Block(second), first)}
            self.itself = self
            self.numpy, self.last = np, third

        class Block:
            def __init__(self, layer):
                self.layer = layer
"""


@pytest.fixture(scope="module")
def runner(start_once: Callable[..., Runner]) -> Runner:
    """Run the code above."""
    return start_once(CODE)


def run(runner: Runner, script: Script, *handles: Handle) -> list[Value]:
    """Run one script."""
    (results,) = runner.run([(script, handles)])
    return results


# --- what commands do ----------------------------------------------------------------------------


def test_a_script_makes_sets_calls_and_gets(runner: Runner) -> None:
    """A later command refers to the object that an earlier one made."""
    script = Script()
    layer = script.create("layer", "Layer", 3, scale=5.0)
    features, scale = script.get(layer, "features"), script.get(layer, "scale")
    script.set(layer, "scale", 3.0)
    y = script.call(layer, "forward", X)
    found = run(runner, script, features, scale, y, script.get(layer, "y"))
    assert found[:2] == [3, 5.0]
    assert np.array_equal(found[2], 3 * X)
    assert np.array_equal(found[3], 3 * X)


def test_a_function_is_called_like_a_class_and_its_results_are_taken_apart(
    runner: Runner,
) -> None:
    """The second half of a pair may be anything: it stays in the runner."""
    script = Script()
    pair = script.create("layer", "relu_forward", -X, slope=0.5)
    cache = script.item(pair, 1)
    y, slope = run(runner, script, script.item(pair, 0), script.item(cache, 1))
    assert np.array_equal(y, -X / 2)
    assert slope == 0.5


def test_items_of_dicts_and_lists_are_set_and_read(runner: Runner) -> None:
    """By key and by place, with values and with results."""
    script = Script()
    layer = script.create("layer", "Layer")
    params = script.get(layer, "params")
    script.set_item(params, "weight", X)
    pair = script.keep([1.0, 2.0])
    script.set_item(pair, -1, script.get(layer, "features"))
    weight, items = run(runner, script, script.item(params, "weight"), script.keep(pair))
    assert np.array_equal(weight, X)
    assert items == [1.0, 1]


def test_the_objects_of_a_class_are_found_wherever_they_are_held(runner: Runner) -> None:
    """In order, once each, in objects and containers, but not in modules; each is told apart."""
    script = Script()
    layers = script.find(script.create("layer", "Network"), "layer", "Layer")
    places = [script.item(layers, n) for n in range(3)]
    found = run(runner, script, *(script.get(layer, "features") for layer in places))
    assert found == [1, 2, 3]
    assert script.spelled(places[1]) == "Network.Layer[1]"
    with pytest.raises(CandidateError, match=r"Network\.Layer\[3\] is not there") as caught:
        run(runner, script, script.item(layers, 3))
    assert caught.value.status == "not-implemented"


def test_of_two_method_names_the_first_that_exists_is_called(runner: Runner) -> None:
    """A class without __call__ is asked for its forward."""
    script = Script()
    y = script.call(script.create("layer", "Layer"), ("__call__", "forward"), X)
    assert np.array_equal(run(runner, script, y)[0], 2 * X)


def test_a_method_that_may_be_absent_is_called_where_it_is_there(runner: Runner) -> None:
    """And where it is not, nothing happens."""
    script = Script()
    layer = script.create("layer", "Layer")
    absent = script.call_if_there(layer, "zero_grads", X)
    script.call_if_there(layer, "reset", to=4.0)
    assert run(runner, script, absent, script.get(layer, "scale")) == [None, 4.0]


def test_a_kept_argument_is_one_object_for_all_calls(runner: Runner) -> None:
    """The same array by its handle, a copy of its own otherwise."""
    script = Script()
    layer = script.create("layer", "Layer")
    x = script.keep(X)
    same, other = script.call(layer, "same", x, x), script.call(layer, "same", x, X)
    assert run(runner, script, same, other) == [True, False]


def test_a_result_is_what_it_was_when_its_command_ended(runner: Runner) -> None:
    """A later command that writes to the same array shows in a later look alone."""
    script = Script()
    layer = script.create("layer", "Layer")
    x = script.keep(X)
    y = script.call(layer, "forward", x)
    script.call(layer, "fill", x)
    script.call(layer, "fill", y)
    found = run(runner, script, x, y, script.keep(x), script.keep(y))
    for array, expected in zip(
        found, (X, 2 * X, np.full_like(X, 7), np.full_like(X, 7)), strict=True
    ):
        assert np.array_equal(array, expected)


def test_only_what_is_wanted_is_sent_and_in_that_order(runner: Runner) -> None:
    """What the wire does not carry stays in the runner unasked; handles may repeat."""
    script = Script()
    layer = script.create("layer", "Layer")
    features, scale = script.get(layer, "features"), script.get(layer, "scale")
    assert run(runner, script) == []
    assert run(runner, script, scale, features, scale) == [2.0, 1, 2.0]
    with pytest.raises(CandidateError, match=r"Layer is not an array or a number: layer\.Layer"):
        run(runner, script, layer)


def test_many_scripts_take_one_round_trip(runner: Runner) -> None:
    """Handles count within their own script, whose objects are its own."""
    asked = []
    for k in range(20):
        script = Script()
        layer = script.create("layer", "Layer", scale=float(k))
        asked.append((script, [script.call(layer, "forward", X), script.get(layer, "scale")]))
    for k, (y, scale) in enumerate(runner.run(asked)):
        assert np.array_equal(y, k * X)
        assert scale == k


# --- names ---------------------------------------------------------------------------------------


def described() -> dict[str, Handle]:
    """Every kind of command, by how a person would call what comes of it."""
    layer = SCRIPT.create("nn.linear", "Linear", 3, 2)
    pair = SCRIPT.create("layers", "affine_forward", X)
    grads = SCRIPT.get(layer, "grads")
    return {
        "Linear": layer,
        "affine_forward": pair,
        "affine_forward[0]": SCRIPT.item(pair, 0),
        "Linear.grads": grads,
        "Linear.grads['weight']": SCRIPT.item(grads, "weight"),
        "Linear.grads['bias']": SCRIPT.set_item(grads, "bias", 0.0),
        "Linear.backward": SCRIPT.call(layer, "backward", X),
        "Linear.forward": SCRIPT.call(layer, ("__call__", "forward"), X),
        "Linear.zero_grads": SCRIPT.call_if_there(layer, "zero_grads"),
        "Linear.W": SCRIPT.set(layer, "W", X),
        "an argument": SCRIPT.keep(X),
    }


SCRIPT = Script()
DESCRIBED = described()
CALLS = {"Linear", "affine_forward", "Linear.backward", "Linear.forward", "Linear.zero_grads"}


@pytest.mark.parametrize("name", DESCRIBED)
def test_a_result_is_spelled_as_a_person_would(name: str) -> None:
    """By where it came from."""
    assert SCRIPT.spelled(DESCRIBED[name]) == name


def test_what_a_call_returned_is_told_from_what_was_there() -> None:
    """An error says "returned" of the one and "is" of the other."""
    assert {name for name, handle in DESCRIBED.items() if SCRIPT.is_call(handle)} == CALLS


@pytest.mark.parametrize(
    ("name", "ask"),
    [
        ("relu_forward[2]", lambda s: s.item(s.create("layer", "relu_forward", X), 2)),
        (
            "Layer.params['bias']",
            lambda s: s.item(s.get(s.create("layer", "Layer"), "params"), "bias"),
        ),
        (
            "Layer.grads['bias']",
            lambda s: s.item(s.get(s.create("layer", "Layer"), "grads"), "bias"),
        ),
        ("Layer.calls[0]", lambda s: s.item(s.get(s.create("layer", "Layer"), "calls"), 0)),
    ],
)
def test_an_item_that_is_not_there_is_not_implemented(
    runner: Runner, name: str, ask: Callable[[Script], Handle]
) -> None:
    """Whether its owner lacks it or is None; the runner spells it as the script does."""
    script = Script()
    item = ask(script)
    assert script.spelled(item) == name
    with pytest.raises(CandidateError) as caught:
        run(runner, script, item)
    assert (caught.value.status, caught.value.message) == (
        "not-implemented",
        f"{name} is not there",
    )


# --- watching ------------------------------------------------------------------------------------


def test_watched_arrays_are_looked_at_after_every_call(runner: Runner) -> None:
    """Those given by place and by name; the look before is the state that the next call met."""
    script = Script()
    layer = script.create("layer", "Layer")
    watched = script.watch()
    script.call(layer, "forward", X)
    script.call(layer, "fill", x=2 * X)
    script.call_if_there(layer, "reset", 0.5)
    seen = dict(
        zip(
            (w.after for w in watched),
            run(runner, script, *(w.after for w in watched)),
            strict=True,
        )
    )

    def state(of: Any) -> Any:
        return seen[of] if isinstance(of, Handle) else of

    sevens = np.full_like(X, 7)
    expected = [
        ("Layer.forward", X, X),
        ("Layer.fill", X, X),
        ("Layer.fill", 2 * X, sevens),
        ("Layer.reset", X, X),
        ("Layer.reset", sevens, sevens),
    ]
    assert [script.spelled(w.call) for w in watched] == [call for call, *_ in expected]
    for found, (_, before, after) in zip(watched, expected, strict=True):
        assert np.array_equal(state(found.before), before)
        assert np.array_equal(state(found.after), after)


def test_watching_anew_forgets_earlier_arrays() -> None:
    """One list ends where the next begins."""
    script = Script()
    layer = script.create("layer", "Layer")
    first = script.watch()
    script.call(layer, "forward", X)
    second = script.watch()
    call = script.call(layer, "forward", 2 * X)
    assert len(first) == len(second) == 1
    assert second[0].call == call


def test_a_script_that_is_not_watched_holds_nothing_more() -> None:
    """Watching has its price: three commands for each array and call."""
    script = Script()
    script.call(script.create("layer", "Layer"), "forward", X)
    assert len(script.commands) == 2
