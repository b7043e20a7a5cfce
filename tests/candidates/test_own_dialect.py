"""A dialect in a file of its own: the one that docs/dialects.md prints, and broken ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backproof import cli, homework

PAGE = Path(__file__).parents[2] / "docs" / "dialects.md"


@pytest.fixture
def printed(tmp_path, monkeypatch) -> Path:
    """The files of the page, in the working directory."""
    fences = re.findall(
        r"`([\w/]+\.py)`:\n\n```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL
    )
    assert [name for name, _ in fences] == ["tiny.py", "homework/layers.py"]
    for name, source in fences:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(source, "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(*more: str) -> object:
    """Run the page's command line to its exit code."""
    assert "`backproof check homework --dialect tiny.py`" in PAGE.read_text("utf-8")
    command = ["check", "homework", "--dialect", "tiny.py", "--examples", "5", "--workers", "1"]
    with pytest.raises(SystemExit) as ended:
        cli.main([*command, *more])
    return ended.value.code


def test_the_printed_dialect_judges_the_printed_homework(printed, capsys):
    """Every property of both classes is asked for."""
    assert check() == 0
    out = capsys.readouterr().out
    for name in ("linear.gradient.weight", "linear.gradient.bias", "tanh.gradient.x"):
        assert name in out
    assert "pass: " in out


def test_the_printed_dialect_finds_a_mistake(printed, capsys):
    """The replay line names the file of the dialect."""
    layers = printed / "homework" / "layers.py"
    layers.write_text(layers.read_text("utf-8").replace(" / len(dy)", ""), "utf-8")
    assert check("--only", "linear.gradient.weight") == 1
    again = " ".join(capsys.readouterr().out.split())
    assert "Again: backproof check homework --dialect tiny.py --examples 5 --only" in again


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (None, "own.py: no such file"),
        ("DIALECT = 1 / 0", "own.py: ZeroDivisionError: division by zero"),
        ("DIALECT = 'uva'", "own.py: defines no DIALECT of the type Dialect"),
        ("", "own.py: defines no DIALECT of the type Dialect"),
    ],
)
def test_a_file_that_defines_no_dialect_is_refused_in_one_line(tmp_path, source, said):
    """The line names the file."""
    file = tmp_path / "own.py"
    if source is not None:
        file.write_text(source, "utf-8")
    with pytest.raises(homework.DialectError) as caught:
        homework.dialect(str(file))
    assert str(caught.value).endswith(said)
    assert "\n" not in str(caught.value)
