"""Document 001: what its equations come to."""

import pytest

from derivations.claims import judge
from derivations.documents.document_001 import CLAIMS

NOT_PROVED = {
    "001 1.1 a, softmax i = j, line 3": ("holds-under", "i = j"),
    "001 1.1 a, softmax i = j, line 5": ("holds-under", "i = j"),
    "001 1.1 a, softmax i != j, line 3": ("holds-under", "i != j"),
    "001 1.1 a, softmax i != j, line 5": (
        "refuted",
        (
            r"\left(\frac{\partial x}{\partial \tilde{x}}\right)_{ij} ="
            r" -\frac{\exp(\tilde{x}_i)}{\sum_k \exp(\tilde{x}_k)} *"
            r" \frac{\exp(\tilde{x}_j)}{\sum_k \exp(\tilde{x}_k)}"
        ),
    ),
    "001 1.1 a, leaky rectifier, line 2": (
        "refuted",
        (
            r"\left(\frac{\partial x}{\partial \tilde{x}}\right)_{ij} ="
            r" \frac{\partial}{\partial \tilde{x}_j} \left(\max(0, \tilde{x}_i) + a * \min(0,"
            r" \tilde{x}_i)\right)"
        ),
    ),
    "001 1.1 a, linear by b, entry, line 3": (
        "refuted",
        (
            r"\left(\frac{\partial \tilde{x}^{(l)}}{\partial b^{(l)}}\right)_{ij} ="
            r" \mathbf{1}_{i=j}"
        ),
    ),
    "001 1.1 b, leaky rectifier, diagonal": (
        "refuted",
        (
            r"d_j = \begin{cases} 1 & \text{if } \tilde{x}_j > 0 \\ a & \text{if }"
            r" \tilde{x}_j \leq 0 \end{cases}"
        ),
    ),
    "001 1.1 b, leaky rectifier, matrix, line 1": (
        "refuted",
        (
            r"\left(\frac{\partial L}{\partial \tilde{x}^{(l < N)}}\right)_j ="
            r" \left(\begin{bmatrix} \frac{\partial L}{\partial x_1^{(l)}} & \frac{\partial"
            r" L}{\partial x_2^{(l)}} & \dots & \frac{\partial L}{\partial x_n^{(l)}}"
            r" \end{bmatrix} \begin{bmatrix} d_1 & 0 & \dots & 0 \\ 0 & d_2 & \dots & 0 \\"
            r" \vdots & \vdots & \ddots & \vdots \\ 0 & 0 & \dots & d_n"
            r" \end{bmatrix}\right)_j"
        ),
    ),
    "001 1.1 b, leaky rectifier, matrix, line 2": (
        "refuted",
        (
            r"\left(\frac{\partial L}{\partial \tilde{x}^{(l < N)}}\right)_j = \frac{\partial"
            r" L}{\partial x_j^{(l)}} * d_j"
        ),
    ),
    "001 1.1 b, linear by b, line 2": (
        "refuted",
        (
            r"\left(\frac{\partial L}{\partial b^{(l)}}\right)_i = \sum_j \frac{\partial"
            r" L}{\partial \tilde{x}_j^{(l)}} \mathbf{1}_{i=j}"
        ),
    ),
    "001 3.2, x, line 2": (
        "refuted",
        (
            r"\frac{\partial L^r}{\partial x_j} = \sum_s \sum_i \frac{\partial L}{\partial"
            r" y_i^s} \frac{\partial y_i^s}{\partial \hat{x}_i^s} \frac{\partial"
            r" \hat{x}_i^s}{\partial x_j^r}"
        ),
    ),
    "001 3.2, x_hat, line 3": (
        "refuted",
        (
            r"\frac{\partial \hat{x}_i^s}{\partial x_j^r} = (\delta_{ij} \delta_{rs} -"
            r" \frac{\delta_{ij}}{B}) (\sigma_i^2 + \epsilon)^{-\frac{1}{2}} - \frac{1}{2}"
            r" (x_i^s - \mu) (\sigma_i^2 + \epsilon)^{-\frac{3}{2}} \frac{\partial"
            r" \sigma_i^2}{\partial x_j^r}"
        ),
    ),
    "001 3.2, final, line 1": (
        "refuted",
        (
            r"\frac{\partial L^r}{\partial x_j} = \sum_s \sum_i \frac{\partial L}{\partial"
            r" y_i^s} \frac{\partial y_i^s}{\partial \hat{x}_i^s} \frac{\partial"
            r" \hat{x}_i^s}{\partial x_j^r}"
        ),
    ),
    "001 3.2, final, line 2": (
        "refuted",
        (
            r"\frac{\partial L^r}{\partial x_j} = \sum_s \sum_i \frac{\partial L}{\partial"
            r" y_i^s} \gamma_j \left((\delta_{ij} \delta_{rs} - \frac{\delta_{ij}}{B})"
            r" (\sigma_i^2 + \epsilon)^{-\frac{1}{2}} - \frac{1}{2} (x_i^s - \mu) (\sigma_i^2"
            r" + \epsilon)^{-\frac{3}{2}} \frac{\partial \sigma_i^2}{\partial x_j^r}\right)"
        ),
    ),
    "001 3.2, final, line 3": (
        "refuted",
        (
            r"\frac{\partial L^r}{\partial x_j} = \sum_s \sum_i \frac{\partial L}{\partial"
            r" y_i^s} \gamma_j \left((\delta_{ij} \delta_{rs} - \frac{\delta_{ij}}{B})"
            r" (\sigma_i^2 + \epsilon)^{-\frac{1}{2}} - \frac{1}{2} (x_i^s - \mu) (\sigma_i^2"
            r" + \epsilon)^{-\frac{3}{2}} \left(\frac{2}{B} \delta_{ij} (x_i^r - \mu_i) -"
            r" \frac{2}{B} \sum_{s=1}^B (x_i^s - \mu_i) \frac{\delta_{ij}}{B}\right)\right)"
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
