"""Cross-entropy of softmax: (p - t)/N, with targets one-hot or as class indices."""

from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from sympy import IndexedBase, Symbol

from backproof.catalog import find
from backproof.examination import Terms
from backproof.inputs.examples import Course
from backproof.loop import examine
from derivations.proof import prove
from derivations.softmax_cross_entropy import j, s, with_log_eps
from implementations import softmax_cross_entropy

p, target = IndexedBase("p"), IndexedBase("target")
dloss = Symbol("dloss", real=True)
CHECK = "softmax_cross_entropy.gradient.logits"


def test_every_claim_is_proved_for_every_size(proofs):
    """Values and gradients are proved under three reductions and both kinds of target."""
    assert Counter((q.subject, q.status, q.scope) for q in proofs) == {
        ("value loss", "proved", "every size"): 18,
        ("gradient logits", "proved", "every size"): 18,
    }


@pytest.mark.parametrize("targets_as", ["one-hot", "index"])
def test_rejects_a_forgotten_batch_size(targets_as, status_of, failures_of):
    """p - t is the sum's gradient; the mean's is divided by the batch."""

    def backward(cotangent, cache):
        return softmax_cross_entropy.backward(cotangent, cache._replace(reduction="sum"))

    wrong = dloss * (p[s, j] - target[s, j])
    fixed = {"reduction": "mean", "targets_as": targets_as}
    assert status_of("logits", wrong, **fixed) == "refuted"
    assert failures_of(backward=backward, **fixed) == {CHECK: "sum for mean"}


def test_rejects_the_wrong_sign(status_of, failures_of):
    """t - p would climb the loss."""

    def backward(cotangent, cache):
        return -softmax_cross_entropy.backward(cotangent, cache).logits

    assert status_of("logits", dloss * (target[s, j] - p[s, j]), reduction="sum") == "refuted"
    assert failures_of(backward=backward) == {CHECK: "sign"}


def test_rejects_a_dropped_target(status_of, failures_of):
    """The softmax alone is the gradient of the log-sum-exp, without the target's logit."""

    def backward(cotangent, cache):
        return cotangent * cache.probabilities

    assert status_of("logits", dloss * p[s, j], reduction="sum") == "refuted"
    assert failures_of(backward=backward, reduction="sum") == {CHECK: "missing term"}


def test_rejects_a_forgotten_cotangent(failures_of):
    """A loss is not always the end of the network: its own upstream gradient counts."""

    def backward(cotangent, cache):
        return softmax_cross_entropy.backward(np.ones_like(cotangent), cache)

    assert failures_of(backward=backward) == {CHECK: "cotangent"}


def test_rejects_class_indices_off_by_one(failures_of):
    """Classes count from 0."""

    def forward(logits, targets, *, reduction, targets_as):
        moved = (targets + 1) % logits.shape[1]
        return softmax_cross_entropy.forward(
            logits, moved, reduction=reduction, targets_as=targets_as
        )

    failures = failures_of(forward=forward, targets_as="index")
    assert failures.keys() == {"softmax_cross_entropy.forward", CHECK}
    assert failures[CHECK] == "consistent with your forward"


def test_names_the_log_of_a_softmax_without_a_shift_unstable(failures_of):
    """log(e^x / sum e^x) overflows for logits of ten thousand; the formula is right."""

    def forward(logits, targets, *, reduction, targets_as):
        with np.errstate(all="ignore"):
            weight = np.exp(logits)
            softmax = weight / weight.sum(axis=1, keepdims=True)
            counted = np.sum(np.where(targets == 1, softmax, 0), axis=1)
            loss = {"sum": np.sum, "mean": np.mean, "none": np.array}[reduction](-np.log(counted))
        cache = softmax_cross_entropy.forward(logits, targets, reduction=reduction)[1]
        return loss, cache

    failures = failures_of(forward=forward, targets_as="one-hot")
    assert failures == {"softmax_cross_entropy.stability": "unstable"}


VARIATIONS = find("softmax_cross_entropy").variations
VARIATION = "1e-08 is added inside the logarithm"


