"""Document 004: what its equations come to."""

import pytest

from derivations.claims import judge
from derivations.documents.document_004 import CLAIMS

NOT_PROVED = {
    "004 question 3, mean of one instance": ("holds-under", "batch = 1"),
    "004 question 3, variance of one instance": ("refuted", r"\sigma_B^2 = 0"),
    "004 app. A, single label": ("holds-under", "the entries of y sum to 1"),
    "004 app. A, term by term, line 1": ("holds-under", "the entries of y sum to 1"),
    "004 app. A, result, line 1": ("holds-under", "the entries of y sum to 1"),
    "004 app. C eq. 28": (
        "refuted",
        (
            r"\frac{\partial L}{\partial x_i} = \sum_{j=1}^m \frac{\partial L}{\partial"
            r" \hat{x}_j} \frac{\partial \hat{x}_j}{\partial x_i}"
        ),
    ),
    "004 app. C eq. 29": (
        "refuted",
        (
            r"\frac{\partial L}{\partial x_i} = \sum_{j=1}^m \frac{\partial L}{\partial"
            r" \hat{x}_j} \left[\frac{\partial \hat{x}_j}{\partial x_i} + \frac{\partial"
            r" \hat{x}_j}{\partial \sigma_B^2} \frac{\partial \sigma_B^2}{\partial x_i} +"
            r" \frac{\partial \hat{x}_j}{\partial \mu_B} \frac{\partial \mu_B}{\partial"
            r" x_i}\right]"
        ),
    ),
    "004 app. C eq. 30": (
        "refuted",
        (
            r"\frac{\partial L}{\partial x_i} = \frac{\partial L}{\partial \hat{x}_i}"
            r" \frac{\partial \hat{x}_i}{\partial x_i} + \sum_{j=1}^m \frac{\partial"
            r" L}{\partial \hat{x}_j} \frac{\partial \hat{x}_j}{\partial \sigma_B^2}"
            r" \frac{\partial \sigma_B^2}{\partial x_i} + \sum_{j=1}^m \frac{\partial"
            r" L}{\partial \hat{x}_j} \frac{\partial \hat{x}_j}{\partial \mu_B}"
            r" \frac{\partial \mu_B}{\partial x_i}"
        ),
    ),
    "004 app. C, mean of one instance": ("holds-under", "batch = 1"),
    "004 app. C, variance of one instance": ("refuted", r"\sigma_B^2 = 0"),
    "004 app. D, cost": ("illegible", ""),
    "004 app. D, factor 1": (
        "refuted",
        r"\frac{\partial C_0}{\partial W^L} = 2 * (a^L - y) * \sigma'(z^L) * a^{L-1}",
    ),
    "004 app. D, factor 3": ("refuted", r"\frac{\partial z^L}{\partial W^L} = a^{L-1}"),
    "004 app. D, derivative by the weight": (
        "refuted",
        r"\frac{\partial C_0}{\partial W^L} = 2 * (a^L - y) * \sigma'(z^L) * a^{L-1}",
    ),
    "004 app. D, several neurons": (
        "refuted",
        (
            r"\frac{\partial C_0}{\partial a_k^{L-1}} = \sum_{j=0}^{n_L - 1} \frac{\partial"
            r" C_0}{\partial a_j^L} * \frac{\partial a_j^L}{\partial z_j^L} * \frac{\partial"
            r" z_j^L}{\partial a_k^{L-1}}"
        ),
    ),
    "004 app. D, forward pass, z": (
        "refuted",
        r"z_j^{(k)} = \sum_{l=0}^{D_{k-1}} w_{lj}^{(k)} y_l^{(k-1)}",
    ),
    "004 app. D, forward pass, output": ("refuted", "Y_j = y_j^{(N)}"),
    "004 app. D, backward pass, z, first": (
        "refuted",
        r"\dot{z}_i^{(k)} = \dot{y}_i^{(k)} f_k'\left(z_i^{(k)}\right)",
    ),
    "004 app. D, backward pass, z, second": (
        "refuted",
        r"\dot{z}_i^{(k)} = \dot{y}_i^{(k)} f_k'\left(z_i^{(k)}\right)",
    ),
}


@pytest.fixture(scope="module")
def judgements():
    """What came of each claim, by its place."""
    return {claim.id: judge(claim) for claim in CLAIMS}


def test_all_are_proved_but_these(judgements):
    """Everything else holds for every size; a condition or a correction is told."""
    assert len(judgements) == len(CLAIMS)
    found = {id_: j for id_, j in judgements.items() if j.status != "proved"}
    assert {id_: (j.status, j.condition or j.correction) for id_, j in found.items()} == NOT_PROVED
    proved = judgements.keys() - found.keys()
    assert {judgements[id_].scope for id_ in proved} == {"every size"}


def test_what_is_refuted_says_how(judgements):
    """A case in which it fails, what would be right, and a sentence."""
    refuted = [j for j in judgements.values() if j.status == "refuted"]
    assert all(j.counterexample and j.correction and j.why for j in refuted)


def test_an_infinite_value_is_refuted_by_a_finite_one(judgements):
    """The variance of a single instance is a number, and is shown beside what is claimed."""
    shown = judgements["004 app. C, variance of one instance"].counterexample
    assert shown.sizes["batch"] == 1
    assert (shown.expected, shown.claimed) == (0.0, "infinity")


def test_a_missing_sum_is_seen_as_soon_as_there_are_two(judgements):
    """In a batch of one, equation 28 is right; in a batch of two it is not."""
    assert judgements["004 app. C eq. 28"].counterexample.sizes["batch"] == 2
