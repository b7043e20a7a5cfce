"""docs/latex.md: each example is read as it says, and what it says is not read is not."""

import re
from pathlib import Path

import pytest

from backproof.audit.latex.reader import DEEPEST, FUNCTIONS, LONGEST, WORDS, read
from backproof.audit.latex.syntax import LatexError
from backproof.audit.latex.writer import write

PAGE = (Path(__file__).parents[3] / "docs" / "latex.md").read_text("utf-8")


def rows(heading):
    """The cells of the table under a heading, code without its backticks."""
    (section,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]
    return [[code(cell.strip()) for cell in row] for row in cells]


def code(cell):
    """A bar within a cell has a backslash before it, which is Markdown's and not LaTeX's."""
    return re.sub(r"^`([^`]*)`$", r"\1", cell).replace(r"\|", "|")


@pytest.mark.parametrize("row", rows("What is read"), ids=lambda row: row[0])
def test_an_example_is_read(row):
    _, example, clean, _ = row
    (equation,) = read(example)
    assert write(equation) == clean


@pytest.mark.parametrize("row", rows("How far it reaches"), ids=lambda row: row[0])
def test_it_reaches_as_far_as_its_braces(row):
    written, braced, _ = row
    assert read(written) == read(braced)


@pytest.mark.parametrize("row", rows("What is not read"), ids=lambda row: row[0])
def test_an_error_stands_at_its_token(row):
    example, token, _ = row
    with pytest.raises(LatexError) as caught:
        read(example)
    assert caught.value.token == token


def test_the_limits_are_those_of_the_reader():
    assert f"at most {LONGEST:,} characters, and at most {DEEPEST} things" in PAGE


def test_the_functions_are_those_of_the_reader():
    """Words that have a command of their own are not told again."""
    told = {row[0]: row[3] for row in rows("What is read")}
    commands = set(re.findall(r"`(\\\w+)`", told["function"]))
    words = set(re.findall(r"\w+", told["named function"].partition(";")[2]))
    assert commands == FUNCTIONS
    assert words == {word for word in WORDS if rf"\{word}" not in FUNCTIONS}
