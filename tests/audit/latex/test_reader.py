"""LaTeX is read as the tree that it means, or refused at the place and token where it is not."""

import pytest

from backproof.audit.latex.reader import DEEPEST, LONGEST, read
from backproof.audit.latex.syntax import (
    Call,
    Case,
    Cases,
    Derivative,
    Fraction,
    Group,
    LatexError,
    Norm,
    Number,
    Ones,
    Product,
    Relation,
    Root,
    Script,
    Summation,
    Symbol,
    Terms,
    children,
)

a, b, i, j, n, s, t, x, y = map(Symbol, "abijnstxy")
ONE, TWO = Number("1"), Number("2")


def side(text):
    """The one side of the one equation."""
    (equation,) = read(text)
    (only,) = equation.sides
    return only


def product(*factors, by=""):
    """Factors side by side, or with one operator."""
    return Product(factors, (by,) * (len(factors) - 1))


def minus(node):
    """A term with its sign."""
    return Terms((node,), ("-",))


DIAG = Symbol("diag")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("0.5", Number("0.5")),
        (r"\gamma", Symbol(r"\gamma")),
        (r"\mathbf{x}", x),
        (r"\boldsymbol x", x),
        (r"\mathcal{L}", Symbol("L")),
        (r"\hat{x}", Symbol(r"\hat{x}")),
        (r"\hat x", Symbol(r"\hat{x}")),
        (r"\hat{\mathbf x}", Symbol(r"\hat{x}")),
        (r"\mathbf{\hat x}", Symbol(r"\hat{x}")),
        (r"\widehat{x}", Symbol(r"\hat{x}")),
        (r"\overline{x}", Symbol(r"\bar{x}")),
        (r"\mathbf{1}", Ones()),
        (r"\mathbb 1", Ones()),
        (r"\mathds{1}", Ones()),
        (r"\mathrm{1}", ONE),
        ("x_i", Script(x, (i,))),
        ("x_{i,j}", Script(x, (i, j))),
        ("x_{ij}", Script(x, (product(i, j),))),
        ("x_12", product(Script(x, (ONE,)), TWO)),
        ("x_i^s", Script(x, (i,), (s,))),
        ("x^s_i", Script(x, (i,), (s,))),
        ("{x_i}^s", Script(x, (i,), (s,))),
        ("{x^2}^2", Script(Script(x, sup=(TWO,)), sup=(TWO,))),
        (r"x_\epsilon", Script(x, (Symbol(r"\epsilon"),))),
        (r"x_\mathrm{i}", Script(x, (i,))),
        (r"x_{\mathcal{i}}", Script(x, (i,))),
        (r"x^{\top}", Script(x, sup=(Symbol(r"\top"),))),
        (r"x^\top", Script(x, sup=(Symbol(r"\top"),))),
        (r"x^\mathsf{T}", Script(x, sup=(Symbol("T"),))),
        ("x^{(n<s)}", Script(x, sup=(Group((Relation(n, "<", s),)),))),
        ("a^{2^t}", Script(a, sup=(Script(TWO, sup=(t,)),))),
        ("e^{-x}", Script(Symbol("e"), sup=(minus(x),))),
        ("x'", Symbol("x'")),
        (r"x^\prime", Symbol("x'")),
        (r"x^{\prime}", Symbol("x'")),
        ("x_i'", Script(Symbol("x'"), (i,))),
        (r"(x)", Group((x,))),
        (r"\left[ x \right]", Group((x,), "[")),
        (r"\left\{ x \right\}", Group((x,), r"\{")),
        (r"\bigl( x \bigr)", Group((x,))),
        ("(a, b)", Group((a, b))),
        ("{x}", x),
        (r"\|x\|", Norm(x)),
        (r"\lVert x \rVert", Norm(x)),
        (r"\Vert x \Vert", Norm(x)),
        (r"\left\| x \right\|^2", Script(Norm(x), sup=(TWO,))),
        (r"\|a\| \|b\|", product(Norm(a), Norm(b))),
        (r"\|\frac{a}{\|b\|}\|", Norm(Fraction(a, Norm(b)))),
        (r"\frac{a}{b}", Fraction(a, b)),
        (r"\tfrac{a}{b}", Fraction(a, b)),
        (r"\frac12", Fraction(ONE, TWO)),
        (r"\frac 1 n", Fraction(ONE, n)),
        (r"\frac1n x", product(Fraction(ONE, n), x)),
        (r"\frac1{2n}", Fraction(ONE, product(TWO, n))),
        (r"\sqrt{x}", Root(x)),
        (r"\sqrt[n]{x}", Root(x, n)),
        (r"\frac{\partial a}{\partial x_i}", Derivative(a, Script(x, (i,)))),
        (r"\frac{\partial}{\partial x} a", Derivative(None, x, a)),
        (r"\frac{\partial}{\partial x} -a", Derivative(None, x, minus(a))),
        (r"\sum_i x", Summation((i,), None, x)),
        (r"\sum\limits_{i} x", Summation((i,), None, x)),
        (r"\sum_{i=1}^{n} x", Summation((Relation(i, "=", ONE),), n, x)),
        (r"\sum_{j \neq i} x", Summation((Relation(j, r"\ne", i),), None, x)),
        (r"\sum_{i,j} x", Summation((i, j), None, x)),
        (r"\sum_i -x", Summation((i,), None, minus(x))),
        (r"\log x", Call(Symbol(r"\log"), x)),
        (r"\log^2 x", Call(Script(Symbol(r"\log"), sup=(TWO,)), x)),
        (r"\exp{x}", Call(Symbol(r"\exp"), x)),
        (r"\tanh'(x)", Call(Symbol(r"\tanh'"), Group((x,)))),
        (r"\operatorname{diag}(x)", Call(DIAG, Group((x,)))),
        (r"\text{diag} x", Call(DIAG, x)),
        (r"\mathrm{diag}\left(x\right)", Call(DIAG, Group((x,)))),
        (r"\mathbb{1}[x > 0]", product(Ones(), Group((Relation(x, ">", Number("0")),), "["))),
        (r"\mathbf{1}_{i=j}", Script(Ones(), (Relation(i, "=", j),))),
        (r"\mathbf{1}_{\{i=j\}}", Script(Ones(), (Group((Relation(i, "=", j),), r"\{"),))),
        (r"\delta_{ij}", Script(Symbol(r"\delta"), (product(i, j),))),
        ("a b", product(a, b)),
        (r"a \cdot b", product(a, b, by=r"\cdot")),
        (r"a \circ b", product(a, b, by=r"\circ")),
        (r"a \odot b", product(a, b, by=r"\odot")),
        (r"a \oslash b", product(a, b, by=r"\oslash")),
        ("a / b * x", Product((a, b, x), ("/", "*"))),
        ("-a + b", Terms((a, b), ("-", "+"))),
        ("a - b", Terms((a, b), ("", "-"))),
        (
            r"\begin{cases} a, & \text{if } x \leq 0, \\ b & \text{otherwise.} \end{cases}",
            Cases((Case(a, (Relation(x, r"\le", Number("0")),)), Case(b, ()))),
        ),
        (
            r"\begin{cases} a & i = j \text{ and } x > 0 \\ b & \end{cases}",
            Cases(
                (
                    Case(a, (Relation(i, "=", j), Relation(x, ">", Number("0")))),
                    Case(b, ()),
                )
            ),
        ),
        (r"x \quad % a comment", x),
        ("x.", x),
        (r"x \tag{3}", x),
    ],
)
def test_a_tree(text, tree):
    assert side(text) == tree


