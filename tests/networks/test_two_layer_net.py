"""Document 003's classifier: loss, probabilities, scores, and the gradients of four parameters."""

from __future__ import annotations

import numpy as np
import pytest

from backproof.loop import examine


class Program:
    """The classifier as its hand-out has it: softmax, then the logarithm of one probability."""

    doubling = 2

    def forward(self, x, W1, b1, W2, b2, targets, *, reg):
        hidden = np.clip(x.dot(W1) + b1, 0, None)
        scores = hidden.dot(W2) + b2
        exponents = np.exp(scores)
        probabilities = exponents / np.sum(exponents, axis=1, keepdims=True)
        picked = probabilities[range(len(x)), targets]
        penalty = reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
        loss = np.sum(-np.log(picked)) / len(x) + penalty
        self.seen = x, W1, W2, hidden, probabilities, targets, reg
        return (loss.astype(x.dtype), probabilities, scores), self

    def active(self, hidden):
        return hidden > 0

    def backward(self, cotangent, _):
        x, W1, W2, hidden, probabilities, targets, reg = self.seen
        residual = probabilities.copy()
        residual[np.arange(len(x)), targets] -= 1
        residual /= len(x)
        inner = residual.dot(W2.T)
        inner[~self.active(hidden)] = 0
        gradients = {
            "W1": x.T.dot(inner) + self.doubling * reg * W1,
            "b1": np.sum(inner, axis=0),
            "W2": hidden.T.dot(residual) + self.doubling * reg * W2,
            "b2": np.sum(residual, axis=0),
        }
        return {name: cotangent * gradient for name, gradient in gradients.items()}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_passes_a_right_program(outcomes_of, dtype):
    """Every answer lies within its bound, the naive softmax on mild scores too."""
    outcomes = outcomes_of(Program(), count=50, dtype=dtype)
    assert len(outcomes) == 7
    assert all(seen <= {"right", "silent"} for seen in outcomes.values())


def test_passes_the_reference_by_all_three_oracles(operation):
    """The composed implementations agree with closed forms, torch and finite differences."""
    verdict = examine(operation, count=8)
    assert verdict.verdict == "pass"
    assert {c.id: set(c.oracles.values()) for c in verdict.checks if c.oracles} == {
        f"two_layer_net.{prop}": {"agree"}
        for prop in (
            *("forward", "forward.probabilities", "forward.scores"),
            *(f"gradient.{name}" for name in ("W1", "b1", "W2", "b2")),
        )
    }
    assert all(len(c.oracles) == 3 for c in verdict.checks if "gradient" in c.id)


def test_rejects_a_penalty_without_its_gradient_and_names_it(operation):
    """2 reg W is missing from both weights' gradients, and nothing else is wrong."""

    class Wrong(Program):
        doubling = 0

    verdict = examine(operation, Wrong(), count=10)
    failures = {c.id: c.diagnosis for c in verdict.checks if c.status != "pass" and c.oracles}
    assert failures.keys() == {"two_layer_net.gradient.W1", "two_layer_net.gradient.W2"}
    assert {d.kind for d in failures.values()} == {"missing term"}
    text = failures["two_layer_net.gradient.W1"].text
    assert text == "The gradient of the l2 penalty of W1 is missing."


def test_rejects_a_penalty_without_its_two_and_names_it(operation):
    """Reg W is the gradient of half the penalty (003 eq. 16)."""

    class Wrong(Program):
        doubling = 1

    verdict = examine(operation, Wrong(), count=10, only="two_layer_net.gradient.W2")
    (check,) = verdict.checks
    assert (check.status, check.diagnosis.kind) == ("fail", "factor of a term")
    text = "The gradient of the l2 penalty of W2 is multiplied by 0.5."
    assert check.diagnosis.text == text


