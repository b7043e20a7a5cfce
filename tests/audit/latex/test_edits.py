"""Each slip of the pen is undone; what comes out is LaTeX, and nothing comes twice."""

from itertools import islice

import pytest

from backproof.audit.latex.edits import changed_once
from backproof.audit.latex.reader import read
from backproof.audit.latex.writer import write

SIZES = ("n", r"d_N")
INDICES = ("k",)


def side(text):
    """The one side of the one equation."""
    (equation,) = read(text)
    (only,) = equation.sides
    return only


def changes(text):
    """What one slip makes of a formula."""
    return list(changed_once(side(text), SIZES, INDICES))


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        # signs
        ("a b", "-a b"),
        ("-a b", "a b"),
        ("a + b", r"-(a + b)"),
        ("-(a + b)", "a + b"),
        ("a + b", "a - b"),
        ("a - b", "a + b"),
        ("a - b", "-a - b"),
        ("-a + b", "a + b"),
        ("x(a + b)", "x(a - b)"),
        (r"\frac{a + b}{x}", r"\frac{a - b}{x}"),
        ("e^{a - b}", "e^{a + b}"),
        (r"\log(a - b)", r"\log(a + b)"),
        (r"\sum_i x_i(1 + y_i)", r"\sum_i x_i(1 - y_i)"),
        (
            r"\begin{cases} a + b & x > 0 \\ b & \end{cases}",
            r"\begin{cases} a - b & x > 0 \\ b & \end{cases}",
        ),
        # transposes
        ("X Y", "X^T Y"),
        ("X^T Y", "X Y"),
        (r"X^\top Y", r"X^\top Y^\top"),
        ("X", "X^T"),
        ("(A B)^T", "A B"),
        ("A B", "B^T A^T"),
        ("X^T Y", "Y^T X"),
        (r"2 X^T Y", r"2 Y^T X"),
        ("A + X Y", "A + Y^T X^T"),
        (r"X \frac{\partial L}{\partial Y}", r"X\left(\frac{\partial L}{\partial Y}\right)^T"),
        (r"\left(\frac{\partial L}{\partial Y}\right)^T X", r"\frac{\partial L}{\partial Y} X"),
        ("a^{2^T} W", "a^2 W"),
        # order
        ("X Y", "Y X"),
        ("A B C", "A C B"),
        (r"X^T \cdot Y", r"Y \cdot X^T"),
        (r"\frac{1}{n} X Y", r"\frac{1}{n} Y X"),
        # sums
        (r"\sum_i x_i y_i", "x_i y_i"),
        ("x_i y_i", r"\sum_i x_i y_i"),
        (r"\sum_{i,j} x_{ij}", r"\sum_j x_{ij}"),
        (r"\sum_{ij} x_{ij}", r"\sum_i x_{ij}"),
        (r"\frac{1}{n} \sum_j x_j y_i", r"\frac{1}{n} x_j y_i"),
        (r"a_i - x_j", r"a_i - \sum_j x_j"),
        (r"-x_j", r"-\sum_j x_j"),
        (r"b(x_i - x_j)", r"b\left(x_i - \sum_j x_j\right)"),
        # factors
        ("2 a b", "a b"),
        ("a b", "2 a b"),
        ("a b", r"\frac{1}{2} a b"),
        ("a b", r"\frac{1}{n} a b"),
        ("a b", r"d_N a b"),
        (r"\frac{1}{n} a b", "a b"),
        (r"\frac{a}{n}", "a"),
        (r"\frac{2 a}{n}", r"\frac{a}{n}"),
        (r"\frac{2}{n}", r"\frac{1}{n}"),
        (r"\frac{a}{2 n}", r"\frac{a}{n}"),
        ("x + y", r"x + \frac{1}{2} y"),
        ("-x", "-2 x"),
        ("x + y", r"\frac{1}{n}(x + y)"),
        ("2(x + y)", "x + y"),
        ("2 x", r"2 \cdot 2 x"),
        ("a / b", "a"),
        # exponents
        ("x^2", "x"),
        ("x^2", "x^3"),
        ("x^2", "x^4"),
        ("x^2", "x^{-2}"),
        ("x^4", "x^2"),
        ("x^{-2}", "x^2"),
        ("x_i^2", "x_i"),
        ("x", "x^2"),
        ("x_i", "x_i^2"),
        (r"(x + y)^{-\frac{1}{2}}", r"(x + y)^{\frac{1}{2}}"),
        (r"(x + y)^{-\frac{1}{2}}", r"(x + y)^{-\frac{3}{2}}"),
        (r"(x + y)^{-\frac{3}{2}}", r"(x + y)^{-3}"),
        ("e^x", "e^{-x}"),
        ("e^{-x}", "e^x"),
        (r"\frac{a}{\sqrt{b}}", r"\frac{a}{b}"),
        (r"\frac{a}{b}", r"\frac{a}{b^2}"),
        (r"\frac{a}{b}", r"\frac{a}{b^{\frac{1}{2}}}"),
        (r"\lVert x \rVert", r"\lVert x \rVert^2"),
        # elementwise or not
        (r"A \circ B", "A B"),
        ("A B", r"A \circ B"),
        (r"A \oslash B", r"A \circ B"),
        (r"A \cdot B", r"A \circ B"),
        # indices
        ("x_{ij}", "x_{ji}"),
        ("x_{i,j}", "x_{j,i}"),
        ("x_{ij} y_j", "x_{ij} y_i"),
        ("x_i y_j", "x_j y_i"),
        ("x_i", "x_k"),
        ("x_i^j y_j", "x_i^i y_j"),
        (r"x_i \delta_{ij}", r"x_i \delta_{kj}"),
        (r"x_j \mathbf{1}[i = j] y_i", r"x_j \mathbf{1}[i = k] y_i"),
        (r"x_j \mathbf{1}_{i=j}", r"x_j \mathbf{1}_{k=j}"),
        (r"\sum_j x_{i+1,j}", r"\sum_j x_{j+1,j}"),
        # functions
        ("h(x)", "h'(x)"),
        ("h_N'(x)", "h_N(x)"),
        (r"\tanh(x)", r"\tanh'(x)"),
    ],
)
def test_a_slip_is_undone(wrong, right):
    assert side(right) in changes(wrong)


