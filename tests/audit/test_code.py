"""An answer key's code: judged like a homework, without the sandbox, and its errors in ULPs."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace
from typing import Any

import jsonschema
import numpy as np
import pytest

from backproof import cli, homework
from backproof.audit.code import Audited
from backproof.audit.ulps import EXAMPLES, Ulps, measure
from backproof.candidates.in_process import InProcess
from backproof.operations import identity, layernorm, sigmoid
from backproof.report import json as json_report
from backproof.verdict import Verdict
from implementations import layernorm as right_layernorm

ROOT = Path(__file__).parents[2]
MYTORCH = str(ROOT / "examples/mytorch")

DIALECT = """
from backproof.candidates.dialects.dialect import Component, Dialect, Edition

class Tanh(Component):
    operation, module, name = "tanh", "layers", "Tanh"

    def forward(self, script, layer, example):
        return {"y": script.call(layer, "apply", example.inputs["x"])}

    def backward(self, script, layer, example):
        return {"x": script.call(layer, "pull_back", example.cotangent)}

DIALECT = Dialect("tiny", (Edition("2025", (".",), ("layers.py",), (Tanh,)),))
"""

LAYERS = """
import numpy as np

class Tanh:
    def apply(self, x):
        self.x = x
        return np.tanh(x)

    def pull_back(self, dy):
        return dy / np.cosh(self.x) ** 2
"""


@pytest.fixture
def key(tmp_path) -> Path:
    """The folder of a right key, beside the file of its dialect."""
    (tmp_path / "tiny.py").write_text(DIALECT, "utf-8")
    (tmp_path / "key").mkdir()
    (tmp_path / "key/layers.py").write_text(LAYERS, "utf-8")
    return tmp_path / "key"


def edit(key: Path, old: str, new: str) -> None:
    """Replace a piece of the key's code."""
    assert old in LAYERS
    (key / "layers.py").write_text(LAYERS.replace(old, new), "utf-8")