def test_names_no_share_that_explains_single_samples_alone(operation):
    """Half the penalty's gradient there, none of it on larger batches: no factor is the cause."""

    class Wrong(Program):
        @property
        def doubling(self):
            return int(len(self.seen[0]) == 1)

    verdict = examine(operation, Wrong(), count=10, only="two_layer_net.gradient.W2")
    (check,) = verdict.checks
    assert (check.status, check.diagnosis.kind) == ("fail", "only some parameters")
    assert check.diagnosis.text == "It fails only where reg is not 0."


def test_rejects_a_loss_with_half_the_penalty(wrong_in):
    """A 1/2 in the loss belongs to another course; the gradients are still 003's."""

    class Wrong(Program):
        def forward(self, x, W1, b1, W2, b2, targets, *, reg):
            (loss, *rest), _ = super().forward(x, W1, b1, W2, b2, targets, reg=reg)
            return (loss - reg / 2 * (np.sum(W1**2) + np.sum(W2**2)), *rest), self

    assert wrong_in(Wrong(), reg=0.5) == {"forward"}
    assert wrong_in(Wrong(), reg=0.0) == set()


def test_rejects_a_mask_taken_of_the_inputs_alone(wrong_in):
    """The rectifier's derivative is of the pre-activation, bias included."""

    class Wrong(Program):
        def active(self, hidden):
            x, W1, *_ = self.seen
            return x.dot(W1) > 0

    assert wrong_in(Wrong()) == {"gradient.W1", "gradient.b1"}


def test_rejects_sums_where_the_mean_is_asked_for(wrong_in):
    """Without 1/N the penalty's share is right and the rest is not."""

    class Wrong(Program):
        def backward(self, cotangent, cache):
            reg, weights = self.seen[-1], {"W1": self.seen[1], "W2": self.seen[2]}
            shares = {n: 2 * reg * w * cotangent for n, w in weights.items()}
            found = super().backward(cotangent, cache)
            return {
                n: (g - shares.get(n, 0)) * len(self.seen[0]) + shares.get(n, 0)
                for n, g in found.items()
            }

    assert wrong_in(Wrong()) == {f"gradient.{name}" for name in ("W1", "b1", "W2", "b2")}


def test_rejects_scores_in_the_place_of_probabilities(wrong_in):
    """What `loss(X)` gives without targets is a distribution for each sample."""

    class Wrong(Program):
        def forward(self, *args, **kwargs):
            (loss, _, scores), _ = super().forward(*args, **kwargs)
            return (loss, scores, scores), self

    assert wrong_in(Wrong()) == {"forward.probabilities"}


def test_tells_a_backward_that_is_right_of_its_own_forward(operation):
    """A loss with half the penalty and its very gradient: only the forward is to be mended."""

    class Wrong(Program):
        doubling = 1

        def forward(self, x, W1, b1, W2, b2, targets, *, reg):
            (loss, *rest), _ = super().forward(x, W1, b1, W2, b2, targets, reg=reg)
            return (loss - reg / 2 * (np.sum(W1**2) + np.sum(W2**2)), *rest), self

    verdict = examine(operation, Wrong(), count=8)
    failures = {c.property: c.diagnosis for c in verdict.checks if c.status != "pass" and c.oracles}
    assert {prop: found.kind for prop, found in failures.items()} == {
        "forward": "factor of a term",
        "gradient.W1": "consistent with your forward",
        "gradient.W2": "consistent with your forward",
    }
    what = "The share of the l2 penalty of W1 and the l2 penalty of W2 is multiplied by 0.5."
    assert failures["forward"].text == what


@pytest.mark.parametrize("name", ["W1", "b1", "W2", "b2"])
def test_rejects_one_entry_off_by_a_millionth(wrong_in, name):
    """A relative error of 1e-6 in the last entry alone is seen in its own check."""

    class Wrong(Program):
        def backward(self, cotangent, cache):
            found = super().backward(cotangent, cache)
            found[name][(-1,) * found[name].ndim] *= 1 + 1e-6
            return found

    assert wrong_in(Wrong()) == {f"gradient.{name}"}
