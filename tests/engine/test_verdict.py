"""Records: DESIGN's JSON object, its schema, and exit codes that say the same."""

import json
from types import SimpleNamespace

import jsonschema
import pytest

from backproof.catalog import find
from backproof.loop import examine
from backproof.report import json as json_report
from backproof.verdict import (
    EXIT_CODES,
    Check,
    Counterexample,
    Diagnosis,
    Interface,
    Verdict,
    merge,
)
from implementations import relu, softmax

SCHEMA = json_report.schema()


def check(status, **more):
    """A check of that status."""
    return Check("relu.gradient.x", "relu", "gradient.x", status, 10, 0, **more)


def raising(cotangent, cache):
    raise ZeroDivisionError


CANDIDATES = {
    "right": (find("relu"), relu),
    "wrong": (
        find("softmax"),
        SimpleNamespace(forward=softmax.forward, backward=lambda c, cache: c * cache.y),
    ),
    "raising": (find("relu"), SimpleNamespace(forward=relu.forward, backward=raising)),
}


@pytest.mark.parametrize("name", CANDIDATES)
def test_a_record_follows_the_schema(name):
    """What an examination says survives JSON, and has DESIGN's fields and no others."""
    record = examine(*CANDIDATES[name], count=10).as_json()
    read = json.loads(json.dumps(record, allow_nan=False))
    jsonschema.validate(read, SCHEMA)
    assert read["checks"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("verdict", "maybe"),
        ("score", 1.5),
        ("schema", 2),
        ("checks", [{"status": "pass"}]),
        ("note", ""),
        ("interface", {"dialect": "mytorch"}),
    ],
)
def test_the_schema_rejects_another_record(field, value):
    """The schema is one that a record can fail."""
    record = {**examine(find("relu"), count=5).as_json(), field: value}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(record, SCHEMA)


def test_a_failure_s_record_has_counterexample_and_diagnosis():
    """Both stand under their names, the index as a list."""
    counterexample = Counterexample({"x": [1.0]}, [2.0], [3.0], (0,), "backproof verify")
    failed = check("fail", counterexample=counterexample, diagnosis=Diagnosis("sign", "It is -1."))
    record = failed.as_json()
    jsonschema.validate(record, {"$ref": "#/$defs/check", "$defs": SCHEMA["$defs"]})
    assert record["counterexample"]["index"] == [0]
    assert record["diagnosis"] == {"kind": "sign", "text": "It is -1."}
    assert not {"counterexample", "diagnosis", "message"} & check("pass").as_json().keys()


def test_what_a_submission_was_read_as_and_does_its_own_way_stands_in_its_record():
    """And nothing of either where there is nothing to say."""
    own_way = check("pass", variation="transposed weight")
    verdict = Verdict((own_way,), interface=Interface("uva", "autumn 2022", detected=True))
    record = verdict.as_json()
    jsonschema.validate(record, SCHEMA)
    assert record["interface"] == {"dialect": "uva", "edition": "autumn 2022", "detected": True}
    assert record["checks"][0]["variation"] == "transposed weight"
    plain = Verdict((check("pass"),)).as_json()
    assert "interface" not in plain
    assert "variation" not in plain["checks"][0]


VERDICTS = {
    ("pass",): ("pass", 0),
    ("pass", "fail"): ("fail", 1),
    ("error",): ("fail", 1),
    ("pass", "undecided"): ("incomplete", 3),
    ("not-judged",): ("incomplete", 3),
    ("not-implemented", "pass"): ("incomplete", 3),
    ("undecided", "fail"): ("fail", 1),
    (): ("incomplete", 3),
}


@pytest.mark.parametrize("statuses", VERDICTS, ids=" ".join)
def test_the_exit_code_says_what_the_verdict_says(statuses):
    """0 where all hold, 1 where something is wrong, 3 where something could not be judged."""
    verdict = Verdict(tuple(check(status) for status in statuses))
    assert (verdict.verdict, verdict.exit_code) == VERDICTS[statuses]
    assert EXIT_CODES[verdict.verdict] == verdict.exit_code


def test_the_score_is_the_share_of_checks_that_passed():
    """Nothing but a pass counts, and no checks score nothing."""
    assert Verdict(tuple(map(check, ["pass", "fail", "undecided", "pass"]))).score == 0.5
    assert Verdict(()).score == 0


def test_merged_verdicts_keep_their_order():
    """One verdict of many: all checks, one after the other."""
    first, second = Verdict((check("pass"),), "landlock"), Verdict((check("fail"),), "landlock")
    merged = merge([first, second])
    assert merge([]) == Verdict(())
    assert [c.status for c in merged.checks] == ["pass", "fail"]
    assert (merged.verdict, merged.isolation) == ("fail", "landlock")


@pytest.mark.parametrize("turn", [1, -1])
def test_merged_verdicts_claim_the_weakest_isolation(turn):
    """Whichever component had it."""
    tiers = ["landlock+seccomp", "seccomp"][::turn]
    assert merge([Verdict((check("pass"),), tier) for tier in tiers]).isolation == "seccomp"


def test_a_record_cannot_be_changed():
    """A verdict that is printed twice says the same twice."""
    with pytest.raises(AttributeError):
        check("fail").status = "pass"