class Ran:
    """What an audit of a key's code came to."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> None:
        with pytest.raises(SystemExit) as ended:
            cli.main(["audit", *arguments])
        self.code = ended.value.code
        self.out, self.error = capsys.readouterr()

    @classmethod
    def of(cls, capsys: pytest.CaptureFixture[str], key: Path, *more: str) -> Ran:
        """The audit of a few examples."""
        dialect = ("--dialect", str(key.parent / "tiny.py"))
        return cls(capsys, "--code", str(key), *dialect, "--examples", "5", "--workers", "1", *more)

    @property
    def record(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


def test_a_right_key_passes_and_its_errors_are_told(capsys, key, monkeypatch):
    """Its process need not be closed off, not even where a gate would ask for it."""
    monkeypatch.setenv("CI", "true")
    ran = Ran.of(capsys, key, "--json", "-")
    assert (ran.code, ran.record["verdict"], ran.record["isolation"]) == (0, "pass", "none")
    assert {"tanh.stability", "tanh.mutation"} < {c["id"] for c in ran.record["checks"]}
    assert [u["id"] for u in ran.record["ulps"]] == ["tanh.forward", "tanh.gradient.x"]
    for measured in ran.record["ulps"]:
        assert measured["examples"] == EXAMPLES
        assert 0 < measured["median"] < measured["worst"] < 1000
        assert measured["sizes"].keys() == {"batch", "features"}
    jsonschema.validate(ran.record, json_report.schema())


@pytest.mark.parametrize(("field", "value"), [("worst", -1), ("median", "nan"), ("sizes", {"": 0})])
def test_the_schema_rejects_other_errors(field, value):
    """A negative one, one that is no number, an axis without entries."""
    told = Ulps("tanh.forward", 1, 1.5, 0.5, {"batch": 2}, 0, 0.0)
    record = json_report.audited(Audited(Verdict(()), (told,)))
    jsonschema.validate(record, json_report.schema())
    record["ulps"][0][field] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(record, json_report.schema())


def test_a_wrong_key_fails_in_full_detail(capsys, key):
    """The example, the cause and the table of errors; no warning of what the key could reach."""
    edit(key, "** 2", "** 3")
    ran = Ran.of(capsys, key)
    assert ran.code == 1
    for said in ("tanh.gradient.x: fail", "expected", "Errors in ULPs", "batch"):
        assert said in ran.out
    assert "open to the submission" not in ran.out


def test_a_key_that_raises_shows_where(capsys, key):
    """What gives no answer has no errors, and costs no row of what does."""
    edit(key, "return dy / np.cosh(self.x) ** 2", "raise ValueError('not yet')")
    ran = Ran.of(capsys, key, "--json", "-")
    assert ran.code == 1
    assert ran.record["ulps"] == []
    assert any("layers.py" in c.get("traceback", "") for c in ran.record["checks"])


@pytest.mark.skipif(sys.platform == "win32", reason="a submission is not closed off there")
def test_a_key_runs_without_the_sandbox(capsys, key):
    """It writes a file as it is imported; a submission cannot."""
    note = dedent(f"""
        with open({str(key / "note")!r}, "w") as note:
            note.write("imported")
    """)
    edit(key, "import numpy as np\n", f"import numpy as np\n{note}")
    dialect = homework.dialect(str(key.parent / "tiny.py"))
    assert homework.judge(key, dialect, count=2).verdict == "fail"
    assert Ran.of(capsys, key).code == 0
    assert (key / "note").read_text("utf-8") == "imported"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name a key, or --documents, or --code"),
        (["key.md", "--code", MYTORCH, "--dialect", "mytorch"], "name a key, or --documents, or"),
        (["--documents", "--code", MYTORCH, "--dialect", "mytorch"], "name a key, or --documents"),
        (["--code", MYTORCH], "--code: say by which --dialect"),
        (["key.md", "--dialect", "mytorch"], "--dialect goes with --code"),
        (["--documents", "--edition", "2021"], "--edition goes with --code"),
        (["--documents", "--examples", "100"], "--examples goes with --code"),
        (
            ["--code", MYTORCH, "--dialect", "mytorch", "--claim-budget", "20"],
            "--claim-budget does not go with --code",
        ),
        (
            ["--code", MYTORCH, "--dialect", "mytorch", "--markdown", "-"],
            "--markdown does not go with --code",
        ),
        (["--code", MYTORCH, "--dialect", "nope"], "no dialect 'nope'; there are: mytorch"),
        (["--code", "no/such", "--dialect", "mytorch"], "no/such: no such file or directory"),
        (["--code", MYTORCH, "--dialect", "mytorch", "--edition", "1999"], "no edition '1999'"),
    ],
)
def test_options_that_do_not_go_together_are_one_clear_line(capsys, arguments, said):
    """Exit code 2, and nothing on standard output."""
    ran = Ran(capsys, *arguments)
    assert (ran.code, ran.out) == (2, "")
    (line,) = ran.error.splitlines()
    assert line.startswith("backproof: ")
    assert said in line


# --- ULPs ----------------------------------------------------------------------------------------


def measured(operation, forward, backward) -> dict[str, Ulps]:
    """The errors of a program, by property."""
    candidate = InProcess(operation, SimpleNamespace(forward=forward, backward=backward))
    return {u.id.partition(".")[2]: u for u in measure(operation, candidate)}


def test_the_next_double_is_one_ulp_away():
    """Half a one below a power of two, and none where nothing is rounded."""
    found = measured(
        identity.OPERATION,
        lambda x: (np.nextafter(x, np.copysign(np.inf, x)), None),
        lambda dy, cache: dy.copy(),
    )
    assert (found["forward"].worst, found["forward"].median) == (1.0, 1.0)
    assert (found["gradient.x"].worst, found["gradient.x"].median) == (0.0, 0.0)


def test_entries_that_are_zero_are_counted_apart():
    """One-hot cotangents have them; their errors are told as they stand."""
    tiny = 2.0**-1060
    found = measured(
        identity.OPERATION,
        lambda x: (x.copy(), None),
        lambda dy, cache: dy + tiny,
    )
    assert found["gradient.x"].apart > found["forward"].apart
    assert found["forward"].apart_error == 0.0
    assert found["gradient.x"].apart_error == tiny
    assert found["gradient.x"].worst == 0.0


@pytest.mark.parametrize(
    "spoil", [lambda dy: dy * np.nan, lambda dy: dy[:, :1] + np.ones((1, 7))], ids=["nan", "shape"]
)
def test_what_is_no_answer_is_infinitely_far_off(spoil):
    """So it stands in no table as a small error."""
    found = measured(
        identity.OPERATION,
        lambda x: (x.copy(), None),
        lambda dy, cache: spoil(dy),
    )
    assert found["gradient.x"].worst == found["gradient.x"].median == math.inf
    assert found["forward"].worst == 0.0


def test_a_naive_variance_is_told_by_its_ulps():
    """E[x^2] - E[x]^2 is right, and loses most of its digits where a row is nearly constant."""

    def naive(x, gamma=None, beta=None, *, eps=1e-5):
        mean = x.mean(axis=1, keepdims=True)
        variance = (x * x).mean(axis=1, keepdims=True) - mean * mean
        deviation = np.sqrt(np.maximum(variance, 0) + eps)
        normalized = (x - mean) / deviation
        y = normalized if gamma is None else gamma * normalized + beta
        return y, right_layernorm.Cache(normalized, deviation, gamma)

    reference = measured(layernorm.OPERATION, right_layernorm.forward, right_layernorm.backward)
    found = measured(layernorm.OPERATION, naive, right_layernorm.backward)
    for prop in ("forward", "gradient.gamma"):
        assert reference[prop].median < 1
        assert found[prop].worst > 10 * reference[prop].worst


def test_the_errors_are_the_same_in_every_run():
    """Examples are drawn by the name of the operation alone."""
    candidate = InProcess(sigmoid.OPERATION, sigmoid.OPERATION.implementation)
    first, second = (measure(sigmoid.OPERATION, candidate) for _ in range(2))
    assert first == second
    assert [u.id for u in first] == ["sigmoid.forward", "sigmoid.gradient.x"]
