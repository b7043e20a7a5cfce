"""Document 003: which of its equations hold as they are written, and what the others should be."""

import pytest

from derivations.claims import judge
from derivations.documents.document_003 import CLAIMS

BY_Z_I, BY_W2, BY_B2, BY_A2, BY_Z2, BY_B1, BY_Z3 = (
    rf"\frac{{\partial J}}{{\partial {name}}}"
    for name in ("z_i^3", "W^2", "b^2", "a^2", "z^2", "b^1", "z^3")
)
BY_W1 = r"\frac{\partial J}{\partial W^{1}}"
BY_TARGET = r"\frac{\partial}{\partial z_i^3} \left(-(z_i^3)_{y_i}\right)"
SETTLED = r"\left(\frac{1}{N} \left(\psi(z^3) - \Delta\right)\right)"
SETTLED_I = r"\left(\frac{1}{N} \left(\psi(z_i^3) - \Delta_i\right)\right)"

REFUTED = {
    "003 eq. 1": r"J = \frac{1}{N} \sum_{i=1}^{N} \left[-\log \frac{\exp(z_i^3)_{y_i}}"
    r"{\sum_{j=1}^{K} \exp(z_i^3)_j}\right]",
    "003 eq. 6": rf"{BY_Z_I} = \frac{{1}}{{N}} \left[{BY_TARGET}"
    r" + \frac{\exp(z_i^3)}{\sum_{j=1}^K \exp(z_i^3)_j}\right]",
    "003 eq. 7": rf"{BY_Z_I} = \frac{{1}}{{N}} \left[{BY_TARGET} + \psi(z_i^3)\right]",
    "003 eq. 8": rf"{BY_Z_I} = \frac{{1}}{{N}} \left(\psi(z_i^3) - \Delta_i\right)",
    "003 Question 2.b, z^3": r"z^3 = a^2 W^2 + b^2",
    "003 Question 2.b, b^2": rf"{BY_B2} = \sum_{{i=1}}^{{N}} {BY_Z_I}",
    "003 eq. 10, line 2": rf"{BY_B2} = \frac{{1}}{{N}} \sum_{{i=1}}^{{N}}"
    r" (\psi(z_i^3) - \Delta_i)",
    "003 eq. 11, line 2": rf"{BY_W2} = a^{{2^T}} {BY_Z3}",
    "003 eq. 11, line 3": rf"{BY_W2} = a^{{2^T}} {SETTLED}",
    "003 eq. 12, line 2": rf"{BY_A2} = {BY_Z3} W^{{2^T}}",
    "003 eq. 12, line 3": rf"{BY_A2} = {SETTLED} W^{{2^T}}",
    "003 eq. 13, line 1": rf"{BY_Z2} = {BY_A2} \circ \phi'(z^2)",
    "003 eq. 13, line 2": rf"{BY_Z2} = {SETTLED} W^{{2^T}} \circ \phi'(z^2)",
    "003 eq. 14, line 1": rf"{BY_B1} = \sum_{{i=1}}^{{N}} \frac{{\partial J}}{{\partial z_i^2}}",
    "003 eq. 14, line 2": rf"{BY_B1} = \sum_{{i=1}}^{{N}} {SETTLED_I}"
    r" W^{2^T} \circ \phi'(z_i^2)",
    "003 eq. 15, line 1": rf"{BY_W1} = a^{{1^T}} {BY_Z2}",
    "003 eq. 15, line 2": rf"{BY_W1} = a^{{1^T}}"
    rf" \left({SETTLED} W^{{2^T}} \circ \phi'(z^2)\right)",
    "003 eq. 16, line 2": rf"{BY_W2} = a^{{2^T}} {BY_Z3} + (\lambda(\|W^2\|_2^2))'",
    "003 eq. 16, line 3": rf"{BY_W2} = a^{{2^T}} {SETTLED} + \lambda((\|W^2\|_2^2))'",
    "003 eq. 16, line 4": rf"{BY_W2} = a^{{2^T}} {SETTLED} + \lambda 2 W^2",
}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_each_equation_gets_its_verdict(claim):
    """An equation that is wrong as it stands comes with numbers, a proved correction, a reason."""
    found = judge(claim)
    if claim.id in REFUTED:
        assert (found.status, found.correction) == ("refuted", REFUTED[claim.id])
        assert found.counterexample is not None
        assert found.why
    else:
        assert found.status == "proved"


def test_every_verdict_that_is_expected_is_of_an_equation():
    """No name in the list above is of nothing, and no two equations share one."""
    ids = [claim.id for claim in CLAIMS]
    assert len(ids) == len(set(ids))
    assert set(REFUTED) < set(ids)


def test_a_product_that_does_not_fit_is_shown_where_it_does_not():
    """K = 2 and H = 1: with both 1, a row times the transpose of a^2 would have a value."""
    (claim,) = (c for c in CLAIMS if c.id == "003 eq. 11, line 2")
    found = judge(claim).counterexample
    assert found.sizes == {"H": 1, "K": 2, "N": 1}
    assert (found.expected, found.claimed) == ("1 x 2", "1 x 1")