FORMULAS = [
    r"-\frac{1}{n} \sum_{i,j} x_{ij} \delta_{jk} + e^{-x_i^2}",
    r"\frac{2}{M}(X_{ij} - \mu_i) \circ \sqrt{\sigma_j^2 + \epsilon}",
    r"h'(x_i) \circ (W^{(l)})^T \frac{\partial L}{\partial Y} / n",
    r"\frac{\partial}{\partial x_i} \sum_{k=1}^n -\log \sum_j e^{x_j - x_k}",
    r"\begin{cases} 2 x_i & x_i > 0 \\ \lVert A B \rVert^2 & \text{otherwise} \end{cases}",
    r"\operatorname{diag}(x) A^T B - \mathbf{1} \mathbf{1}^T C (I - A)^{-1}",
    r"{a + b} {\sum_i x_i} {c d}",
]


@pytest.mark.parametrize("formula", FORMULAS)
def test_every_change_is_latex(formula):
    """And is read as the tree that it is."""
    for changed in changes(formula):
        assert side(write(changed)) == changed


@pytest.mark.parametrize("formula", FORMULAS)
def test_nothing_comes_twice_and_every_change_is_one(formula):
    found = changes(formula)
    assert found
    assert len(set(found)) == len(found)
    assert side(formula) not in found


def test_the_likeliest_slips_come_first():
    found = [write(tree) for tree in islice(changed_once(side("X^T Y - b")), 4)]
    assert found == ["-(X^T Y - b)", "-X^T Y - b", "X^T Y + b", "X Y - b"]


def test_an_entry_has_no_transpose_and_a_name_no_other_decoration():
    """Changes that mean nothing are not proposed where the tree tells."""
    assert all("T" not in write(tree) for tree in changes("x_i y_j"))
    assert all("(l)" in write(tree) for tree in changes("W^{(l)}"))
    assert all(
        r"\frac{\partial L}{\partial x}" in write(t)
        for t in changes(r"\frac{\partial L}{\partial x} y")[:4]
    )


def test_brackets_are_put_where_a_change_needs_them():
    found = [write(tree) for tree in changes(r"\frac{1}{n} \sum_i (a_i + b_i)")]
    assert r"\frac{1}{n}(a_i + b_i)" in found
    assert r"\frac{1}{n}\left(\sum_i a_i + b_i\right)" not in found
    assert not any("{a_i + b_i}" in text for text in found)


def test_a_size_is_divided_by_only_where_it_is_handed_in():
    assert side(r"\frac{1}{n} x") not in changed_once(side("x"))
    assert side(r"\frac{1}{n} x") in changed_once(side("x"), ["n"])
