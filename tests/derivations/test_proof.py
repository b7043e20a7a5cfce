"""Proofs for every size: what the normal form identifies, what it keeps apart, and what it says."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest
import sympy as sp

from backproof.catalog import OPERATIONS
from derivations import linear, softmax
from derivations.differentiation import NotDifferentiableError, differentiate
from derivations.normal_form import canonical
from derivations.notation import (
    Case,
    ClosedForm,
    Derivation,
    FirstMaximum,
    Positive,
    array,
    axes,
    delta,
    let,
    maximum,
    parameter,
    total,
)  # fmt: skip
from derivations.proof import prove, residue  # fmt: skip

rows, columns = axes("rows columns")
s, r = rows.indices("s r")
i, j, k = columns.indices("i j k")
x, y = array("x", rows, columns), array("y", columns)
z = array("z", columns, positive=True)
dw = array("dw", columns)
size = columns.size
NOTHING = Derivation("nothing", (y,), (let("w", (j,), y[j]),), ())


def same(left, right):
    """Whether the difference of two formulas has the normal form 0."""
    return residue(sp.sympify(left), sp.sympify(right), NOTHING) == 0


EQUAL = {
    "a delta chooses a term": (total(delta(i, k) * y[k], k), y[i]),
    "deltas chain": (total(delta(i, k) * delta(k, j), k), delta(i, j)),
    "an empty sum counts": (total(sp.S.One, k), size),
    "a constant leaves a sum": (total(y[j], k), size * y[j]),
    "renamed": (total(y[k], k), total(y[i], i)),
    "swapped sums": (total(total(x[s, k], k), s), total(total(x[s, k], s), k)),
    "a product of sums": (total(y[i], i) * total(z[j], j), total(y[i] * z[j], i, j)),
    "distributed": (total(y[k] + z[k], k), total(y[k], k) + total(z[k], k)),
    "a centred sum": (total(y[k] - total(y[i], i) / size, k), 0),
    "the variance twice": (
        total((y[k] - total(y[i], i) / size) ** 2, k),
        total(y[k] ** 2, k) - total(y[k], k) ** 2 / size,
    ),
    "exponents add": (sp.exp(y[i]) * sp.exp(y[j]), sp.exp(y[i] + y[j])),
    "a logarithm of a quotient": (sp.log(z[i] / z[j]), sp.log(z[i]) - sp.log(z[j])),
    "softmax sums to one": (total(sp.exp(y[k]) / total(sp.exp(y[i]), i), k), 1),
    "tanh by exponentials": (sp.tanh(y[i]), (sp.exp(2 * y[i]) - 1) / (sp.exp(2 * y[i]) + 1)),
    "erfc is 1 - erf": (sp.erfc(y[i]), 1 - sp.erf(y[i])),
    "erf is odd": (sp.erf(-y[i] / 2), -sp.erf(y[i] / 2)),
    "an indicator twice": (Positive(y[i]) ** 2, Positive(y[i])),
    "a sign that is known": (Positive(parameter("gap", positive=True)) * y[i], y[i]),
    "branches": (Case(Positive(y[i]), y[i], 0), y[i] * Positive(y[i])),
    "a root squared": (sp.sqrt(1 + total(z[k], k)) ** 2, 1 + total(z[k], k)),
}

DIFFERENT = {
    "another entry": (total(delta(i, k) * y[k], k), y[j]),
    "a square of a sum, a sum of squares": (total(y[k], k) ** 2, total(y[k] ** 2, k)),
    "sums over different axes": (total(x[s, k], k), total(x[s, k], s)),
    "a diagonal and a sum": (total(y[i] * z[j], i, j), total(y[i] * z[i], i)),
    "a mean and a sum": (total(y[k], k) / size, total(y[k], k)),
    "sizes of different axes": (total(sp.S.One, k), total(sp.S.One, s)),
    "biased and unbiased": (total(y[k], k) / size, total(y[k], k) / (size - 1)),
    "a sign that is not known": (Positive(parameter("gap")) * y[i], y[i]),
    "sides of a kink": (Positive(y[i]), Positive(-y[i])),
    "shares of different rows": (delta(s, r) * y[i], y[i]),
    "exponents do not multiply": (sp.exp(y[i]) * sp.exp(y[j]), sp.exp(y[i] * y[j])),
    "erf of a sum": (sp.erf(z[i] + z[j]), sp.erf(z[i]) + sp.erf(z[j])),
    "a logarithm of a sum": (sp.log(z[i] + z[j]), sp.log(z[i]) + sp.log(z[j])),
    "a root of a sum": (sp.sqrt(z[i] + z[j]), sp.sqrt(z[i]) + sp.sqrt(z[j])),
}


@pytest.mark.parametrize("pair", EQUAL.values(), ids=EQUAL)
def test_rearranged_true_formulas_have_one_normal_form(pair):
    """The difference of two ways to write one thing is 0."""
    assert same(*pair)


@pytest.mark.parametrize("pair", DIFFERENT.values(), ids=DIFFERENT)
def test_different_formulas_keep_different_normal_forms(pair):
    """The difference of two things that look alike is not 0."""
    assert not same(*pair)


def test_deltas_contract_only_along_one_axis():
    """A delta between a row and a column may reach nothing: the sum over it is not a choice."""
    across = total(delta(s, k) * y[k], k)
    along = total(delta(j, k) * y[k], k)
    assert canonical(along) == y[j]
    assert canonical(across).has(sp.Sum)
    assert not same(across, total(delta(s, k) * y[k], k) + y[0])


def test_a_shifted_place_is_contracted_only_where_it_surely_lies_inside():
    """y[j + 1] is past the end for the last j, so its delta stays a condition."""
    assert canonical(total(delta(j + 1, k) * y[k], k)).has(sp.KroneckerDelta)
    shorter = sp.Idx("m", size - 1)
    assert not canonical(total(delta(shorter + 1, k) * y[k], k)).has(sp.KroneckerDelta)


@pytest.mark.parametrize(
    "formula",
    [maximum(y[k], k), FirstMaximum(y[k], k), sp.sin(y[j]), sp.Abs(y[j]), y[j] ** z[j]],
    ids=lambda f: type(f).__name__,
)
def test_a_function_without_a_rule_is_not_differentiated(formula):
    """No guess, and no zero, is made for a function that has no rule: it raises."""
    with pytest.raises(NotDifferentiableError, match="no differentiation rule"):
        differentiate(formula, y[i])


def test_what_does_not_depend_on_the_entry_needs_no_rule():
    """The derivative of another array's maximum is 0."""
    assert differentiate(maximum(z[k], k), y[i]) == 0


