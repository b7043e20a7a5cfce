"""Cost beside the peers': what is asked, what stops, and what is told."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

import pytest

from backproof.catalog import find
from benchmarks import beside
from benchmarks.beside import (
    OURS,
    TOO_LARGE,
    TOO_SLOW,
    Row,
    drawn_lines,
    failures,
    limited,
    missed,
    our_check,
    peers_check,
    short,
    told,
)
from benchmarks.peers.gradcheck import FAST

PEER = "CS231n numeric gradient"


@pytest.mark.parametrize("layer", beside.LAYERS)
def test_both_take_the_layer_for_right(layer: str) -> None:
    assert our_check(find(layer), (4, 5))()
    assert peers_check(PEER, find(layer), (4, 5))()


def test_a_check_that_takes_too_long_is_stopped() -> None:
    with limited(0.05) as stopped:
        time.sleep(5)
    assert stopped == [TOO_SLOW]
    with limited(5) as stopped:
        pass
    assert stopped == []


def test_what_a_peer_makes_of_the_alarm_is_no_other_error() -> None:
    with limited(0.05) as stopped:
        try:
            time.sleep(5)
        except TimeoutError as error:
            raise RuntimeError("the callback raised") from error
    assert stopped == [TOO_SLOW]


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("not enough memory: 80 GB")])
def test_a_check_that_needs_too_much_memory_is_stopped(error: Exception) -> None:
    with limited(5) as stopped:
        raise error
    assert stopped == [TOO_LARGE]


def test_any_other_error_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="shapes differ"), limited(5):
        raise RuntimeError("shapes differ")


def test_a_peer_that_was_stopped_is_not_asked_about_larger_shapes(monkeypatch) -> None:
    asked: list[tuple[str, tuple[int, int], str]] = []

    def measure(layer: str, shape: tuple[int, int], tool: str) -> Row:
        asked.append((layer, shape, tool))
        if tool == PEER and shape[0] > 20:
            return Row(layer, shape, tool, stopped=TOO_SLOW)
        return Row(layer, shape, tool, 1.0, 2.0, 3.0)

    monkeypatch.setattr(beside, "in_own_process", measure)
    data = beside.measured(largest=10**5)
    assert ("tanh", (32, 64), PEER) in asked
    assert ("tanh", (100, 100), PEER) not in asked
    assert ("tanh", (1000, 100), OURS) in asked
    (row,) = (r for r in data if (r["layer"], r["shape"], r["tool"]) == ("tanh", (1000, 100), PEER))
    assert row["stopped"] == TOO_SLOW


def test_a_process_that_hears_no_alarm_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "HANGS", 0.01)
    assert beside.in_own_process("tanh", (4, 5), PEER) == Row(
        "tanh", (4, 5), PEER, stopped=TOO_SLOW
    )


def test_tells_the_readme_layernorm_alone() -> None:
    rows = [
        asdict(Row("tanh", (32, 64), OURS, 2.0, 1.0, 1.0)),
        asdict(Row("layernorm", (32, 64), OURS, 3.0, 1.0, 1.0)),
        asdict(Row("layernorm", (32, 64), PEER, 70.0, 35.0, 4.0)),
        asdict(Row("layernorm", (10_000, 100), PEER, stopped=TOO_SLOW)),
    ]
    assert list(short(rows)) == [
        "| layernorm | 32 x 64 | 10,000 x 100 |",
        "|---|---:|---:|",
        "| backproof | 3 ms |  |",
        "| CS231n numeric gradient | 70 ms, 35 x | over 60 s |",
    ]


def test_tells_time_ratio_and_memory() -> None:
    rows: list[dict[str, Any]] = [
        asdict(Row("tanh", (4, 5), OURS, 2.0, 1.0, 1.0)),
        asdict(Row("tanh", (4, 5), PEER, 70.0, 35.0, 4.0)),
        asdict(Row("tanh", (1000, 100), OURS, 20.0, 1.0, 30.0)),
        asdict(Row("tanh", (1000, 100), PEER, stopped=TOO_SLOW)),
    ]
    lines = list(told(rows))
    assert "| tanh | 4 x 5 | 2 ms | 70 ms, 35 x |" in lines
    assert "| tanh | 1,000 x 100 | 20 ms | over 60 s |" in lines
    assert "| tanh | 4 x 5 | 1 | 4 |" in lines


def test_a_layernorm_dearer_than_the_fast_gradcheck_misses_its_goal_and_then_its_band() -> None:
    def row(ratio: float) -> dict[str, Any]:
        return asdict(Row("layernorm", (32, 64), FAST.name, 5.0, ratio, 0.1))

    assert list(failures([row(1.7)])) == list(missed([row(1.7)])) == []
    assert list(failures([row(0.5)])) == []
    assert list(missed([row(0.5)])) == [
        "layernorm, 32 x 64: torch gradcheck, fast takes 0.50 of our check"
    ]
    assert list(failures([row(0.3)])) == [
        "layernorm, 32 x 64: torch gradcheck, fast takes 0.30 of our check"
    ]


def test_draws_a_line_for_each_tool_as_far_as_it_goes() -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot", reason="of the extra `benchmarks`")
    figure, axes = pyplot.subplots()
    rows = [
        asdict(Row("layernorm", (4, 5), OURS, 2.0, 1.0, 1.0)),
        asdict(Row("layernorm", (4, 5), PEER, 70.0, 35.0, 4.0)),
        asdict(Row("layernorm", (1000, 100), OURS, 20.0, 1.0, 30.0)),
        asdict(Row("layernorm", (1000, 100), PEER, stopped=TOO_SLOW)),
    ]
    drawn_lines(rows, axes)
    lines = {line.get_label(): list(line.get_xdata()) for line in axes.lines}
    assert lines == {OURS: [20, 100_000], PEER: [20]}
    pyplot.close(figure)
