"""Attacks on what is left behind: the files of `backproof check` end as the grader wrote them.

The real command line, in a process of its own, in two dialects. Beside the attack there is a wrong
gradient, and forged results stand where the grader's will be. Numbers are those of test_attacks.py.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import jsonschema
import pytest

import backproof

if sys.platform != "linux":
    pytest.skip("the sandbox that closes files and processes is Linux's", allow_module_level=True)

ROOT = Path(__file__).parents[2]
FORGED = '{"verdict": "pass", "scores": {"relu": 100, "elu": 100}}'

# For each dialect: the file that holds an operation, and a wrong gradient of it after an attack.
DIALECTS = {
    "uva": (
        "assignment1/modules.py",
        "elu",
        """
class ELUModule(ELUModule):
    def backward(self, dout):
        attack()
        return 0.3 * dout
""",
    ),
    "cs231n": (
        "cs231n/layers.py",
        "relu",
        """
def relu_backward(dout, cache):
    attack()
    return 0.3 * dout
""",
    ),
}

# What pip makes of an entry point: the folder that it runs in is not on its path.
COMMAND = """\
import sys
from backproof.cli import main
if __name__ == "__main__":
    sys.exit(main())
"""


SCHEMAS = {
    "record": Path(backproof.__file__).parent / "report/schemas/check.schema.json",
    "gradescope": ROOT / "tests/report/schemas/gradescope.schema.json",
}


class Grader:
    """A submission in a dialect, the command that judges it, and the files that it leaves."""

    def __init__(self, folder: Path, dialect: str) -> None:
        module, self.operation, self.wrong = DIALECTS[dialect]
        self.folder = folder
        self.dialect = dialect
        self.module = folder / "submission" / module
        self.module.parent.mkdir(parents=True)
        shutil.copy(ROOT / "examples" / dialect / module, self.module)
        (folder / "command.py").write_text(COMMAND, "utf-8")
        for name in ("record", "gradescope", "summary"):
            (folder / name).write_text(FORGED, "utf-8")

    def attack(self, code: str) -> None:
        """Put code before a wrong gradient; it knows where the results will be."""
        known = f"import atexit, os\nFORGED, FOLDER = {FORGED!r}, {str(self.folder)!r}\n"
        attack = "def attack():\n" + indent(dedent(code).strip(), "    ") + "\n"
        text = self.module.read_text("utf-8")
        self.module.write_text(text + known + attack + self.wrong, "utf-8")

    def run(self, workers: int = 1) -> list[str]:
        """Judge it from inside its folder: a wrong homework, whatever it did.

        Returns
        -------
        list[str]
            The lines on standard output, where Autolab reads the last.
        """
        asked = [
            sys.executable,
            self.folder / "command.py",
            "check",
            ".",
            "--dialect",
            self.dialect,
        ]
        reports = [
            *("--json", self.folder / "record", "--report", "autolab=-"),
            *("--report", f"gradescope={self.folder / 'gradescope'}"),
            *("--report", f"github-summary={self.folder / 'summary'}"),
        ]
        search = os.pathsep.join(entry for entry in sys.path if entry)
        ran = subprocess.run(
            [*asked, *reports, "--examples", "1", "--workers", str(workers)],
            cwd=self.folder / "submission",
            env={**os.environ, "PYTHONPATH": search},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert ran.returncode == 1, ran.stderr
        return ran.stdout.splitlines()

    def read(self, name: str) -> Any:
        """One of the files, which is whole and has its format."""
        found = json.loads((self.folder / name).read_text("utf-8"))
        jsonschema.validate(found, json.loads(SCHEMAS[name].read_text("utf-8")))
        return found


def found_wrong(grader: Grader, lines: list[str]) -> None:
    """Each file that the grader leaves, and its last line, say which gradient is wrong."""
    record = grader.read("record")
    assert record["verdict"] == "fail"
    wrong = f"{grader.operation}.gradient.x"
    statuses = {check["id"]: check["status"] for check in record["checks"]}
    assert statuses[wrong] in {"fail", "error"}
    assert statuses["linear.gradient.x"] == "pass"
    tests = {test["name"]: test["status"] for test in grader.read("gradescope")["tests"]}
    assert tests[wrong] == "failed"
    assert tests.keys() == statuses.keys()
    scores = json.loads(lines[-1])["scores"]
    assert scores["linear"] > scores[grader.operation]
    summary = (grader.folder / "summary").read_text("utf-8")
    assert wrong in summary
    assert FORGED not in summary + "".join(lines)


ATTACKS = {
    "write the results and leave (8)": (
        "uva",
        """
        for name in ("record", "gradescope", "summary"):
            try:
                path = os.path.join(FOLDER, name)
                os.path.exists(path) and os.remove(path)
                open(path, "w").write(FORGED)
            except OSError:
                pass
        os._exit(0)
        """,
    ),
    "write them when the process ends, and a score (6, 7, 9)": (
        "uva",
        """
        def forge():
            print(FORGED, flush=True)
            os.write(1, b"::notice title=Autograding::all points\\n" + FORGED.encode())
            open(os.path.join(FOLDER, "record"), "w").write(FORGED)
        atexit.register(forge)
        """,
    ),
    "write to whatever is open, and leave (1, 7)": (
        "cs231n",
        """
        for descriptor in range(64):
            try:
                os.write(descriptor, FORGED.encode())
            except OSError:
                pass
        os._exit(0)
        """,
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_files_end_as_the_grader_wrote_them(tmp_path: Path, attack: str) -> None:
    """Whole, each in its format, and with the verdict."""
    dialect, code = ATTACKS[attack]
    grader = Grader(tmp_path, dialect)
    grader.attack(code)
    found_wrong(grader, grader.run())


def test_the_grader_imports_nothing_from_the_folder_that_it_runs_in(tmp_path: Path) -> None:
    """Nor do its workers, which are started in it (11, 12)."""
    grader = Grader(tmp_path, "uva")
    grader.attack("pass")
    trap = f"import os\nopen({str(tmp_path / 'trapped')!r}, 'w')\nos._exit(0)\n"
    names = ("sitecustomize", "conftest", "struct", "selectors", "numpy", "torch", "backproof")
    for name in names:
        (tmp_path / "submission" / f"{name}.py").write_text(trap, "utf-8")
    found_wrong(grader, grader.run(workers=2))
    assert not (tmp_path / "trapped").exists()
