"""A course's folder: the archive for Gradescope, run as Gradescope runs it, and the workflow."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from backproof import package
from backproof.course_file import CourseError, load
from backproof.version import __version__

ROOT = Path(__file__).parents[1]
COURSE = ROOT / "examples/course"
BASH = shutil.which("bash") or "bash"
GRADESCOPE = ROOT / "tests/report/schemas/gradescope.schema.json"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Build the example course's archive."""
    out = tmp_path / "autograder.zip"
    package.gradescope(COURSE, out)
    return out


# --- the archive ----------------------------------------------------------------------------------


def test_the_archive_has_what_gradescope_asks_for(archive):
    """Both scripts at its root, executable; the course's file as it is."""
    with zipfile.ZipFile(archive) as read:
        modes = {entry.filename: entry.external_attr >> 16 for entry in read.infolist()}
        assert read.testzip() is None
        assert read.read("backproof.toml") == (COURSE / "backproof.toml").read_bytes()
    assert modes == {
        "backproof.toml": 0o100644,
        "requirements.txt": 0o100644,
        "run_autograder": 0o100755,
        "setup.sh": 0o100755,
    }


def test_the_same_course_makes_the_same_bytes(archive, tmp_path):
    """Whenever, and from wherever: no dates, no owners."""
    copied = Path(shutil.copytree(COURSE, tmp_path / "elsewhere"))
    os.utime(copied / "backproof.toml", (0, 0))
    again = tmp_path / "again.zip"
    package.gradescope(copied, again)
    assert again.read_bytes() == archive.read_bytes()
    (copied / "backproof.toml").write_text('dialect = "mytorch"\n', "utf-8")
    package.gradescope(copied, again)
    assert again.read_bytes() != archive.read_bytes()


@pytest.mark.parametrize("script", ["setup.sh", "run_autograder"])
def test_the_scripts_are_bash(archive, script, tmp_path):
    """Line ends and all; a script that is cut short is not."""
    with zipfile.ZipFile(archive) as read:
        text = read.read(script).decode()
    assert text.startswith("#!/usr/bin/env bash\n")
    assert "\r" not in text
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    whole.write_text(text, "utf-8")
    cut.write_text(text + "if true; then\n", "utf-8")
    assert subprocess.run([BASH, "-n", whole], check=False).returncode == 0
    refused = subprocess.run([BASH, "-n", cut], check=False, capture_output=True)
    assert refused.returncode != 0


def pins(text: str) -> dict[str, str]:
    """The versions in a file of requirements."""
    found = (line.partition("==") for line in text.splitlines() if "==" in line)
    return {name.lower().replace("_", "-"): version for name, _, version in found}


def test_every_requirement_is_pinned_as_it_was_tested(archive):
    """What constraints/ pins for a verdict, no more and no less, and this backproof."""
    with zipfile.ZipFile(archive) as read:
        required = pins(read.read("requirements.txt").decode())
    common = (ROOT / "constraints/common.txt").read_text("utf-8").partition("# the suite's")[0]
    numpy = (ROOT / "constraints/numpy24.txt").read_text("utf-8")
    assert required == {**pins(common), **pins(numpy), "backproof": __version__}
    assert "torch" in required


def test_a_wheel_takes_the_place_of_the_package_index(tmp_path):
    """It is put in, and required by its name."""
    wheel = tmp_path / f"backproof-{__version__}-py3-none-any.whl"
    wheel.write_bytes(b"a wheel")
    out = tmp_path / "autograder.zip"
    assert wheel.name in package.gradescope(COURSE, out, wheel)
    with zipfile.ZipFile(out) as read:
        assert read.read(wheel.name) == b"a wheel"
        requirements = read.read("requirements.txt").decode().splitlines()
    assert f"./{wheel.name}" in requirements
    assert "backproof" not in pins("\n".join(requirements))


def test_a_course_s_own_dialect_is_put_in(tmp_path):
    """At the place where its file looks for it."""
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours/dialect.py").write_text("DIALECT = None\n", "utf-8")
    (tmp_path / "backproof.toml").write_text('dialect = "ours/dialect.py"\n', "utf-8")
    out = tmp_path / "autograder.zip"
    assert "ours/dialect.py" in package.gradescope(tmp_path, out)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("examples = 5", "it has to name the dialect"),
        ("dialects = 5", ":1: unknown key 'dialects'; did you mean 'dialect'"),
        ('dialect = "no.py"', "no.py: No such file"),
        ('dialect = "../outside.py"', "is outside of the course"),
    ],
)
def test_a_course_that_cannot_be_graded_is_refused(tmp_path, text, said):
    """Before a class finds out."""
    (tmp_path / "backproof.toml").write_text(text, "utf-8")
    with pytest.raises(CourseError, match=re.escape(said)):
        package.gradescope(tmp_path, tmp_path / "autograder.zip")
    assert not (tmp_path / "autograder.zip").exists()


