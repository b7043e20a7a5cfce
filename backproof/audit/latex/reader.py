"""Reads equations in LaTeX; what is not in the grammar is an error at its place, never skipped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

from lark import Lark, Token, Tree, UnexpectedInput, v_args
from lark.exceptions import UnexpectedToken, VisitError
from lark.tree import Meta
from lark.visitors import Transformer_InPlace

from backproof.audit.latex import syntax
from backproof.audit.latex.syntax import Equation, LatexError, Node

LONGEST = 20_000
"""Characters of one display."""
DEEPEST = 100
"""Nodes of the tree within each other; the formulas of a course have about 20."""

FUNCTIONS = {r"\exp", r"\log", r"\ln", r"\tanh", r"\sinh", r"\cosh", r"\max", r"\min"}
WORDS = {"diag", "softmax", "tr", "trace", "relu", "ReLU", "sigmoid", "tanh", "exp", "log", "ln"}
WORDS |= {"max", "min", "sum", "mean", "sign"}

_BOLD = {rf"\{style}" for style in ("mathbf", "boldsymbol", "bm", "pmb", "textbf")}
_BOLD |= {r"\mathbb", r"\mathbbm", r"\mathds"}

_BLANK = re.compile(
    r"(?P<kept>\\\\|\\%)"
    r"|\\(left|right|bigg?|Bigg?|bigg?[lr]|Bigg?[lr])(?![A-Za-z])\.?"
    r"|\\q?quad\s*\(\d+\)(?=[\s.]*(\\\\|$))"
    r"|\\(quad|qquad|nonumber|notag|displaystyle|limits|nolimits)(?![A-Za-z])"
    r"|\\(tag|label)\*?\s*\{[^{}]*\}"
    r"|\\(begin|end)\s*\{(aligned|align\*?|split|gathered|gather\*?|equation\*?|multline\*?)\}"
    r"(\[[tbc]\])?"
    r"|(?<=\\\\)\[-?[\d.]+ *(pt|ex|em|mm|cm)\]"
    r"|\\[,;:! ]|~|%[^\n]*"
)
_CONTINUES = re.compile(
    r"[\s&]*(:?=|\+|-|\*|\\(implies|Rightarrow|Longrightarrow|leftarrow|gets|coloneqq|equiv"
    r"|cdot|times|circ)(?![A-Za-z]))"
)
_PIECES = re.compile(
    r"\\begin\s*\{cases\}|\\end\s*\{cases\}|\\\\"
    r"|(?P<implies>\\(implies|Rightarrow|Longrightarrow)(?![A-Za-z]))|\\.|[{}&]",
    re.DOTALL,
)
_UNFINISHED = ("=", "+", "-", "*", "/", r"\cdot", r"\times", r"\circ", r"\odot", r"\oslash")


def read(text: str, line: int = 1, column: int = 1) -> tuple[Equation, ...]:
    r"""Read what stands between two ``$$``.

    Parameters
    ----------
    text
        One equation, or several, each beginning on a line of its own after ``\\``.
    line, column
        Where the text begins.

    Raises
    ------
    LatexError
        At the first thing that is not read.
    """
    if len(text) > LONGEST:
        raise LatexError(line, column, "", f"longer than {LONGEST:,} characters: split it")
    blanked = _BLANK.sub(_blanked, text)
    found = []
    for begin, row, implies in _rows(blanked):
        if row.strip(" \n\t&"):
            before = blanked[:begin]
            rows = before.count("\n")
            offset = len(before) - before.rfind("\n") - 1 + (0 if rows else column - 1)
            equation = _parse(row, line + rows, offset + 1)
            if not (implies and len(equation.sides) == 1):  # it names what follows
                found.append(equation)
    if not found:
        raise LatexError(line, column, "", "no equation")
    return tuple(found)


def _blanked(found: re.Match[str]) -> str:
    return found.group() if found["kept"] else re.sub(r"[^\n]", " ", found.group())


def _at(text: str, place: int, line: int, column: int) -> tuple[int, int]:
    before = text[:place]
    rows = before.count("\n")
    return line + rows, len(before) - before.rfind("\n") if rows else column + len(before)


def _rows(text: str) -> list[tuple[int, str, bool]]:
    """The equations, each with where it begins, and whether it is said to imply the next.

    A sign at a row's end or begin joins two rows.
    """
    rows, begin, cases, open_braces = [], 0, 0, 0
    pieces = list(text)
    for piece in _PIECES.finditer(text):
        found = piece.group()
        open_braces += (found == "{") - (found == "}")
        cases += found.startswith(r"\begin") - found.startswith(r"\end")
        if cases or open_braces:
            continue
        if piece["implies"]:
            rows.append((begin, piece.start(), True))
            begin = piece.end()
        elif found == "&":
            pieces[piece.start()] = " "
        elif found == r"\\":
            pieces[piece.start() : piece.end()] = "  "
            unfinished = text[begin : piece.start()].rstrip(" \t\n&").endswith(_UNFINISHED)
            if not unfinished and not _CONTINUES.match(text, piece.end()):
                rows.append((begin, piece.start(), False))
                begin = piece.end()
    rows.append((begin, len(text), False))
    blanked = "".join(pieces)
    return [(a, blanked[a:b].rstrip(" \t\n.,;"), implies) for a, b, implies in rows]


def _parse(text: str, line: int, column: int) -> Equation:
    try:
        tree: Tree[Equation] = _parser().parse(text)  # type: ignore[assignment]
        equation = _Tree(line, column).transform(tree)
    except UnexpectedInput as error:
        ends = isinstance(error, UnexpectedToken) and error.token.type == "$END"
        place = len(text) if ends else error.pos_in_stream or 0
        raise LatexError(*_at(text, place, line, column), *_unread(text, place)) from None
    except VisitError as error:
        if isinstance(error.orig_exc, LatexError):
            raise error.orig_exc from None
        raise
    _check_depth(equation, text, line, column)
    return equation


def _unread(text: str, place: int) -> tuple[str, str]:
    """The token at a place, and why it is not read there."""
    match = re.compile(r"\\begin\s*\{\w*\*?\}|\\[A-Za-z]+|\\.|\S", re.DOTALL).match(text, place)
    if match is None:
        return "", "ends too early"
    token = match.group()
    why = "is not read" if token.startswith("\\") else "is not expected here"
    return token, f"{token} {why}"


def _check_depth(equation: Equation, text: str, line: int, column: int) -> None:
    """What walks through a tree calls itself for each node within a node."""
    level: list[syntax.Placed] = [equation]
    for _ in range(DEEPEST):
        level = [child for node in level for child in syntax.children(node)]
    if level:
        place = min((node.line, node.column) for node in level)
        row = text.split("\n")[place[0] - line]
        token, _ = _unread(row, place[1] - (column if place[0] == line else 1))
        raise LatexError(*place, token, f"more than {DEEPEST} things within each other")


@lru_cache(maxsize=1)
def _parser() -> Lark:
    grammar = files("backproof.audit.latex").joinpath("grammar.lark").read_text("utf-8")
    return Lark(
        grammar, parser="lalr", propagate_positions=True, maybe_placeholders=True, postlex=_Bars()
    )


class _Bars:
    r"""Tells an opening ``\|`` from a closing one: within one bracket, every second one closes."""

    always_accept = ("BAR",)

    def process(self, tokens: Iterator[Token]) -> Iterator[Token]:
        opened = [False]
        for token in tokens:
            if token.type == "BAR":
                kind = "NORM_CLOSE" if opened[-1] else "NORM_OPEN"
                opened[-1] = not opened[-1]
                yield Token.new_borrow_pos(kind, token.value, token)
                continue
            brackets = re.findall(r"[{}()\[\]]", token)
            deeper = sum(1 if bracket in "{([" else -1 for bracket in brackets)
            if deeper > 0:
                opened.append(False)
            elif deeper < 0 and len(opened) > 1:
                opened.pop()
            yield token


_Made = TypeVar("_Made", bound=syntax.Placed)


class _Mark(NamedTuple):
    """What stands under, above or behind an atom."""

    kind: str
    items: tuple[Node, ...]
    meta: Meta


@v_args(meta=True)
class _Tree(Transformer_InPlace[Equation, Equation]):
    """Turns the parser's tree into a syntax tree, whose places are those of the whole text."""

    def __init__(self, line: int, column: int) -> None:
        super().__init__()
        self.line, self.column = line, column

    def _place(self, kind: type[_Made], meta: Meta, *parts: Any) -> _Made:
        column = meta.column + (self.column - 1 if meta.line == 1 else 0)
        return kind(*parts, line=self.line + meta.line - 1, column=column)

    def _refuse(self, meta: Meta, token: str, message: str) -> LatexError:
        placed = self._place(syntax.Ones, meta)
        return LatexError(placed.line, placed.column, token, message)

    def start(self, meta: Meta, children: list[Any]) -> Equation:
        shape = next((c for c in children if isinstance(c, tuple)), ())
        sides = tuple(c for c in children if isinstance(c, syntax.Placed))
        return self._place(Equation, meta, sides, shape)

    def shape(self, meta: Meta, children: list[Any]) -> tuple[Node, ...]:
        (items,) = [c for c in children if isinstance(c, tuple)] or [()]
        if len(items) != 1:
            raise self._refuse(meta, r"\mathbb{R}", "a shape is written \\mathbb{R}^{a \\times b}")
        only: Node = items[0]
        return self._sizes(only) if isinstance(only, syntax.Product) else (only,)

    def _sizes(self, product: syntax.Product) -> tuple[Node, ...]:
        """The factors between the crosses of a shape."""
        ends = [n for n, sign in enumerate(product.operators, start=1) if sign == r"\times"]
        sizes: list[Node] = []
        for begin, end in pairwise([0, *ends, len(product.factors)]):
            factors = product.factors[begin:end]
            part = replace(product, factors=factors, operators=product.operators[begin : end - 1])
            sizes.append(part if len(factors) > 1 else factors[0])
        return tuple(sizes)

    def vector(self, meta: Meta, children: list[Any]) -> tuple[Node, ...]:
        return (self._character(meta, str(children[-1])[-1]),)

    # Sums and products

    def sum(self, meta: Meta, children: list[Any]) -> Node:
        terms = tuple(c for c in children if not isinstance(c, Token))
        signs = [str(c) for c in children if isinstance(c, Token)]
        if len(signs) < len(terms):
            signs.insert(0, "")
        if len(terms) == 1 and signs == [""]:
            first: Node = terms[0]
            return first
        return self._place(syntax.Terms, meta, terms, tuple(signs))

    def product(self, meta: Meta, children: list[Any]) -> Node:
        factors: list[Node] = []
        operators: list[str] = []
        between = ""
        for child in children:
            if isinstance(child, Token):
                between = str(child)
            else:
                operators += [between] if factors else []
                factors.append(child)
                between = ""
        factors, operators = self._applied(factors, operators)
        if len(factors) == 1:
            return factors[0]
        return self._place(syntax.Product, meta, tuple(factors), tuple(operators))

    def _applied(self, factors: list[Node], operators: list[str]) -> tuple[list[Node], list[str]]:
        """Give each named function the factor that follows it."""
        while True:
            place = next(
                (n for n in reversed(range(len(factors))) if _is_function(factors[n])), None
            )
            if place is None:
                return factors, operators
            function = factors[place]
            if place + 1 == len(factors) or operators[place]:
                name = _name(function)
                raise LatexError(
                    function.line, function.column, name, f"{name} has nothing to be applied to"
                )
            called = syntax.Call(
                function, factors[place + 1], line=function.line, column=function.column
            )
            factors[place : place + 2] = [called]
            del operators[place]

    def summation(self, meta: Meta, children: list[Any]) -> Node:
        _, *marks, body = children
        self._check_once(marks)
        limits = {mark.kind: mark.items for mark in marks}
        if "sub" not in limits:
            raise self._refuse(meta, r"\sum", "a sum names its index: \\sum_{i}")
        above = limits.pop("sup", (None,))
        if len(above) > 1 or len(limits) > 1:
            raise self._refuse(meta, r"\sum", "a sum has one upper limit, and no prime")
        return self._place(syntax.Summation, meta, limits["sub"], above[0], body)

    def _check_once(self, marks: list[_Mark]) -> None:
        seen = {"prime": False}
        for mark in marks:
            if seen.get(mark.kind):
                sign = "_" if mark.kind == "sub" else "^"
                raise self._refuse(mark.meta, sign, f"a second {sign} behind the same symbol")
            seen.setdefault(mark.kind, True)

    def operator(self, meta: Meta, children: list[Any]) -> Node:
        by, body = [c for c in children if not isinstance(c, Token)]
        return self._place(syntax.Derivative, meta, None, by, body)

    def derivative(self, meta: Meta, children: list[Any]) -> Node:
        of, by = [c for c in children if not isinstance(c, Token)]
        return self._place(syntax.Derivative, meta, of, by)

    def fraction(self, meta: Meta, children: list[Any]) -> Node:
        return self._place(syntax.Fraction, meta, *children[1:])

    def short_fraction(self, meta: Meta, children: list[Any]) -> Node:
        digits = re.sub(r"\s", "", children[0])[-2:]
        parts = (self._character(meta, digit) for digit in digits)
        return self._place(syntax.Fraction, meta, *parts)

    def short_over(self, meta: Meta, children: list[Any]) -> Node:
        above, below = self._character(meta, children[0][-1]), children[1]
        return self._place(syntax.Fraction, meta, above, below)

    def root(self, meta: Meta, children: list[Any]) -> Node:
        return self._place(syntax.Root, meta, children[1])

    def root_of(self, meta: Meta, children: list[Any]) -> Node:
        return self._place(syntax.Root, meta, children[2], children[1])

    # Atoms

    def factor(self, meta: Meta, children: list[Any]) -> Node:
        atom, *marks = children
        self._check_once(marks)
        for mark in marks:
            atom = self._marked(meta, atom, mark) if mark.items else self._primed(atom, mark)
        found: Node = atom
        return found

    def _primed(self, atom: Node, prime: _Mark) -> Node:
        match atom:
            case syntax.Symbol(name=name):
                return replace(atom, name=name + "'")
            case syntax.Script(base=syntax.Symbol() as base, sup=None):
                return replace(atom, base=self._primed(base, prime))
        raise self._refuse(prime.meta, "'", "a prime stands behind the name of a function")

    def _marked(self, meta: Meta, atom: Node, mark: _Mark) -> Node:
        below, above = (mark.items, None) if mark.kind == "sub" else (None, mark.items)
        if isinstance(atom, syntax.Script) and getattr(atom, mark.kind) is None:
            return replace(atom, sub=atom.sub or below, sup=atom.sup or above)
        return self._place(syntax.Script, meta, atom, below, above)

    def number(self, meta: Meta, children: list[Any]) -> Node:
        return self._place(syntax.Number, meta, str(children[0]))

    def symbol(self, meta: Meta, children: list[Any]) -> Node:
        return self._place(syntax.Symbol, meta, str(children[0]))

    def word(self, meta: Meta, children: list[Any]) -> Node:
        word = re.sub(r"^\\[a-z*]+|[{}]", "", children[0]).strip()
        if word not in WORDS:
            raise self._refuse(meta, word, f"{word} is no function, and a name has one letter")
        return self._place(syntax.Symbol, meta, word)

    def accent_short(self, meta: Meta, children: list[Any]) -> Node:
        return self._accented(meta, str(children[0]), str(children[1]))

    def accent(self, meta: Meta, children: list[Any]) -> Node:
        accent, inner = children
        if not isinstance(inner, syntax.Symbol):
            raise self._refuse(meta, str(accent), "an accent stands over one letter")
        return self._accented(meta, str(accent), inner.name)

    def _accented(self, meta: Meta, accent: str, name: str) -> Node:
        accent = accent.replace("wide", "").replace("overline", "bar")
        return self._place(syntax.Symbol, meta, f"{accent}{{{name}}}")

    def style(self, meta: Meta, children: list[Any]) -> Node:
        style, items = children
        if len(items) != 1:
            raise self._refuse(meta, str(style), "a style is put on one symbol")
        inner: Node = items[0]
        if inner == syntax.Number("1") and style in _BOLD:
            return self._place(syntax.Ones, meta)
        if isinstance(inner, syntax.Product) and style not in _BOLD:
            raise self._refuse(meta, str(style), "a name has one letter")
        return inner

    def style_short(self, meta: Meta, children: list[Any]) -> Node:
        style, token = children
        return self.style(meta, [style, (self._character(meta, str(token)),)])

    def parentheses(self, meta: Meta, children: list[Any]) -> Node:
        return self._place(syntax.Group, meta, children[0], "(")

    def brackets(self, meta: Meta, children: list[Any]) -> Node:
        return self._place(syntax.Group, meta, children[0], "[")

    def braces(self, meta: Meta, children: list[Any]) -> Node:
        return self._place(syntax.Group, meta, children[1], "\\{")

    def plain(self, meta: Meta, children: list[Any]) -> Node:
        (items,) = children
        if len(items) == 1:
            only: Node = items[0]
            return only
        return self._place(syntax.Group, meta, items, "(")

    def norm(self, meta: Meta, children: list[Any]) -> Node:
        return self._place(syntax.Norm, meta, children[1])

    def cases(self, meta: Meta, children: list[Any]) -> Node:
        rows = tuple(c for c in children if isinstance(c, syntax.Case))
        return self._place(syntax.Cases, meta, rows)

    def case(self, meta: Meta, children: list[Any]) -> syntax.Case:
        value, *conditions = children
        return self._place(syntax.Case, meta, value, *(conditions or [()]))

    def conditions(self, _: Meta, children: list[Any]) -> tuple[Node, ...]:
        return tuple(c for c in children if not isinstance(c, Token))

    def relation(self, meta: Meta, children: list[Any]) -> Node:
        left, sign, right = children
        sign = {r"\leq": r"\le", r"\geq": r"\ge", r"\neq": r"\ne"}.get(str(sign), str(sign))
        return self._place(syntax.Relation, meta, left, sign, right)

    def items(self, _: Meta, children: list[Any]) -> tuple[Node, ...]:
        return tuple(children)

    # Scripts

    def sub(self, meta: Meta, children: list[Any]) -> _Mark:
        return _Mark("sub", children[-1], meta)

    def sup(self, meta: Meta, children: list[Any]) -> _Mark:
        return _Mark("sup", children[-1], meta)

    def short(self, meta: Meta, children: list[Any]) -> _Mark:
        text = str(children[0])
        name = text[1:].strip()
        inner = self._character(meta, name)
        inner = replace(inner, column=inner.column + len(text) - len(name))
        return _Mark(_SCRIPTS[text[0]], (inner,), meta)

    def styled(self, meta: Meta, children: list[Any]) -> _Mark:
        sign, style = children[0][0], children[0].strip("_^ {\t\n")
        return _Mark(_SCRIPTS[sign], (self.style(meta, [style, children[1]]),), meta)

    def prime(self, meta: Meta, _: list[Any]) -> _Mark:
        return _Mark("prime", (), meta)

    def _character(self, meta: Meta, text: str) -> Node:
        if text.isdigit():
            return self._place(syntax.Number, meta, text)
        return self._place(syntax.Symbol, meta, text)


_SCRIPTS = {"_": "sub", "^": "sup"}


def _is_function(node: Node) -> bool:
    if isinstance(node, syntax.Script):
        return node.sub is None and _is_function(node.base)
    return isinstance(node, syntax.Symbol) and node.name.rstrip("'") in {*FUNCTIONS, *WORDS}


def _name(function: Node) -> str:
    return _name(function.base) if isinstance(function, syntax.Script) else function.name  # type: ignore[union-attr]
