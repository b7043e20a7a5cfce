"""Document 000: what its equations come to."""

import pytest

from derivations.claims import judge
from derivations.documents.document_000 import CLAIMS

NOT_PROVED = {
    "000 after eq. 2": ("holds-under", "i != j"),
    "000 eq. 6": ("holds-under", "i = j"),
    "000 after eq. 6": (
        "refuted",
        (
            r"\frac{\partial}{\partial \tilde{x}_j} \sum_{k=1}^{d_N} \exp(\tilde{x}_k) ="
            r" \exp(\tilde{x}_j)"
        ),
    ),
    "000 eq. 7, line 1": ("holds-under", "i = j"),
    "000 eq. 8, line 1": ("holds-under", "i != j"),
    "000 eq. 11, line 2": ("holds-under", "i = j"),
    "000 eq. 14, second row": ("illegible", ""),
    "000 eq. 15, line 1": (
        "refuted",
        (
            r"\frac{\partial \tilde{x}_i^{(l)}}{\partial W_{j,k}^{(l)}} ="
            r" \frac{\partial}{\partial W_{j,k}^{(l)}} \left(\sum_{m=1}^{d_{l-1}} W_{i,m}"
            r" x_m^{(l-1)} + b_i^{(l)}\right)"
        ),
    ),
    "000 eq. 17": ("illegible", ""),
    "000 eq. 18, line 2": (
        "refuted",
        (
            r"\frac{\partial \tilde{x}^{(l)}}{\partial b^{(l)}} = \begin{bmatrix} 1 & 0 &"
            r" \cdots & 0 \\ 0 & 1 & \cdots & 0 \\ \vdots & \vdots & \ddots & \vdots \\ 0 & 0"
            r" & \cdots & 1 \end{bmatrix}"
        ),
    ),
    "000 eq. 19, line 2": ("illegible", ""),
    "000 eq. 19, line 3, first entry": (
        "refuted",
        (
            r"\frac{\partial L}{\partial \tilde{x}_1} = \sum_{i=1}^{d_N} -\frac{t_i}{x_i}"
            r" \cdot x_i \left(\mathbb{1}(i = 1) - x_1\right)"
        ),
    ),
    "000 eq. 19, lines 4 and 5": ("illegible", ""),
    "000 eq. 19, line 6, first entry": (
        "refuted",
        r"\frac{\partial L}{\partial \tilde{x}_1} = x_1 \sum_{i=1}^{d_N} t_i - t_1",
    ),
    "000 eq. 19, line 6, further entries": ("illegible", ""),
    "000 eq. 20, shape": (
        "refuted",
        r"\frac{\partial L}{\partial \tilde{x}^{(l < N)}} \in \mathbb{R}^{1 \times d_l}",
    ),
    "000 eq. 22, lines 2 and 3": ("illegible", ""),
    "000 eq. 23, line 2": (
        "refuted",
        (
            r"\frac{\partial L}{\partial b^{(l)}} = \frac{\partial L}{\partial"
            r" \tilde{x}^{(l)}} \cdot I"
        ),
    ),
    "000 eq. 23, line 3": ("illegible", ""),
    "000 1.1 c, line 1": (
        "refuted",
        (
            r"\frac{\partial L}{\partial \tilde{x}^{(N)}} \in \mathbb{R}^{1 \times d_N \times"
            " B}"
        ),
    ),
    "000 1.1 c, line 2": (
        "refuted",
        (
            r"\frac{\partial L}{\partial \tilde{x}^{(l < N)}} \in \mathbb{R}^{1 \times d_l"
            r" \times B}"
        ),
    ),
}
"""What is not simply proved: its status, and the condition or the correction."""


@pytest.fixture(scope="module")
def judged():
    return [judge(claim) for claim in CLAIMS]


def test_no_place_is_named_twice():
    assert len({claim.id for claim in CLAIMS}) == len(CLAIMS)


def test_all_else_is_proved(judged):
    found = {j.id: (j.status, j.condition or j.correction) for j in judged if j.status != "proved"}
    assert found == NOT_PROVED


def test_what_is_refuted_comes_with_numbers_a_repair_and_a_reason(judged):
    refuted = [j for j in judged if j.status == "refuted"]
    assert all(j.counterexample and j.correction and j.why for j in refuted)
