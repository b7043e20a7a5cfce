"""What is written is read as the same tree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backproof.audit.latex import syntax
from backproof.audit.latex.reader import read
from backproof.audit.latex.syntax import (
    Call,
    Case,
    Cases,
    Derivative,
    Equation,
    Fraction,
    Group,
    LatexError,
    Norm,
    Number,
    Ones,
    Placed,
    Product,
    Relation,
    Root,
    Script,
    Summation,
    Symbol,
    Terms,
)
from backproof.audit.latex.writer import write
from derivations.claims import Claim
from derivations.documents import DOCUMENTS

LETTERS = ["a", "x", "T", "W", r"\gamma", r"\top", r"\hat{x}", r"\bar{\mu}", "h'", r"\hat{y}''"]
FUNCTIONS = [r"\exp", r"\log", r"\tanh'", "diag", "softmax", "ReLU", "sigmoid'"]
OPERATORS = ["", "", r"\cdot", r"\times", r"\circ", r"\odot", r"\oslash", "/", "*"]


RELATIONS = ["=", "<", ">", r"\le", r"\ge", r"\ne"]


class Builder:
    """Draws one node of a kind, its parts from `depth` further levels."""

    def __init__(self, draw, depth):
        self.draw, self.depth = draw, depth

    def node(self):
        kinds = [Number, Symbol, Ones] if not self.depth else [k for k in KINDS if k is not Case]
        kind = self.draw(st.sampled_from(kinds))
        return getattr(Builder(self.draw, self.depth - 1), kind.__name__.lower())()

    def nodes(self, least=1):
        return tuple(self.node() for _ in range(self.draw(st.integers(least, least + 1))))

    def one_of(self, *choices):
        return self.draw(st.sampled_from(choices))

    def maybe(self):
        return self.node() if self.draw(st.booleans()) else None

    def number(self):
        return Number(self.one_of("0", "2", "12", "0.5"))

    def symbol(self):
        return Symbol(self.one_of(*LETTERS))

    def ones(self):
        return Ones()

    def group(self):
        return Group(self.nodes(), self.one_of("(", "[", r"\{"))

    def norm(self):
        return Norm(self.node())

    def script(self):
        """`{x_i}^2` is read as `x_i^2`: scripts on scripts have one that those have, too."""
        base = self.node()
        marks = self.one_of(("sub",), ("sup",), ("sub", "sup"))
        if isinstance(base, Script):
            has = [mark for mark in ("sub", "sup") if getattr(base, mark)]
            marks = marks if len(has) == 2 else tuple({*marks, *has})
        return Script(base, **{mark: self.nodes() for mark in sorted(marks)})

    def product(self):
        factors = self.nodes(least=2)
        return Product(factors, tuple(self.one_of(*OPERATORS) for _ in factors[1:]))

    def terms(self):
        terms = self.nodes()
        first = self.one_of("-", "+", *([""] if len(terms) > 1 else []))
        return Terms(terms, (first, *(self.one_of("+", "-") for _ in terms[1:])))

    def fraction(self):
        return Fraction(self.node(), self.node())

    def derivative(self):
        of = self.maybe()
        return Derivative(of, self.node(), None if of else self.node())

    def summation(self):
        return Summation(self.nodes(), self.maybe(), self.node())

    def root(self):
        return Root(self.node(), self.maybe())

    def call(self):
        name = Symbol(self.one_of(*FUNCTIONS))
        power = self.maybe()
        return Call(Script(name, sup=(power,)) if power else name, self.node())

    def relation(self):
        return Relation(self.node(), self.one_of(*RELATIONS), self.node())

    def case(self):
        conditions = (self.relation(),) * self.one_of(0, 1, 2)
        return Case(self.node(), conditions)

    def cases(self):
        return Cases((self.case(), self.case()))


KINDS = [
    kind
    for kind in vars(syntax).values()
    if isinstance(kind, type) and issubclass(kind, Placed) and kind not in {Placed, Equation}
]


@st.composite
def equations(draw):
    """Every tree that the reader can give, of a few levels."""
    builder = Builder(draw, draw(st.integers(0, 3)))
    sides = builder.nodes()
    shape = [
        size
        for size in (builder.nodes() if draw(st.booleans()) else ())
        if not (isinstance(size, Product) and r"\times" in size.operators)
    ]
    return Equation(sides, tuple(shape))


@given(equations())
def test_every_tree_is_read_again(equation):
    assert read(write(equation)) == (equation,)


def test_the_equations_of_the_documents_are_read_again():
    """As far as they are read at all: most of them are."""
    equations = {
        claim.equation
        for claims in DOCUMENTS.values()
        for claim in claims
        if isinstance(claim, Claim)
    }
    unread = set()
    for equation in equations:
        try:
            trees = read(equation)
        except LatexError:
            unread.add(equation)
            continue
        assert tuple(tree for t in trees for tree in read(write(t))) == trees, equation
    assert len(unread) < len(equations) / 4


@pytest.mark.parametrize(
    ("written", "clean"),
    [
        (r"\boldsymbol{X}^{T} Y", "X^T Y"),
        (r"x_{i}^{2} W_{ij} d_{N}", "x_i^2 W_{ij} d_N"),
        (r"X^{\top}", r"X^\top"),
        (r"x^{(l - 1)}", "x^{(l-1)}"),
        (r"\sum_{i = 1}^{n} x_{i , j}", r"\sum_{i=1}^n x_{i,j}"),
        (r"a\left(b + c\right)", "a(b + c)"),
        (r"a(\frac{b}{c})", r"a\left(\frac{b}{c}\right)"),
        (r"\left[\sum_i x_i\right]_j", r"\left[\sum_i x_i\right]_j"),
        (r"\|x\|_2^2", r"\lVert x \rVert_2^2"),
        (r"\| \frac1n \|", r"\left\lVert \frac{1}{n}\right\rVert"),
        (r"-a+b", "-a + b"),
        (r"\text{softmax}(x)", r"\operatorname{softmax}(x)"),
        (r"\mathbb{1}[x > 0]", r"\mathbf{1}[x > 0]"),
        (r"\mathbb{1}\left(i=j\right)", r"\mathbf{1}(i = j)"),
        (r"y \in \mathbb{R}^{2 n \times m}", r"y \in \mathbb{R}^{2 n \times m}"),
    ],
)
def test_it_is_clean(written, clean):
    (equation,) = read(written)
    assert write(equation) == clean


@pytest.mark.parametrize(
    ("tree", "written"),
    [
        (Product((Terms((Symbol("a"), Symbol("b")), ("", "+")), Symbol("c")), ("",)), "{a + b} c"),
        (
            Product((Summation((Symbol("i"),), None, Symbol("a")), Symbol("b")), ("",)),
            r"{\sum_i a} b",
        ),
        (Script(Script(Symbol("x"), sup=(Number("2"),)), sup=(Symbol("T"),)), "{x^2}^T"),
    ],
)
def test_braces_hold_what_would_be_read_otherwise(tree, written):
    assert write(tree) == written


def test_only_trees_are_written():
    with pytest.raises(TypeError, match="no LaTeX for str"):
        write("x")
