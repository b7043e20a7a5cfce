"""True LaTeX that is changed by one token is refuted, or proved all the same."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from backproof.audit.key import KeyFileError
from backproof.audit.markdown_key import load
from derivations.claims import judge

PIECE = re.compile(r"```backproof\n(.*?)```|\*\*proved\*\* (.*?)\n\n\$\$(.*?)\$\$", re.DOTALL)


def forms() -> Iterator[tuple[str, tuple[str, str]]]:
    """The equations of keys/forms.md by their titles, each with the block over it."""
    block = ""
    for found in PIECE.finditer((Path(__file__).parent / "keys/forms.md").read_text("utf-8")):
        if found[1]:
            block = found[1]
        else:
            yield found[2], (block, found[3].strip())


FORMS = dict(forms())
TOKEN = re.compile(r"\\[A-Za-z]+|\d+|[A-Za-z]|\S")
SCRIPTED_SUM = re.compile(r"\\sum_(\{[^{}]*\}|\w)(\^(\{[^{}]*\}|\w))?")
TRANSPOSE = re.compile(r"\^T")
POWER = re.compile(r"\^(\d|\{-?\\frac\{\d\}\{\d\}\})")
EACH = 4
"""Of the changes of a form, one in so many is judged."""


def verdicts(folder, block, latex):
    """The statuses of an equation's claims; the error where it has no meaning."""
    path = folder / "key.md"
    path.write_text(f"```backproof\n{block}```\n\n$$\n{latex}\n$$\n", "utf-8")
    try:
        return [judge(entry.claim).status for entry in load(path)]
    except KeyFileError:
        return ["not read"]


def changed(latex: str) -> Iterator[str]:
    """An equation with one token of its right-hand side changed or dropped."""
    left, _, right = latex.partition("=")
    letters = sorted(set(re.findall(r"(?<=[_{])[a-z](?=[a-z}])|(?<=_)[a-z]", latex)))
    for pattern in (SCRIPTED_SUM, TRANSPOSE, POWER):
        for found in pattern.finditer(right):
            yield f"{left}={right[: found.start()]}{right[found.end() :]}"
    for found in TOKEN.finditer(right):
        token = found.group()
        for other in others(token, right[: found.start()], letters):
            yield f"{left}={right[: found.start()]}{other}{right[found.end() :]}"


def others(token: str, before: str, letters: list[str]) -> list[str]:
    """What a token is mistaken for."""
    in_script = re.search(r"_\{?[a-z]?$", before) is not None
    if token in letters and in_script:
        return [letter for letter in letters if letter != token]
    if token.isdigit() and not before.endswith(("_", "^{-\\frac{")):
        return [str(int(token) + 1)]
    return _CONFUSED.get(token, [])


_CONFUSED = {
    "+": ["-"],
    "-": ["+", ""],
    r"\hat": [""],
    r"\circ": [""],
    r"\oslash": [r"\circ"],
    "X": ["Y"],
    "W": ["X"],
    "S": ["2"],
    "M": ["S"],
    "m": ["1"],
    r"\gamma": [r"\beta"],
    r"\sigma": [r"\mu"],
    r"\mu": [r"\gamma"],
    r"\epsilon": ["1"],
}

MUTANTS = [
    pytest.param(FORMS[form][0], mutant, id=f"{form} {number}")
    for form in FORMS
    for number, mutant in enumerate(dict.fromkeys(changed(FORMS[form][1])))
    if number % EACH == len(form) % EACH
]


def test_an_equation_that_is_one_token_off_is_refuted_or_equal(tmp_path):
    """None is undecided; those that have no meaning any more are errors, and do not count."""
    outcomes: Counter[str] = Counter()
    for mutant in MUTANTS:
        (status,) = set(verdicts(tmp_path, *mutant.values)) or {"none"}
        outcomes[status] += 1
        assert status in {"refuted", "proved", "holds-under", "not read"}, mutant.id
    assert outcomes["refuted"] + outcomes["proved"] >= 100
    assert outcomes["refuted"] > 10 * outcomes["proved"]
