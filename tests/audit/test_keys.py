"""Keys whose every verdict is known: what the documents end in, and true formulas in odd forms.

Before each display stand its verdicts, in the order of its claims: ``**2 proved, refuted** title``.
"""

import re
from pathlib import Path

import pytest

from backproof.audit.markdown_key import load
from derivations.claims import judge

pytestmark = pytest.mark.symbolic

KEYS = {path.stem: path for path in sorted(Path(__file__).with_name("keys").glob("*.md"))}
TOLD = re.compile(r"^\*\*(.+?)\*\* .*\n\n\$\$", re.MULTILINE)
BETWEEN = re.compile(r", (?=(?:\d+ )?(?:proved|refuted|holds-under))")


def told(path: Path) -> list[str]:
    """The verdicts that a key tells, one for each claim."""
    found = []
    for display in TOLD.findall(path.read_text("utf-8")):
        for part in BETWEEN.split(display):
            count, verdict = re.fullmatch(r"(?:(\d+) )?(.+)", part).groups()
            found += [verdict] * int(count or 1)
    return found


@pytest.mark.parametrize("key", KEYS)
def test_every_equation_gets_the_verdict_told_before_it(key):
    """Nothing is left over on either side, so every display is read and tells its verdicts."""
    found = []
    for entry in load(KEYS[key]):
        claim, judgement = entry.claim, judge(entry.claim)
        condition = judgement.condition and f" if {judgement.condition}"
        found.append((judgement.status + condition, claim.id, claim.equation))
    expected = told(KEYS[key])
    assert len(found) == len(expected)
    assert [f for f, verdict in zip(found, expected, strict=True) if f[0] != verdict] == []


def test_forty_forms_that_are_true_are_proved():
    """One of them only where each sample's targets are a distribution."""
    verdicts = told(KEYS["forms"])
    assert len(verdicts) > 40
    assert {v for v in verdicts if v != "proved"} == {
        "holds-under if the entries of targets sum to 1"
    }


def test_the_documents_own_equations_get_every_verdict():
    """Those of the five documents are proved, refuted, and hold under conditions of three kinds."""
    verdicts = [v for name, path in KEYS.items() if name != "forms" for v in told(path)]
    assert len(verdicts) > 150
    assert set(verdicts) >= {
        "proved",
        "refuted",
        "holds-under if i = j",
        "holds-under if row = column",
        "holds-under if the entries of targets sum to 1",
    }
