"""A record is the same, byte for byte, twice running and on every NumPy."""

from __future__ import annotations

import io
import platform
import sys
from pathlib import Path

import numpy as np
import pytest

from backproof import homework
from backproof.report import json as json_report

ROOT = Path(__file__).parents[2]
KEPT = Path(__file__).with_name("mytorch_wrong.json")
OPERATIONS = ("sigmoid", "relu", "softmax_cross_entropy", "linear")


def record(processes: int) -> str:
    """The record of a homework with mistakes, but for what names the machine and the versions."""
    verdict = homework.judge(
        ROOT / "examples/mytorch_wrong",
        homework.dialect("mytorch"),
        operations=OPERATIONS,
        count=8,
        processes=processes,
    )
    found = json_report.verdict(verdict)
    del found["versions"], found["isolation"]
    for check in found["checks"]:  # its replay line holds the path
        if "counterexample" in check:
            del check["counterexample"]["replay"]
    file = io.StringIO()
    json_report.write(found, file)
    return file.getvalue()


@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64" or np.finfo(np.longdouble).nmant < 63,
    reason="the last digits of bounds and wrong results are those of x86-64's long double and libm",
)
def test_a_record_is_the_one_that_was_kept() -> None:
    """The kept one is from NumPy 2.4; by whatever number of processes.

    Where a change means to change it, write the record that this test makes to the kept file.
    """
    assert record(1) == KEPT.read_text("utf-8")
    assert record(2) == KEPT.read_text("utf-8")