@pytest.mark.symbolic
def test_the_variation_with_an_eps_is_proved_for_every_size():
    """Value and gradient through the softmax, with rows and with indices; p - t is refuted."""
    for targets_as in ("one-hot", "index"):
        derivation = with_log_eps("mean", targets_as)
        proofs = prove(derivation)
        assert {(q.status, q.scope) for q in proofs} == {("proved", "every size")}
        assert {(q.subject, q.form) for q in proofs} == {
            ("value loss", "compact"),
            ("gradient logits", "compact"),
            ("gradient logits", "through the Jacobian"),
        }
    batch = derivation.inputs[0].axes[0].size
    plain = replace(derivation.gradients[0], expression=dloss * (p[s, j] - target[s, j]) / batch)
    (proof,) = prove(replace(derivation, values=(), gradients=(plain,)))
    assert proof.status == "refuted"


def test_two_layers_with_an_eps_pass_their_own_variation_alone():
    """-log(softmax + 1e-8), pulled back through the softmax."""

    def forward(logits, targets, *, reduction, targets_as):
        weight = np.exp(logits - logits.max(axis=1, keepdims=True))
        softmax = weight / weight.sum(axis=1, keepdims=True)
        loss = -np.sum(targets * np.log(softmax + 1e-8), axis=1)
        return np.asarray(loss.sum()), (softmax, targets)

    def backward(cotangent, cache):
        softmax, targets = cache
        upward = -cotangent * targets / (softmax + 1e-8)
        along = np.sum(upward * softmax, axis=1, keepdims=True)
        return {"logits": softmax * (upward - along)}

    two_layers = SimpleNamespace(forward=forward, backward=backward)
    terms = Terms(course=Course({"reduction": ("sum",), "targets_as": ("one-hot",)}))
    verdicts = {
        name: examine(VARIATIONS[name], two_layers, count=10, terms=terms).verdict
        for name in (VARIATION, "1e-09 is added inside the logarithm")
    }
    assert list(verdicts.values()) == ["pass", "fail"]


def with_an_eps_in_the_value(times=1.0):
    """-log(p + 1e-8), and a multiple of p - t."""

    def backward(cotangent, cache):
        whole = cache._replace(share=np.full_like(cache.share, times))
        return softmax_cross_entropy.backward(cotangent, whole)

    forward = VARIATIONS[VARIATION].implementation.forward
    return SimpleNamespace(forward=forward, backward=backward)


def test_accepts_the_plain_gradient_beside_an_eps_and_names_it(operation):
    """Hand-outs prescribe p - t whatever the value adds; it is p/(p + eps) of it that it adds to.

    So an eps of the value alone is a variation, where variations are accepted, and the gradient is
    judged as the one without.
    """
    candidate, terms = with_an_eps_in_the_value(), Terms(accepts_variations=True)
    verdict = examine(operation, candidate, count=20, terms=terms)
    assert verdict.verdict == "pass"
    assert {c.variation for c in verdict.checks} == {f"{VARIATION} of the value alone"}
    (gradient,) = (c for c in verdict.checks if c.id == CHECK)
    assert gradient.oracles == {"symbolic": "agree", "autograd": "agree"}


def test_rejects_another_gradient_beside_an_eps(operation):
    """Twice p - t is neither gradient; nor is p - t that of the variation itself."""
    terms = Terms(accepts_variations=True)
    verdict = examine(operation, with_an_eps_in_the_value(2.0), count=20, terms=terms)
    (check,) = (c for c in verdict.checks if c.id == CHECK)
    assert (check.status, check.diagnosis.kind) == ("fail", "constant factor")
    verdict = examine(VARIATIONS[VARIATION], with_an_eps_in_the_value(), count=30)
    assert {c.property: c.status for c in verdict.checks if c.oracles} == {
        "forward": "pass",
        "gradient.logits": "fail",
    }


def test_the_reference_passes_every_variation_in_both_formats():
    """The answer key, the closed form and the torch reference agree on each eps."""
    for variation in VARIATIONS.values():
        verdict = examine(variation, count=10, dtypes=("float64", "float32"))
        assert verdict.verdict == "pass"


def test_no_eps_leaves_every_bit_as_it_is(operation):
    """With 0 the answer key takes the stable way, and its gradient is not multiplied by a share."""
    numbers = np.random.RandomState(3)
    logits, labels = numbers.standard_normal((4, 3)), np.array([0, 2, 1, 1])
    plain, cache = softmax_cross_entropy.forward(logits, labels, targets_as="index")
    zero, same = softmax_cross_entropy.forward(logits, labels, targets_as="index", log_eps=0.0)
    assert plain == zero
    assert np.array_equal(cache.share, np.ones(4))
    assert np.array_equal(cache.share, same.share)
    assert "log_eps" not in operation.parameters
