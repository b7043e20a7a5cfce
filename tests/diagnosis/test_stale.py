"""An answer to an earlier question is recognised, and nothing else is taken for one."""

import numpy as np
import pytest

from backproof.compare import Finding
from backproof.diagnosis import Kind, stale
from backproof.error_analysis import Bounded


def truth(*values):
    """A right answer, with a bound of a millionth."""
    array = np.array(values)
    return Bounded(array, np.full(array.shape, 1e-6))


def answered(right, *actual):
    """A wrong answer."""
    return Finding("wrong", {}, 0.0, right, np.array(actual))


FIRST, SECOND, NOW = truth(1.0, 2.0, 3.0), truth(4.0, 5.0), truth(7.0, 8.0)


@pytest.mark.parametrize(
    ("actual", "words"),
    [((4.0, 5.0), "the example before:"), ((1.0, 2.0, 3.0), "the example 2 calls before:")],
)
def test_names_the_answer_to_an_earlier_example(actual, words):
    """Of whatever shape, the sentence says how long ago it was asked."""
    found = stale(answered(NOW, *actual), [FIRST, SECOND])
    assert found.kind == Kind.STALE
    assert words in found.text


def test_the_latest_of_two_that_explain_it_is_named():
    """The same question twice: the answer is that of the second time."""
    found = stale(answered(NOW, 4.0, 5.0), [SECOND, SECOND])
    assert "the example before:" in found.text


@pytest.mark.parametrize(
    ("finding", "earlier"),
    [
        (answered(NOW, 4.0, 5.1), [FIRST, SECOND]),
        (answered(NOW, 4.0, np.nan), [FIRST, SECOND]),
        (answered(NOW, 4.0, 5.0), []),
        (answered(NOW, 0.0, 0.0), [truth(0.0, 0.0)]),
        (answered(NOW, 7.00001, 8.0), [truth(7.00001, 8.0)._replace(error=np.full(2, 1e-4))]),
    ],
    ids=["another number", "nan", "no earlier one", "zeros", "the right answer, nearly"],
)
def test_names_nothing_else(finding, earlier):
    """Not what comes near, not zeros, and not an earlier answer that would be right now too."""
    assert stale(finding, earlier) is None
