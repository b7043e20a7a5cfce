"""The keys of examples/: three planted mistakes among forty answers, one of two in Python."""

from pathlib import Path

import pytest

from backproof.audit.judging import judge_key

KEYS = Path(__file__).parents[2] / "examples" / "keys"


@pytest.fixture(scope="module")
def assignment():
    """What becomes of the key in Markdown."""
    return judge_key(KEYS / "assignment.md", processes=2)


def test_the_three_mistakes_of_the_assignment_are_found(assignment):
    """Each stands where the text says that it does; everything else is right."""
    lines = (KEYS / "assignment.md").read_text("utf-8").split("\n")
    told = [n + 3 for n, line in enumerate(lines) if "mistake:**" in line]
    refuted = [j for j in assignment if j.status == "refuted"]
    assert len(told) == 3
    assert [j.id for j in refuted] == [f"line {n}" for n in told]
    assert all(j.counterexample for j in refuted)
    assert len(assignment) >= 40
    assert {j.status for j in assignment} == {"proved", "holds-under", "refuted"}


def test_an_answer_that_needs_a_distribution_says_so(assignment):
    """Softmax minus target, for targets that sum to one, is the only one."""
    held = [j for j in assignment if j.status == "holds-under"]
    assert [(j.operation, j.condition) for j in held] == [
        ("softmax_cross_entropy", "the entries of targets sum to 1")
    ]


def test_the_python_key_forgets_a_sum():
    """And gets it back."""
    right, wrong = judge_key(KEYS / "key.py")
    assert (right.status, wrong.status) == ("proved", "refuted")
    assert wrong.correction == "sum over s of (dy[s, i])"
