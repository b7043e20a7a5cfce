"""Sums along the wrong axis: which indices trade places, and what follows."""

from backproof.diagnosis.axes import along_both_axes, along_other_axis
from derivations import batchnorm, layernorm, linear, softmax
from derivations.notation import Definition, array, axes, let, total

rows, columns = axes("rows columns")
s, r = rows.indices("s r")
j, k = columns.indices("j k")
x = array("x", rows, columns)
MEAN = let("mean", (s,), total(x[s, k], k) / columns.size)
CENTRED = let("centred", (s, j), x[s, j] - MEAN[s])


def test_a_mean_along_the_other_axis_divides_by_its_size():
    """And what subtracts it takes it at the other index."""
    moved = along_other_axis([MEAN, CENTRED], {"mean"})
    mean, centred = moved.formulas
    assert (moved.names, moved.right, moved.wrong) == (("mean",), "columns", "rows")
    assert mean == let("mean", (k,), total(x[s, k], s) / rows.size)
    assert centred.body == x[s, j] - MEAN[j]


def test_what_is_made_of_the_mean_alone_moves_with_it():
    """A square of the mean has no other array that could keep its index."""
    square = let("square", (s,), MEAN[s] ** 2)
    shifted = let("shifted", (s, j), x[s, j] - square[s])
    *_, square, shifted = along_other_axis([MEAN, square, shifted], {"mean"}).formulas
    assert square == let("square", (k,), MEAN[k] ** 2)
    assert shifted.body == x[s, j] - square[j]


def test_a_result_that_would_not_fit_its_use_is_no_mistake_that_can_be_made():
    """A row's own weight has no index along the columns."""
    weighted = let("weighted", (s,), MEAN[s] * array("weight", rows)[s])
    assert along_other_axis([MEAN, weighted], {"mean"}) is None


def test_a_mean_along_both_axes_divides_by_both_sizes():
    """It keeps its index, on which it no longer depends."""
    moved = along_both_axes([MEAN, CENTRED], {"mean"})
    mean, centred = moved.formulas
    assert (moved.names, moved.right, moved.wrong) == (("mean",), "columns", "rows")
    assert mean == let("mean", (s,), total(x[s, k], k, s) / columns.size / rows.size)
    assert centred is CENTRED
    assert along_both_axes([MEAN, CENTRED], {"centred"}) is None


def test_nothing_moves_without_a_sum():
    """Neither where none is asked for, nor where there is none."""
    assert along_other_axis([MEAN, CENTRED], set()) is None
    assert along_other_axis([CENTRED], {"centred"}) is None


def form_of(derivation, name):
    """The first closed form of a gradient, with the intermediates before it."""
    form = next(g for g in derivation.gradients if g.of == name)
    return [*derivation.definitions, Definition("", form.indices, form.expression)]


def test_layernorm_s_means_become_batchnorm_s():
    """The very definitions of the other derivation, but for the names of indices."""
    backward = {"mean_dx_hat", "mean_dx_hat_x_hat"}
    moved = along_other_axis(form_of(layernorm.derive("none"), "x"), backward)
    theirs = {d.name: d.body for d in batchnorm.derive().definitions}
    renamed = {batchnorm.j: layernorm.k, batchnorm.r: layernorm.s}
    for definition in (d for d in moved.formulas if d.name in backward):
        assert definition.indices == (layernorm.k,)
        assert definition.body == theirs[definition.name].xreplace(renamed)


def test_a_gradient_s_own_index_trades_places_with_its_sum_s():
    """The bias's gradient summed over the outputs has one number for each sample."""
    (own,) = along_other_axis(form_of(linear.derive("x W + b"), "bias"), {""}).formulas
    assert [str(i.upper + 1) for i in own.indices] == ["batch"]
    assert {str(b[0].upper + 1) for b in own.body.args[1:]} == {"outputs"}


def test_softmax_s_sum_is_taken_along_the_batch():
    """The product with it then belongs to a column."""
    moved = along_other_axis(form_of(softmax.derive(), "x"), {"along"})
    assert (moved.right, moved.wrong) == ("classes", "batch")
