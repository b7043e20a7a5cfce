"""The command, run in the homework's own folder: no file there is taken for one of Python's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "mytorch"

# What Python, multiprocessing and the search for bubblewrap import first.
SHADOWS = ("json", "selectors", "signal", "socket", "struct", "runpy", "tempfile")


@pytest.mark.parametrize("probe", ["", "bwrap"], ids=["as it is", "with a bwrap to try"])
def test_a_file_of_the_homework_shadows_no_module(tmp_path: Path, probe: str) -> None:
    """Each of them would leave a trace if it ran outside of the sandbox."""
    folder, mark = tmp_path / "homework", tmp_path / "mark"
    shutil.copytree(EXAMPLE / "mytorch", folder / "mytorch")
    for name in SHADOWS:
        text = f"open({str(mark)!r}, 'a').write({name!r})\n"
        (folder / f"{name}.py").write_text(text, "utf-8")
    tools = tmp_path / "tools"
    tools.mkdir()
    if probe:
        (tools / probe).write_text('#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\n', "utf-8")
        (tools / probe).chmod(0o755)
    # As the installed command: unlike `python -m`, it does not look where it is run.
    command = tools / "backproof"
    command.write_text(
        "if __name__ == '__main__':\n    from backproof.cli import main\n    main()\n"
    )
    asked = ["check", ".", "--dialect", "mytorch", "--examples", "2", "--workers", "2"]
    only = ["--json", str(tmp_path / "record.json")]
    ran = subprocess.run(
        [sys.executable, str(command), *asked, *only],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
            "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        },
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    assert not mark.exists(), mark.read_text("utf-8")
    assert ran.returncode in {0, 3}, ran.stderr  # without its networks it is not complete