@pytest.mark.parametrize(
    ("text", "braced", "otherwise"),
    [
        (r"\sum_i a b + x", r"{\sum_i {a b}} + x", r"\sum_i {a b + x}"),
        (r"\sum_i a \circ b", r"\sum_i {a \circ b}", r"{\sum_i a} \circ b"),
        (r"a \sum_i b \sum_j x", r"a {\sum_i {b {\sum_j x}}}", r"a {\sum_i b} {\sum_j x}"),
        (r"\sum_i -a b - x", r"{\sum_i {-{a b}}} - x", r"\sum_i {-{a b} - x}"),
        (
            r"\frac{\partial}{\partial x} a b + x",
            r"{\frac{\partial}{\partial x} {a b}} + x",
            r"{\frac{\partial}{\partial x} a} b + x",
        ),
        (
            r"\frac{\partial}{\partial x} \sum_i a b",
            r"\frac{\partial}{\partial x} {\sum_i {a b}}",
            r"{\frac{\partial}{\partial x} \sum_i a} b",
        ),
        (r"\log a b", r"{\log a} b", r"\log {a b}"),
        (r"\log a_i^2 + b", r"{\log {a_i^2}} + b", r"\log {a_i^2 + b}"),
        (r"\log \exp x y", r"{\log {\exp x}} y", r"\log {\exp {x y}}"),
        (r"a \log \sum_i b x", r"a {\log {\sum_i {b x}}}", r"a {\log {\sum_i b}} x"),
        ("-a b + x", "-{a b} + x", "-{a b + x}"),
        ("a b_i^2", "a {b_i^2}", "{a b}_i^2"),
    ],
)
def test_how_far_it_reaches(text, braced, otherwise):
    assert side(text) == side(braced)
    assert side(text) != side(otherwise)


