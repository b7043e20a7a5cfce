"""A record is the same, byte for byte, twice running and on every NumPy.

Where a change means to change the kept records, ``python tests/candidates/test_bytes.py`` writes
them anew, on the newest NumPy.
"""

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
KEPT = Path(__file__).with_name("kept")
LAYERS = ("sigmoid", "relu", "softmax_cross_entropy", "linear", "batchnorm")
RECORDS = {
    "mytorch_layers": ("mytorch_wrong", "mytorch", LAYERS, 8),
    "mytorch_network": ("mytorch", "mytorch", ("batchnorm_mlp",), 4),
    "uva": ("uva_wrong", "uva", ("linear",), 6),
    "hlcv": ("hlcv", "hlcv", ("two_layer_net",), 4),
    "cs231n": ("cs231n_wrong", "cs231n", ("svm_loss",), 6),
}
"""By the file it is kept in, the example, its dialect, the operations and the number of examples.

Most are homework with mistakes; the smallest example that a whole network fails on takes long.
"""


def record(name: str, processes: int = 1) -> str:
    """The record of a homework, but for what names the machine and the versions."""
    folder, dialect, operations, count = RECORDS[name]
    verdict = homework.judge(
        ROOT / "examples" / folder,
        homework.dialect(dialect),
        operations=operations,
        count=count,
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


def kept(name: str) -> Path:
    """Where a record is kept."""
    return KEPT / f"{name}.json"


on_x86_64 = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64" or np.finfo(np.longdouble).nmant < 63,
    reason="the last digits of bounds and wrong results are those of x86-64's long double and libm",
)


@on_x86_64
@pytest.mark.parametrize("name", RECORDS)
def test_a_record_is_the_one_that_was_kept(name: str) -> None:
    """The kept one is from NumPy 2.4."""
    assert record(name) == kept(name).read_text("utf-8")


@on_x86_64
def test_a_record_is_the_same_by_two_processes() -> None:
    """The order in which they end leaves no trace."""
    name = "mytorch_layers"
    assert record(name, 2) == kept(name).read_text("utf-8")


if __name__ == "__main__":
    for name in RECORDS:
        kept(name).write_text(record(name), "utf-8")
