"""The command: tables, the record and its schema, exit codes, one clear line for bad input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rich.console import Console

from backproof import catalog, cli
from backproof.mutation import mutants as room
from backproof.mutation import scoring
from backproof.mutation.mutants import mutants
from backproof.mutation.scoring import Fate
from backproof.report import json as json_report
from backproof.report import mutation as report

ROOT = Path(__file__).parents[2]
RIGHT = str(ROOT / "examples/mytorch")


class Ran:
    """What a command line came to."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> None:
        with pytest.raises(SystemExit) as ended:
            cli.main(["mutation-score", *arguments])
        self.code = ended.value.code
        self.out, self.error = capsys.readouterr()


@pytest.fixture
def few(monkeypatch) -> None:
    """Only the mutants of one backward."""
    every = room.automatic
    chosen = lambda operation: [m for m in every(operation) if "backward" in m.id]  # noqa: E731
    monkeypatch.setattr(room, "automatic", chosen)
    monkeypatch.setattr(room, "wrong_rules", lambda _: ())


@pytest.fixture
def fates() -> list[Fate]:
    """One of each status."""
    first, second, third = mutants(catalog.find("relu"))[:3]
    return [
        Fate(first, "relu.gradient.x", 0.25),
        Fate(second, "", 1.5),
        Fate(third, "", 1.25, "It is the same."),
    ]


def validate(record: Any) -> None:
    """Hold a record to the schema that is shipped."""
    schema = json_report.schema("mutation")
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(record)


def test_no_survivor_is_exit_code_0(capsys):
    ran = Ran(capsys, "identity", "--examples", "5", "--workers", "1", "--json", "-")
    record = json.loads(ran.out)
    validate(record)
    assert ran.code == 0
    assert record["survived"] == 0
    assert record["killed"] + record["equivalent"] == len(record["mutants"]) > 1


@pytest.mark.usefixtures("few")
def test_an_unexplained_survivor_is_exit_code_1_and_told(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(scoring, "equivalents", lambda _: {})
    file = tmp_path / "score.json"
    ran = Ran(capsys, "identity", "--examples", "5", "--workers", "1", "--json", str(file))
    assert ran.code == 1
    assert "survived: identity: backward: cotangent.copy() -> cotangent (dropped call)" in ran.out
    validate(json.loads(file.read_text("utf-8")))


@pytest.mark.usefixtures("few")
def test_a_table_that_is_out_of_date_is_exit_code_3(capsys, monkeypatch):
    monkeypatch.setattr(scoring, "equivalents", lambda _: {"identity: gone": "why"})
    ran = Ran(capsys, "identity", "--examples", "5", "--workers", "1")
    assert ran.code == 3
    assert ran.error == "backproof: identity: gone: is called equivalent, and is no mutant\n"


def test_each_status_is_counted_and_each_survivor_named(fates, capsys):
    report.show(Console(width=120), fates)
    out = capsys.readouterr().out
    assert f"survived: {fates[1].mutant.id}" in " ".join(out.split())
    assert "3 mutants: 1 killed, 1 survived, 1 equivalent" in out
    assert "50.0%" in out


def test_the_schema_takes_each_status(fates):
    record = report.record(fates)
    validate(record)
    assert [m["status"] for m in record["mutants"]] == ["killed", "survived", "equivalent"]
    assert record["mutants"][0]["killed_by"] == "relu.gradient.x"
    assert record["mutants"][2]["reason"] == "It is the same."


@pytest.mark.parametrize(
    ("number", "change"),
    [
        (0, {"status": "dead"}),
        (0, {"seconds": -1}),
        (0, {"killed_by": ""}),
        (0, {"status": "survived"}),
        (1, {"status": "killed"}),
        (1, {"reason": "It is the same."}),
        (1, {"status": "equivalent"}),
        (2, {"line": 3}),
    ],
)
def test_the_schema_rejects_another_mutant(fates, number, change):
    record = report.record(fates)
    record["mutants"][number] |= change
    with pytest.raises(jsonschema.ValidationError):
        validate(record)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nope"], "no operation 'nope'; there are: identity"),
        (["mlp"], "mlp has no implementation of its own: name its operations"),
        (["--dialect", "mytorch"], "--dialect goes with --homework"),
        (["--equivalent", "x.toml"], "--equivalent goes with --homework"),
        (["--homework", RIGHT], "--homework: say by which --dialect"),
        (["--homework", RIGHT, "--dialect", "nope"], "no dialect 'nope'; there are: mytorch"),
        (["--homework", "no/such", "--dialect", "uva"], "no such file or directory"),
        (["--homework", RIGHT, "--dialect", "mytorch", "conv2d"], "no mutants of conv2d"),
        (
            ["--homework", RIGHT, "--dialect", "mytorch", "--equivalent", "no.toml"],
            "no.toml: No such file or directory",
        ),
        (["--examples", "0"], "Invalid value for '--examples'"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(capsys, arguments, said):
    ran = Ran(capsys, *arguments)
    assert ran.code == 2
    assert said in ran.error
    assert ran.error.startswith("backproof: ")
    assert ran.error.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("equivalent = 1\n", "1: equivalent"),
        ("[equivalent]\nx = 1\n", "2: equivalent.x"),
        ("[other]\n", "'equivalent' is missing"),
        ("= 1\n", "1:"),
        ("[equivalent]\na = ['m']\nb = ['n', 'm']\n", "stands there more than once: m"),
    ],
)
def test_a_table_that_is_none_is_told_by_its_line(capsys, tmp_path, text, said):
    file = tmp_path / "table.toml"
    file.write_text(text, "utf-8")
    ran = Ran(capsys, "--homework", RIGHT, "--dialect", "mytorch", "--equivalent", str(file))
    assert ran.code == 2
    assert ran.error.startswith(f"backproof: {file}:")
    assert said in ran.error


def test_a_wrong_homework_has_no_score(capsys):
    wrong = str(ROOT / "examples/uva_wrong")
    ran = Ran(
        capsys, "--homework", wrong, "--dialect", "uva", "elu", "--examples", "5", "--workers", "1"
    )
    assert ran.code == 2
    assert "fails without any mutation" in ran.error