@pytest.mark.parametrize(
    ("text", "sides", "shape"),
    [
        ("a = b", (a, b), ()),
        ("a = b = x", (a, b, x), ()),
        (r"x \in \mathbb{R}^n", (x,), (n,)),
        (r"x \in \mathbb{R}^{n}", (x,), (n,)),
        (r"x \in \mathbb{R}^{n \times 2 s}", (x,), (n, product(TWO, s))),
        (r"x = y \in \mathbb{R}^{2 n}", (x, y), (product(TWO, n),)),
    ],
)
def test_sides_and_shapes(text, sides, shape):
    (equation,) = read(text)
    assert (equation.sides, equation.shape) == (sides, shape)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (r"a &= b \\ x &= y", ["a = b", "x = y"]),
        (r"a &= b \\ &= x", ["a = b = x"]),
        (r"a &= b \\ &\quad + x \\ y &= i", ["a = b + x", "y = i"]),
        (r"a &= b \\[4pt] x &= y, \\", ["a = b", "x = y"]),
        ("\\begin{aligned}\na &= b, \\\\\nx &= y.\n\\end{aligned}", ["a = b", "x = y"]),
        (r"\begin{align*} a &= b \cdot \\ & x \end{align*}", [r"a = b \cdot x"]),
        (r"a = \\ b - \\ x", ["a = b - x"]),
        (
            r"y &= \begin{cases} a & x > 0 \\ b & \end{cases} \\ a &= b",
            [r"y = \begin{cases} a & x > 0 \\ b & \end{cases}", "a = b"],
        ),
    ],
)
def test_rows(text, rows):
    """A row that begins with a sign goes on with the one before; those of cases are no rows."""
    assert read(text) == tuple(equation for row in rows for equation in read(row))


def places(node):
    """Where each node stands."""
    yield type(node).__name__, node.line, node.column
    for child in children(node):
        yield from places(child)


def test_places_are_those_in_the_file():
    """The text begins in line 7, at column 3; further lines begin at column 1."""
    first, second = read("a &= \\left( b\n  c_i \\right) \\\\\nx &= \\frac{y}{2}", 7, 3)
    assert list(places(first)) == [
        ("Equation", 7, 3),
        ("Symbol", 7, 3),
        ("Group", 7, 13),
        ("Product", 7, 15),
        ("Symbol", 7, 15),
        ("Script", 8, 3),
        ("Symbol", 8, 3),
        ("Symbol", 8, 5),
    ]
    assert list(places(second)) == [
        ("Equation", 9, 1),
        ("Symbol", 9, 1),
        ("Fraction", 9, 6),
        ("Symbol", 9, 12),
        ("Number", 9, 15),
    ]


