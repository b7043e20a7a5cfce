"""Document 002: which of its equations hold as they are written, and what the others should be."""

import pytest

from derivations.claims import judge
from derivations.documents.document_002 import CLAIMS

SOFTMAX = r"\frac{\partial}{\partial X_{ij}} [\operatorname{softmax}(\boldsymbol{X})]_{mn} = "
QUOTIENT_RULE = SOFTMAX + (
    r"\frac{\sum_{k} \exp(X_{mk}) \frac{\partial}{\partial X_{ij}} \exp(X_{mn})"
    r" - \exp(X_{mn}) \frac{\partial}{\partial X_{ij}} \sum_{k} \exp(X_{mk})}"
    r"{\left(\sum_{k} \exp(X_{mk})\right)^{2}}"
)

HOLDS_UNDER = {
    "002 Q1.1 c i, i = m and j = n, line 1": "i = m, j = n",
    "002 Q1.1 c i, i = m and j = n, line 2": "i = m, j = n",
    "002 Q1.1 d, K_11, delta": "l = m = -1",
}
ILLEGIBLE = {"002 Q1.1 d, X"}
REFUTED = {
    "002 Q1.1 a, W, line 7": r"\frac{\partial L}{\partial W_{ij}}"
    r" = \sum_{m} \frac{\partial L}{\partial Y_{mi}} X_{mj}",
    "002 Q1.1 a, X, line 7": r"\frac{\partial L}{\partial X_{ij}}"
    r" = \sum_{n} \frac{\partial L}{\partial Y_{in}} W_{nj}",
    "002 Q1.1 c i, softmax, line 1": SOFTMAX
    + r"\frac{\partial}{\partial X_{ij}} \frac{\exp(X_{mn})}{\sum_{k} \exp(X_{mk})}",
    "002 Q1.1 c i, softmax, line 2": QUOTIENT_RULE,
    "002 Q1.1 c i, i != m or j != n, line 1": QUOTIENT_RULE,
    "002 Q1.1 c i, i != m or j != n, line 2": SOFTMAX
    + r"\frac{\sum_{k} \exp(X_{ik}) \exp(X_{mn}) \delta_{im} \delta_{jn}"
    r" - \exp(X_{mn}) \exp(X_{ij}) \delta_{im}}{\left(\sum_{k} \exp(X_{ik})\right)^{2}}",
    "002 Q1.1 c i, i != m or j != n, line 3": SOFTMAX
    + r"-\delta_{im} \frac{\exp(X_{mn}) \exp(X_{ij})}"
    r"{\left(\sum_{k} \exp(X_{ik})\right) \left(\sum_{k} \exp(X_{ik})\right)}",
    "002 Q1.1 c i, i != m or j != n, line 4": SOFTMAX
    + r"-\delta_{im} \frac{\exp(X_{mn})}{\sum_{k} \exp(X_{ik})}"
    r" \frac{\exp(X_{ij})}{\sum_{k} \exp(X_{ik})}",
    "002 Q1.1 c i, i != m or j != n, line 5": SOFTMAX
    + r"-\delta_{im} [\operatorname{softmax}(\boldsymbol{X})]_{mn}"
    r" [\operatorname{softmax}(\boldsymbol{X})]_{ij}",
    "002 Q1.1 d, K_11, line 1": r"\frac{\partial \mathcal{L}}{\partial K_{11}} = \sum_{i,j}"
    r" \frac{\partial \mathcal{L}}{\partial Y_{ij}} \frac{\partial Y_{ij}}{\partial K_{11}}",
    "002 Q1.1 d, X, result": r"\sum_{j} \frac{\partial L}{\partial Y_{1j}} K_{2j}"
    r" = \frac{\partial L}{\partial Y_{11}} K_{21} + \frac{\partial L}{\partial Y_{12}} K_{22}",
    "002 Q3.2 a, beta, line 3": r"\frac{\partial L}{\partial \beta_i}"
    r" = \sum_{s,j} \frac{\partial L}{\partial Y_{sj}}"
    r" \left(\frac{\partial}{\partial \beta_i} \gamma_j \hat{X}_{sj}"
    r" + \frac{\partial}{\partial \beta_i} \beta_j\right)",
}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_each_equation_gets_its_verdict(claim):
    """An equation that is wrong as it stands comes with numbers, a proved correction, a reason."""
    found = judge(claim)
    if claim.id in REFUTED:
        assert (found.status, found.correction) == ("refuted", REFUTED[claim.id])
        assert found.counterexample is not None
        assert found.why
    elif claim.id in HOLDS_UNDER:
        assert (found.status, found.condition) == ("holds-under", HOLDS_UNDER[claim.id])
    else:
        assert found.status == ("illegible" if claim.id in ILLEGIBLE else "proved")


def test_every_verdict_that_is_expected_is_of_an_equation():
    """No name in the lists above is of nothing, and no two equations share one."""
    ids = [claim.id for claim in CLAIMS]
    assert len(ids) == len(set(ids))
    assert {*REFUTED, *HOLDS_UNDER, *ILLEGIBLE} < set(ids)
