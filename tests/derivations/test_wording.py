"""Formulas in one line of plain text."""

import sympy as sp

from derivations.notation import Case, Positive, array, axes, delta, let, maximum, total
from derivations.wording import described, in_words

rows, columns = axes("rows columns")
s = rows.index("s")
i, j, k = columns.indices("i j k")
x = array("x", rows, columns)


def test_a_sum_names_its_index_and_encloses_its_body():
    """A reader sees what is summed over what."""
    assert in_words(total(x[s, k], k)) == "sum over k of (x[s, k])"
    assert in_words(total(x[s, k], s, k)) == "sum over s, k of (x[s, k])"


def test_a_maximum_names_its_index():
    """A maximum over an index is no function of that index."""
    assert in_words(maximum(x[s, k], k)) == "max over k of x[s, k]"


def test_indicators_are_written_in_brackets():
    """Kronecker's delta and the step are both a 1 with a condition."""
    assert in_words(delta(i, j)) == "1[i = j]"
    assert in_words(Positive(x[s, j])) == "1[x[s, j] > 0]"


def test_branches_are_told_apart():
    """Which value stands on which side of a kink is said in words."""
    case = Case(Positive(x[s, j]), x[s, j], sp.S.Zero)
    assert in_words(case) == "(x[s, j] where 1[x[s, j] > 0], else 0)"


def test_powers_are_written_with_a_caret_and_roots_by_name():
    """No Python operator is left in the text."""
    assert in_words(x[s, j] ** 2) == "x[s, j]^2"
    assert in_words(sp.sqrt(x[s, j])) == "sqrt(x[s, j])"
    assert "**" not in in_words(1 / x[s, j] ** 3 + sp.sqrt(x[s, i]))


def test_an_intermediate_that_is_a_sum_or_a_mean_is_described():
    """Along which axes, and of what, without its indices."""
    product = x[s, k] * array("w", rows, columns)[s, k]
    assert described(let("a", (s,), total(product, k))) == "the sum of w x over the columns"
    mean = total(x[s, k] ** 2, k) / columns.size
    assert described(let("a", (s,), mean)) == "the mean of x^2 over the columns"
    everything = total(x[s, k], s, k) / columns.size / rows.size
    assert described(let("a", (), everything)) == "the mean of x over the rows and columns"


def test_any_other_intermediate_is_described_by_its_formula():
    """A sum of which something else is made is not called a sum."""
    for body in (x[s, j] ** 2, -total(x[s, k], k), total(x[s, k], k) / rows.size):
        assert described(let("a", (s,), body)) == in_words(body)
