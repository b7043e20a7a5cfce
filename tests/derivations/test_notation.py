"""Index notation: what a bound index is called makes no difference, and none is ever captured."""

from dataclasses import replace

import pytest
import sympy as sp

from derivations.differentiation import differentiate
from derivations.normal_form import canonical
from derivations.notation import (
    ClosedForm,
    Derivation,
    array,
    axes,
    let,
    limits,
    maximum,
    rename_bound,
    total,
)  # fmt: skip
from derivations.proof import prove

rows, columns = axes("rows columns")
s, r = rows.indices("s r")
i, j, k = columns.indices("i j k")
x = array("x", rows, columns)
y = array("y", columns)


def test_a_sum_runs_from_zero_to_one_below_the_size():
    """Indices count from 0 along a symbolic size that is a positive integer."""
    assert limits(j) == (j, 0, columns.size - 1)
    assert columns.size.is_positive
    assert columns.size.is_integer


def test_renaming_bound_indices_changes_the_name_only():
    """The renamed sum is another expression with the same normal form and the same free indices."""
    formula = total(x[s, k] * maximum(y[i], i), k)
    renamed = rename_bound(formula)
    assert renamed != formula
    assert canonical(renamed) == canonical(formula)
    assert renamed.free_symbols & {s, j, k} == {s}


def test_renaming_keeps_nested_bounds_apart():
    """Two nested sums that use one name stay two sums: sum_k y_k sum_k y_k is a square."""
    nested = total(y[k] * total(y[k], k), k)
    assert canonical(rename_bound(nested)) == canonical(total(y[k], k) ** 2)
    assert canonical(rename_bound(nested)) != canonical(total(y[k] ** 2, k))


def test_expanding_a_definition_captures_no_index():
    """``total_of[s] := sum_k x[s, k]`` inside a sum over k keeps its own k."""
    row_sum = let("row_sum", (s,), total(x[s, k], k))
    product = let("product", (s, j), x[s, j] * row_sum[s])
    derivation = Derivation("captured", (x,), (product,), (), definitions=(row_sum,))
    expanded = derivation.expand(total(product[s, k], k))
    assert canonical(expanded) == canonical(total(x[s, j], j) ** 2)
    captured = total(x[s, k] * x[s, k], k)
    assert canonical(expanded) != canonical(captured)


def test_asking_a_definition_at_its_own_bound_index_captures_nothing():
    """``norm[j] := sum_k x[j, k]`` asked at k is the sum over another index."""
    square = array("x", columns, columns)
    norm = let("norm", (j,), total(square[j, k], k))
    asked = norm.at((k,))
    assert k in asked.free_symbols
    assert canonical(asked) == canonical(total(square[k, i], i))


def test_swapping_a_definition_s_indices_is_simultaneous():
    """At (j, i) a definition over (i, j) is transposed, and not collapsed onto one index."""
    square = array("x", columns, columns)
    definition = let("d", (i, j), square[i, j])
    assert definition.at((j, i)) == square[j, i]


def test_a_claim_may_use_the_name_of_a_bound_index():
    """A gradient at k of a primal that sums over k is proved, and its diagonal is still refuted."""
    size = columns.size
    dy = array("dz", columns)
    z = let("z", (j,), y[j] - total(y[k], k) / size)
    right = ClosedForm("y", (k,), dy[k] - total(dy[j], j) / size, "by hand")
    wrong = replace(right, expression=dy[k] - dy[k] / size)
    found = prove(Derivation("centred", (y,), (z,), (right, wrong)))
    assert [p.status for p in found] == ["proved", "refuted"]


def test_differentiating_by_an_outer_index_of_the_same_name_needs_renaming():
    """The derivative of sum_k y_k^2 by y_k is 2 y_k once the bound k has another name."""
    slope = differentiate(rename_bound(total(y[k] ** 2, k)), y[k])
    assert canonical(slope) == canonical(2 * y[k])


def test_a_scalar_definition_is_expanded_too():
    """An intermediate without indices is a symbol, and is replaced all the same."""
    mean = let("mean", (), total(y[k], k) / columns.size)
    derivation = Derivation(
        "scalar", (y,), (let("z", (j,), y[j] - mean[()]),), (), definitions=(mean,)
    )
    assert derivation.expand(derivation.output.body).has(sp.Sum)


def test_indices_must_fit_the_definition():
    """A definition asked with too few indices is an error, not a guess."""
    with pytest.raises(ValueError, match="argument"):
        let("d", (s, j), x[s, j]).at((s,))