def claim(expression, primal, **more):
    """Prove a formula of the gradient of ``w``, with y its input."""
    form = ClosedForm("y", (j,), sp.sympify(expression), "by hand")
    (proof,) = prove(Derivation("by hand", (y,), (let("w", (j,), primal),), (form,), **more))
    return proof


def test_proves_the_derivative():
    """2 y dw is the gradient of y^2: nothing is left, and exact arithmetic agrees."""
    proof = claim(2 * y[j] * dw[j], y[j] ** 2)
    assert (proof.status, proof.scope, proof.residue) == ("proved", "every size", "")
    assert proof.checked_at[0] == "columns=1"


def test_proves_the_derivative_of_an_error_function():
    """2/sqrt(pi) e^(-4 y^2) twice over, by the chain rule; without the root it is refuted."""
    slope = 4 * sp.exp(-4 * y[j] ** 2)
    proof = claim(dw[j] * slope / sp.sqrt(sp.pi), sp.erf(2 * y[j]))
    assert (proof.status, proof.scope, proof.residue) == ("proved", "every size", "")
    assert claim(dw[j] * slope, sp.erf(2 * y[j])).status == "refuted"


def test_refutes_a_wrong_formula_with_its_residue_and_size():
    """A refutation says what is left of the difference and the first size at which it shows."""
    proof = claim(y[j] * dw[j], y[j] ** 2)
    assert proof.status == "refuted"
    assert "y[j]" in proof.residue
    assert proof.checked_at == ("columns=1",)


