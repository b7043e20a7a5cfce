"""The example keys get the verdicts that they say themselves."""

from pathlib import Path

from backproof.audit.judging import judge_key

KEYS = Path(__file__).parents[2] / "examples/keys"
TRANSPOSED = r"\frac{\partial L}{\partial X} = \frac{\partial L}{\partial Y} W^T"
MEANT = r"\frac{\partial L}{\partial z} = \frac{1}{S}(\operatorname{softmax}(z) - t)"
INVERTED = r"\frac{\partial \hat{x}_i}{\partial \mu} = -(\sigma^2 + \epsilon)^{-\frac{1}{2}}"


def test_three_equations_of_the_assignment_are_wrong_and_are_repaired():
    """A transpose, the mean, an exponent; all others are true."""
    found = judge_key(KEYS / "assignment.md", processes=2)
    wrong = [j for j in found if j.status == "refuted"]
    assert [j.correction for j in wrong] == [TRANSPOSED, MEANT, INVERTED]
    held = [j.condition for j in found if j.status == "holds-under"]
    assert held == ["i = j", "the entries of targets sum to 1"]
    assert sum(j.status == "proved" for j in found) == 41 == len(found) - len(wrong) - len(held)


def test_the_key_in_python_has_one_wrong_claim():
    """No single slip undone makes it true."""
    found = judge_key(KEYS / "key.py")
    assert [j.status for j in found] == ["proved", "proved", "refuted"]
    assert not found[2].correction
