"""The record of `check`: real verdicts of every kind follow the schema that is shipped."""

from __future__ import annotations

import io
import json
from pathlib import Path

import jsonschema
import pytest

from backproof import homework
from backproof.report import json as json_report
from backproof.verdict import Interface, Verdict

ACTIVATION = """\
import numpy as np


class ReLU:
    def forward(self, x):
        self.state = np.maximum(x, 0)
        return self.state

    def derivative(self):
        return (self.state > 0).astype(float)


class Sigmoid(ReLU):
    def forward(self, x):
        self.state = 1 / (1 + np.exp(-x))
        return self.state


class Tanh:
    def forward(self, x):
        return np.full(np.shape(x), np.nan)

    def derivative(self):
        raise NotImplementedError


class Identity:
    def forward(self, x):
        raise ValueError(f"{x!r} \\x1b[2J")
"""


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Verdict:
    """Judge a homework with something of everything: right, wrong, raising, missing, not finite."""
    path: Path = tmp_path_factory.mktemp("homework")
    (path / "mytorch").mkdir()
    (path / "mytorch/activation.py").write_text(ACTIVATION, "utf-8")
    spoken = homework.dialect("mytorch")
    wanted = ["relu", "sigmoid", "tanh", "identity", "linear"]
    return homework.judge(path, spoken, operations=wanted, count=3)


def written(verdict: Verdict) -> str:
    """The record as it is printed."""
    file = io.StringIO()
    json_report.write(json_report.verdict(verdict), file)
    return file.getvalue()


def test_a_real_record_follows_the_schema(judged):
    """With every status that a submission can bring about."""
    record = json.loads(written(judged))
    jsonschema.Draft202012Validator(json_report.schema()).validate(record)
    statuses = {c["status"] for c in record["checks"]}
    assert statuses >= {"pass", "fail", "error", "not-implemented"}
    assert record["verdict"] == "fail"


@pytest.mark.parametrize("statuses", [{"pass"}, {"pass", "not-implemented"}, {"error"}, set()])
def test_a_record_of_any_verdict_follows_the_schema(judged, statuses):
    """Pass, incomplete, fail, and nothing judged."""
    part = Verdict(tuple(c for c in judged.checks if c.status in statuses))
    jsonschema.validate(json.loads(written(part)), json_report.schema())


def test_the_interface_stands_in_the_record():
    """What a submission was read as, where it was."""
    interface = Interface("mytorch", "2021", detected=True)
    record = json.loads(written(Verdict((), interface=interface)))
    jsonschema.validate(record, json_report.schema())
    assert record["interface"] == {"dialect": "mytorch", "edition": "2021", "detected": True}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "relu"),
        ("status", "passed"),
        ("examples", -1),
        ("oracles", {"finite": "agree"}),
        ("detectable_error", "none"),
        ("counterexample", {"inputs": {}}),
        ("counterexample", {"inputs": {}, "expected": "x", "actual": 0, "index": [], "replay": ""}),
        ("diagnosis", {"kind": "sign"}),
        ("message", ""),
        ("variation", 1),
        ("points", 1),
    ],
)
def test_the_schema_rejects_another_check(judged, field, value):
    """Each field can be wrong."""
    record = json.loads(written(judged))
    record["checks"][0][field] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(record, json_report.schema())


def test_the_schema_is_one():
    """Draft 2020-12."""
    jsonschema.Draft202012Validator.check_schema(json_report.schema())
    assert json_report.schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