@pytest.mark.parametrize("name", ["numpy-2.4.6-py3-none-any.whl", "backproof-0.1.0.tar.gz"])
def test_another_wheel_is_refused(tmp_path, name):
    """And so is one that is not there."""
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(ValueError, match="not a wheel of backproof"):
        package.gradescope(COURSE, tmp_path / "autograder.zip", tmp_path / name)
    missing = tmp_path / "backproof-9-py3-none-any.whl"
    with pytest.raises(ValueError, match="No such file"):
        package.gradescope(COURSE, tmp_path / "autograder.zip", missing)


# --- the archive, run -----------------------------------------------------------------------------


# What pip makes of an entry point; and on one processor, since a container has no more.
COMMAND = """\
import os
import sys
from backproof.cli import main
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, [max(os.sched_getaffinity(0))])
if __name__ == "__main__":
    sys.exit(main())
"""


class Autograder:
    """A folder that is laid out as Gradescope's /autograder, with the archive unpacked in it."""

    def __init__(self, root: Path, archive: Path, submission: Path) -> None:
        self.root = root
        with zipfile.ZipFile(archive) as read:
            read.extractall(root / "source")
        shutil.copy(root / "source/run_autograder", root)
        shutil.copytree(submission, root / "submission")
        (root / "venv/bin").mkdir(parents=True)
        self.install(f"#!{sys.executable}\n{COMMAND}")

    def install(self, text: str) -> None:
        """Put a command `backproof` where setup.sh would: by default, the one that pip makes."""
        command = self.root / "venv/bin/backproof"
        command.write_text(text, "utf-8")
        command.chmod(0o755)

    def settle(self, text: str) -> None:
        """Replace the course's file."""
        (self.root / "source/backproof.toml").write_text(text, "utf-8")

    def run(self) -> dict[str, Any]:
        """Judge the submission, and read results.json, which is valid whatever happens."""
        search = os.pathsep.join(p for p in sys.path if p)
        subprocess.run(
            [BASH, self.root / "run_autograder"],
            check=True,
            capture_output=True,
            cwd="/",
            env={**os.environ, "AUTOGRADER_ROOT": str(self.root), "PYTHONPATH": search},
        )
        results: dict[str, Any] = json.loads((self.root / "results/results.json").read_text())
        jsonschema.validate(results, json.loads(GRADESCOPE.read_text("utf-8")))
        return results


SETTINGS = """\
dialect = "mytorch"
examples = 2
[points]
"*" = 1
"linear.gradient.*" = 2
"""


@pytest.fixture
def autograder(tmp_path: Path, archive: Path) -> Autograder:
    """Lay out a container with the right homework handed in."""
    found = Autograder(tmp_path / "autograder", archive, ROOT / "examples/mytorch")
    found.settle(SETTINGS)
    return found


def test_the_archive_judges_a_homework(autograder):
    """The real command, on the real homework: full points."""
    results = autograder.run()
    names = [t["name"] for t in results["tests"]]
    assert "linear.gradient.weight" in names
    assert {t["status"] for t in results["tests"]} == {"passed"}
    assert results["score"] == len(names) + sum(n.startswith("linear.gradient.") for n in names)
    assert not (autograder.root / "results/judged.json").exists()


def test_a_submission_of_other_files_is_told_so(autograder):
    """That is the student's to mend, and no failure of the grader."""
    shutil.rmtree(autograder.root / "submission")
    (autograder.root / "submission").mkdir()
    results = autograder.run()
    assert results["score"] == 0
    assert "not a homework in the dialect mytorch" in results["output"]


@pytest.mark.parametrize(
    "broken",
    [
        "#!/bin/sh\nexit 1\n",
        "#!/bin/sh\nkill -9 $$\n",
        "#!/bin/sh\necho '{' >\"${6#gradescope=}\"\nexit 70\n",
        "#!/no/such/interpreter\n",
    ],
)
def test_a_grader_that_breaks_blames_itself(autograder, broken):
    """No points, a valid file, and a student who knows that it is not their fault."""
    autograder.install(broken)
    results = autograder.run()
    assert results["score"] == 0
    assert results["tests"] == []
    assert "The grader itself failed" in results["output"]
    assert "the fault is not yours" in results["output"]


