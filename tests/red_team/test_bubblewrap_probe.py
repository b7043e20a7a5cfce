"""The command, run in the homework's own folder where there is a bubblewrap to try."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "mytorch"

# What Python, multiprocessing and the search for bubblewrap import first.
SHADOWS = ("json", "selectors", "signal", "socket", "struct", "runpy", "tempfile")


def test_the_search_for_bubblewrap_imports_no_file_of_the_homework(tmp_path: Path) -> None:
    """Each of them would leave a trace if it ran outside of the sandbox."""
    folder, mark = tmp_path / "homework", tmp_path / "mark"
    shutil.copytree(EXAMPLE / "mytorch", folder / "mytorch")
    for name in SHADOWS:
        text = f"open({str(mark)!r}, 'a').write({name!r})\n"
        (folder / f"{name}.py").write_text(text, "utf-8")
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "bwrap").write_text("#!/bin/sh\nexit 1\n", "utf-8")
    (tools / "bwrap").chmod(0o755)
    # As the installed command: unlike `python -m`, it does not look where it is run.
    command = tools / "backproof"
    command.write_text(
        "if __name__ == '__main__':\n    from backproof.cli import main\n    main()\n"
    )
    asked = ["check", ".", "--dialect", "mytorch", "--examples", "1", "--workers", "1"]
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