@pytest.mark.parametrize(
    ("text", "line", "column", "token"),
    [
        ("", 1, 1, ""),
        ("x = ", 1, 4, ""),
        ("x + ", 1, 4, ""),
        ("(x", 1, 3, ""),
        (r"\frac{x}{y", 1, 11, ""),
        (r"\|x", 1, 4, ""),
        ("x}", 1, 2, "}"),
        ("x)", 1, 2, ")"),
        ("(x]", 1, 3, "]"),
        (r"\left( x \right]", 1, 16, "]"),
        ("= x", 1, 1, "="),
        ("x == y", 1, 4, "="),
        (r"a \cdot -b", 1, 9, "-"),
        (r"\foo x", 1, 1, r"\foo"),
        ("x \\\\ y = \\foo", 1, 10, r"\foo"),
        ("x\n+ \\foo", 2, 3, r"\foo"),
        (r"\begin{bmatrix} 1 \end{bmatrix}", 1, 1, r"\begin{bmatrix}"),
        (r"x \cdots y", 1, 3, r"\cdots"),
        (r"\left. x \right|_0", 1, 16, "|"),
        ("|x|", 1, 1, "|"),
        ("x!", 1, 2, "!"),
        ("A_{:,j}", 1, 4, ":"),
        ("x^{}", 1, 4, "}"),
        ("x^2^3", 1, 4, "^"),
        ("x_i_j", 1, 4, "_"),
        ("x^-1", 1, 2, "^"),
        ("(x)'", 1, 4, "'"),
        (r"\sum x", 1, 1, r"\sum"),
        (r"\sum_i^{a,b} x", 1, 1, r"\sum"),
        (r"\sum_i_j x", 1, 7, "_"),
        (r"\log", 1, 1, r"\log"),
        (r"\log + x", 1, 1, r"\log"),
        (r"\operatorname{foo}(x)", 1, 1, "foo"),
        (r"x_{\text{in}}", 1, 4, "in"),
        (r"x_\text{in}", 1, 2, r"\text"),
        (r"\mathbb{R}^{\text{batch size}}", 1, 13, "batch size"),
        (r"x \in \mathbb{R}", 1, 3, r"\mathbb{R}"),
        (r"x \in y", 1, 7, "y"),
        (r"\hat{ab}", 1, 1, r"\hat"),
        (r"\sqrt2", 1, 6, "2"),
        (r"x \% y", 1, 3, r"\%"),
        (r"\def\a{\a\a}\a", 1, 1, r"\def"),
        (r"\newcommand{\a}{b}", 1, 1, r"\newcommand"),
        (r"\input{key}", 1, 1, r"\input"),
        ("x = \0", 1, 5, "\0"),
        ("x = ∂y", 1, 5, "∂"),
        ("x\u0301", 1, 2, "\u0301"),
        ("x = \u202ey", 1, 5, "\u202e"),
        ("{x & y}", 1, 4, "&"),
    ],
)
def test_what_is_not_read_is_an_error_at_its_place(text, line, column, token):
    with pytest.raises(LatexError) as caught:
        read(text)
    error = caught.value
    assert (error.line, error.column, error.token) == (line, column, token)


def test_an_error_stands_where_it_is_in_the_file():
    with pytest.raises(LatexError, match="not read") as caught:
        read("x = \\foo", 12, 5)
    assert (caught.value.line, caught.value.column) == (12, 9)
    with pytest.raises(LatexError, match="not read") as caught:
        read("x\n = \\foo", 12, 5)
    assert (caught.value.line, caught.value.column) == (13, 4)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x" * 10_000_000, f"longer than {LONGEST:,}"),
        ("(" * 100_000, f"longer than {LONGEST:,}"),
        (r"\frac{" * 10_000, f"longer than {LONGEST:,}"),
        (r"\sum_i " * 10_000, f"longer than {LONGEST:,}"),
        ("(" * 9_000, "ends too early"),
        (r"\|(" * 3_000, "ends too early"),
        ("(" * 2_000 + "x" + ")" * 2_000, f"more than {DEEPEST} things"),
        (r"\frac{1}{" * 1_000 + "x" + "}" * 1_000, f"more than {DEEPEST} things"),
        ("x^{" * 1_000 + "x" + "}" * 1_000, f"more than {DEEPEST} things"),
        (r"\sum_i " * 1_000 + "x", f"more than {DEEPEST} things"),
        (r"\log " * 1_000 + "x", f"more than {DEEPEST} things"),
        (r"\frac{\partial}{\partial x} " * 500 + "x", f"more than {DEEPEST} things"),
        (r"\begin{cases} x & " * 500, "ends too early"),
        (r"\begin{cases}" * 1_000, "ends too early"),
        ("x" + "_i" * 1_000, "a second _"),
        (r"\sqrt[" * 1_000, "ends too early"),
        (r"\tag{" * 3_000, "not read"),
        (r"\mathbf " * 2_000, "not read"),
        ("\\" * 19_999, "not"),
        ("%" * 19_999, "no equation"),
        (" " * 19_999, "no equation"),
    ],
    ids=lambda text: text[:20],
)
def test_hostile_text_is_an_error(text, message):
    """None of them ends in a RecursionError, whose message is another."""
    with pytest.raises(LatexError, match=message):
        read(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("x " * 5_000, 5_000),
        ("x" + "+x" * 4_999, 5_000),
    ],
    ids=["factors", "terms"],
)
def test_long_text_is_read(text, size):
    (only,) = read(text)[0].sides
    assert len(list(children(only))) == size


def test_braces_and_rows_are_not_counted_as_depth():
    assert side("{" * 2_000 + "x" + "}" * 2_000) == x
    assert len(read(r"x = y \\ " * 500)) == 500