def test_a_course_s_mistake_is_the_grader_s_fault(autograder):
    """A pattern that matches nothing is nothing that a student could mend."""
    autograder.settle(SETTINGS.replace("dialect", "dialetc"))
    assert "The grader itself failed" in autograder.run()["output"]


# --- the course's folder --------------------------------------------------------------------------


def test_the_example_s_settings_hold_for_its_dialect():
    """Every pattern matches a check of the dialect's components."""
    settings = load(COURSE / "backproof.toml")
    assert settings.dialect == "mytorch"
    settings.must_match(
        ["batchnorm.gradient.x", "softmax_cross_entropy.forward", "relu.gradient.x"]
    )
    assert settings.points_of("batchnorm.gradient.x") == 5
    assert settings.level_of("softmax_cross_entropy.forward") == "diagnosis"


def workflow() -> dict[Any, Any]:
    """The example's workflow."""
    text = (COURSE / ".github/workflows/grade.yml").read_text("utf-8")
    read: dict[Any, Any] = yaml.safe_load(text)
    return read


def unsafe(found: dict[Any, Any]) -> list[str]:
    """What a workflow must not do that judges a stranger's code."""
    jobs = found["jobs"].values()
    faults = {
        # YAML 1.1 reads the key `on` as true.
        "a trigger of the student's, or with the course's rights": set(found[True])
        > {"workflow_call", "workflow_dispatch"},
        "more permissions than reading": found.get("permissions") != {"contents": "read"},
        "permissions of its own": any("permissions" in job for job in jobs),
        "a secret": "secrets" in yaml.safe_dump(found),
    }
    steps = (step for job in jobs for step in job["steps"])
    return [fault for fault, holds in faults.items() if holds] + [
        fault for step in steps for fault in _unsafe_step(step)
    ]


def _unsafe_step(step: dict[str, Any]) -> list[str]:
    uses, given = step.get("uses", ""), step.get("with", {})
    pinned = re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", uses)
    kept = given.get("persist-credentials") is not False
    faults = {
        "an action that is not pinned": bool(uses) and not pinned,
        "credentials that stay": "checkout" in uses and kept,
        "an expression in a script": "${{" in step.get("run", ""),
        "a cache": "cache" in uses or "cache" in given,
    }
    return [fault for fault, holds in faults.items() if holds]


def test_the_workflow_is_safe_for_a_stranger_s_code():
    """Triggers, permissions, pins, credentials, expressions."""
    assert unsafe(workflow()) == []


def planted(change: str) -> dict[Any, Any]:
    """The workflow with one thing wrong."""
    found = workflow()
    checkout, *_, grade = found["jobs"]["grade"]["steps"]
    match change:
        case "trigger":
            found[True]["pull_request_target"] = None
        case "permissions":
            found["permissions"]["checks"] = "write"
        case "job":
            found["jobs"]["grade"]["permissions"] = "write-all"
        case "secret":
            grade["env"] = {"TOKEN": "${{ secrets.TOKEN }}"}
        case "tag":
            checkout["uses"] = "actions/checkout@v4"
        case "credentials":
            del checkout["with"]["persist-credentials"]
        case "expression":
            grade["run"] += "echo ${{ inputs.repository }}"
        case "cache":
            found["jobs"]["grade"]["steps"][2]["with"]["cache"] = "pip"
    return found


@pytest.mark.parametrize(
    "change",
    ["trigger", "permissions", "job", "secret", "tag", "credentials", "expression", "cache"],
)
def test_finds_what_is_unsafe(change):
    """Each rule has a workflow that it refuses."""
    assert len(unsafe(planted(change))) == 1


def test_the_workflow_takes_the_settings_from_the_course():
    """And the submission from the student: two folders, of which only one is believed."""
    steps = workflow()["jobs"]["grade"]["steps"]
    folders = {
        s["with"]["path"]: s["with"]["repository"] for s in steps if "path" in s.get("with", {})
    }
    assert folders["submission"].startswith("${{ inputs.repository")
    assert "${{" not in folders["course"]
    assert "--course course/backproof.toml" in steps[-1]["run"]
    assert f"backproof[scipy]=={__version__}" in steps[-2]["run"]
    scipy = pins((ROOT / "constraints/common.txt").read_text("utf-8"))["scipy"]
    assert f"scipy=={scipy}" in steps[-2]["run"]
