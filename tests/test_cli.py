"""The command line: exit codes, one clear line for bad input, records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from backproof import cli

ROOT = Path(__file__).parents[1]
RIGHT = str(ROOT / "examples/mytorch")
WRONG = str(ROOT / "examples/mytorch_wrong")


class Ran:
    """What a command line came to."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> None:
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)
        self.code = ended.value.code
        self.out, self.error = capsys.readouterr()

    @property
    def record(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "no/such/path", "--dialect", "mytorch"], "no such file or directory"),
        (["check", str(ROOT / "README.md"), "--dialect", "mytorch"], "not a directory"),
        (["check", str(ROOT / "tests"), "--dialect", "mytorch"], "not a homework in the dialect"),
        (["check", RIGHT, "--dialect", "nope"], "no dialect 'nope'; there are: mytorch"),
        (["check", RIGHT, "--dialect", "nope.py"], "nope.py: no such file"),
        (["check", RIGHT, "--dialect", "mytorch", "--edition", "1999"], "no edition '1999'; there"),
        (["check", RIGHT], "Missing option '--dialect'"),
        (["check", RIGHT, "--dialect", "mytorch", "--only", "elu.forward"], "no check"),
        (["check", RIGHT, "--dialect", "mytorch", "--only", "relu.nope"], "no check"),
        (["check", RIGHT, "--dialect", "mytorch", "--examples", "0"], "--examples"),
        (["prove", "nope"], "no operation 'nope'; there are: identity"),
        (["verify", "nope"], "no operation 'nope'; there are: identity"),
        (["verify", "relu", "--only", "relu.nope"], "no check 'relu.nope'"),
        (["prove", "relu", "--json", "no/such/folder/file"], "No such file or directory"),
        (["prove", "--nope"], "No such option"),
        (["nope"], "No such command 'nope'"),
    ],
)
def test_bad_input_is_one_clear_line_and_exit_2(capsys, arguments, said):
    """Nothing on standard output, one line on standard error that says what is wrong."""
    ran = Ran(capsys, *arguments)
    assert ran.code == 2
    assert ran.out == ""
    (line,) = ran.error.splitlines()
    assert line.startswith("backproof: ")
    assert said in line


def test_help_is_no_error(capsys):
    """The exit codes stand in the help."""
    ran = Ran(capsys, "--help")
    assert ran.code == 0
    assert "3 could not be judged" in " ".join(ran.out.split())


def test_prove_prints_its_record(capsys):
    """The fields are DESIGN's; every claim of relu is proved for every size."""
    ran = Ran(capsys, "prove", "relu", "--json", "-", "--workers", "1")
    assert ran.code == 0
    assert ran.record["schema"] == 1
    for proof in ran.record["proofs"]:
        assert proof.keys() >= {"operation", "input", "status", "scope", "seconds", "sources"}
        assert (proof["operation"], proof["input"], proof["scope"]) == ("relu", "x", "every size")


def test_prove_shows_a_table(capsys):
    """One row for each claim, and the count."""
    ran = Ran(capsys, "prove", "relu", "l2_penalty", "--workers", "1")
    assert "003 eq. 16" in ran.out
    assert ran.out.endswith("3 proved\n")


def test_two_workers_prove_the_same_as_one(capsys):
    """Only the time differs."""
    records = [
        Ran(capsys, "prove", "relu", "mse", "--json", "-", "--workers", n).record for n in "12"
    ]
    for record in records:
        for proof in record["proofs"]:
            del proof["seconds"]
    assert records[0] == records[1]


def test_verify_prints_its_record_and_table(capsys, tmp_path):
    """A file gets the record while the terminal gets the table."""
    path = tmp_path / "record.json"
    ran = Ran(capsys, "verify", "relu", "--examples", "5", "--json", str(path), "--workers", "1")
    record = json.loads(path.read_text("utf-8"))
    assert ran.code == 0
    assert record["verdict"] == "pass"
    assert "relu.kink.x[float32]" in ran.out
    assert [c["id"] for c in record["checks"]][:2] == ["relu.forward", "relu.gradient.x"]


def test_check_says_what_is_wrong_and_how_to_see_it_again(capsys):
    """The replay line repeats the one check and fails again."""
    check = ["check", WRONG, "--dialect", "mytorch", "--examples", "20", "--workers", "1"]
    ran = Ran(capsys, *check, "--only", "linear.gradient.bias")
    assert ran.code == 1
    assert "It was summed over the batch; this course divides it by the batch size." in ran.out
    assert "expected [1.]" in ran.out
    again = f"Again: backproof {' '.join(check[:4])} --examples 20 --only 'linear.gradient.bias'"
    assert again in " ".join(ran.out.split())
    assert ran.out.endswith("fail: 1 fail; isolation: none\n")


def test_check_of_a_right_homework_is_exit_0(capsys):
    """One component of it here."""
    arguments = ["check", RIGHT, "--dialect", "mytorch", "--examples", "20", "--json", "-"]
    ran = Ran(capsys, *arguments, "--only", "tanh.gradient.x")
    assert ran.code == 0
    assert ran.record["verdict"] == "pass"
    assert ran.record["score"] == 1
    read_as = {"dialect": "mytorch", "edition": "2021", "detected": True}
    assert ran.record["interface"] == read_as
    given = Ran(capsys, *arguments, "--only", "tanh.gradient.x", "--edition", "2021").record
    assert given["interface"] == {**read_as, "detected": False}