def test_exact_arithmetic_at_tiny_sizes_alone_proves_nothing():
    """A formula that is wrong only above the listed sizes is undecided, and not proved."""
    beyond = (size - 1) * (size - 2) * (size - 3)
    proof = claim(dw[j] * (2 * y[j] + beyond), y[j] ** 2)
    assert proof.checked_at == ("columns=1", "columns=2", "columns=2")
    assert proof.status == "undecided"
    assert proof.residue
    larger = claim(dw[j] * (2 * y[j] + beyond), y[j] ** 2, check_sizes=({"columns": 4},))
    assert larger.status == "refuted"


def test_a_normal_form_that_misses_an_identity_refutes_nothing():
    """1[2 y > 0] is 1[y > 0], which no rule here knows: undecided, not refuted."""
    kinked = Positive(y[j] * 2)
    proof = claim(dw[j] * kinked, Case(Positive(y[j]), y[j], 0))
    assert proof.status == "undecided"
    assert proof.residue


def test_refutes_a_formula_whose_index_runs_along_another_axis():
    """A transposed weight asks for entries that are not there: refuted, as any wrong formula."""
    right = linear.derive("x W^T + b")
    weight, dy = sp.IndexedBase("weight"), sp.IndexedBase("dy")
    wrong = total(dy[linear.s, linear.i] * weight[linear.k, linear.i], linear.i)
    form = replace(right.gradients[0], expression=wrong)
    (proof,) = prove(replace(right, gradients=(form,), jacobians=()))
    assert proof.status == "refuted"


def test_refutes_a_wrong_value():
    """A second formula of the output is a claim like any other."""
    right = softmax.derive()
    p = sp.IndexedBase("shifted")[softmax.s, softmax.j]
    wrong = replace(right.values[0], expression=p)
    (proof,) = prove(replace(right, values=(wrong,), gradients=(), jacobians=()))
    assert (proof.subject, proof.status) == ("value y", "refuted")


def test_a_distribution_s_sum_may_be_used_and_nothing_else_s():
    """sum t = 1 holds for an input declared so; the same formula without the fact is not proved."""
    form = ClosedForm("y", (j,), dw[j] * total(sp.S.One, s), "by hand")
    for fact, status in ((True, "proved"), (False, "refuted")):
        t = array("t", rows, columns, sums_to_one=fact, differentiable=False)
        primal = let("w", (j,), y[j] * total(t[s, k], s, k))
        (proof,) = prove(Derivation("by hand", (y, t), (primal,), (form,)))
        assert proof.status == status


def test_two_runs_give_the_same_proofs():
    """But for the seconds, a proof is a function of its derivation."""
    derivation = softmax.derive()
    runs = []
    for _ in range(2):
        canonical.cache_clear()
        runs.append([replace(p, seconds=0.0) for p in prove(derivation)])
    assert runs[0] == runs[1]


RESIDUE = """
from derivations.proof import residue, true_gradient
from derivations.softmax import derive
right = derive()
form = right.gradients[0]
print(residue(2 * form.expression, true_gradient(right, form), right))
"""


def test_a_residue_is_spelled_alike_in_every_process():
    """What is left of a wrong formula depends on no hash seed and on no counter of fresh names."""
    places = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    first, second = (
        subprocess.run(
            [sys.executable, "-c", RESIDUE],
            env={**os.environ, **places, "PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    )  # fmt: skip
    assert first == second
    assert first.strip() not in {"", "0"}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
def test_every_closed_form_names_its_source(operation):
    """A claim without a document behind it has no place in a derivation."""
    for convention in operation.variants():
        derivation = operation.derivation(convention)
        forms = (*derivation.values, *derivation.gradients, *derivation.jacobians)
        assert all(form.source for form in forms)
        assert derivation.sources
