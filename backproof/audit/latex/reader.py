"""Reads equations in LaTeX; what is not in the grammar is an error at its place, never skipped."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple, TypeVar

from lark import Lark, Token, Transformer, Tree, UnexpectedInput, v_args
from lark.exceptions import UnexpectedEOF, VisitError
from lark.tree import Meta

from backproof.audit.latex import syntax
from backproof.audit.latex.syntax import Equation, LatexError, Node

LONGEST = 20_000
"""Characters of one display."""
DEEPEST = 60
"""Brackets and fractions within each other."""

FUNCTIONS = {r"\exp", r"\log", r"\ln", r"\tanh", r"\sinh", r"\cosh", r"\max", r"\min"}
WORDS = {"diag", "softmax", "tr", "trace", "relu", "ReLU", "sigmoid", "tanh", "exp", "log", "ln"}
WORDS |= {"max", "min", "sum", "mean", "sign"}

_BLANK = re.compile(
    r"(?P<break>\\\\)"
    r"|\\(left|right|bigg?|Bigg?|bigg?[lr]|Bigg?[lr])(?![A-Za-z])\.?"
    r"|\\(quad|qquad|nonumber|notag|displaystyle|limits|nolimits)(?![A-Za-z])"
    r"|\\(tag|label)\*?\s*\{[^{}]*\}"
    r"|\\(begin|end)\s*\{(aligned|align\*?|split|gathered|gather\*?|equation\*?|multline\*?)\}"
    r"(\[[tbc]\])?"
    r"|\\[,;:! ]|~|(?<!\\)%[^\n]*"
)
_CONTINUES = re.compile(
    r"[\s&]*(=|\+|-|\*|\\(implies|Rightarrow|Longrightarrow|cdot|times|circ)(?![A-Za-z]))"
)
_PIECES = re.compile(r"\\begin\s*\{cases\}|\\end\s*\{cases\}|\\\\|\\.|[{}&]", re.DOTALL)


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
    _check_depth(text, line, column)
    blanked = _told_bars(_BLANK.sub(_blanked, text))
    found = []
    for begin, row in _rows(blanked):
        if row.strip(" \n\t&"):
            before = blanked[:begin]
            rows = before.count("\n")
            offset = len(before) - before.rfind("\n") - 1 + (0 if rows else column - 1)
            found.append(_parse(row, line + rows, offset + 1))
    if not found:
        raise LatexError(line, column, "", "no equation")
    return tuple(found)


def _blanked(found: re.Match[str]) -> str:
    return found.group() if found["break"] else re.sub(r"[^\n]", " ", found.group())


def _check_depth(text: str, line: int, column: int) -> None:
    deep = 0
    for place in re.finditer(r"\\[{}]|[{}()\[\]]", text):
        deep += {"{": 1, "(": 1, "[": 1, "}": -1, ")": -1, "]": -1}.get(place.group(), 0)
        if deep > DEEPEST:
            at = _at(text, place.start(), line, column)
            raise LatexError(*at, place.group(), f"more than {DEEPEST} brackets deep")


def _at(text: str, place: int, line: int, column: int) -> tuple[int, int]:
    before = text[:place]
    rows = before.count("\n")
    return line + rows, len(before) - before.rfind("\n") if rows else column + len(before)


def _told_bars(text: str) -> str:
    r"""Every second ``\|`` closes what the one before it has opened."""
    norms = iter("⟦⟧" * (text.count(r"\|") // 2 + 1))
    return re.sub(r"\\\|", lambda _: f"{next(norms)} ", text)


def _rows(text: str) -> list[tuple[int, str]]:
    """The equations, each with where it begins; a row that begins with a sign goes on with one."""
    rows, begin, cases, open_braces = [], 0, 0, 0
    pieces = list(text)
    for piece in _PIECES.finditer(text):
        found = piece.group()
        open_braces += (found == "{") - (found == "}")
        cases += found.startswith(r"\begin") - found.startswith(r"\end")
        if cases or open_braces:
            continue
        if found == "&":
            pieces[piece.start()] = " "
        elif found == r"\\":
            pieces[piece.start() : piece.end()] = "  "
            if not _CONTINUES.match(text, piece.end()):
                rows.append((begin, piece.start()))
                begin = piece.end()
    rows.append((begin, len(text)))
    blanked = "".join(pieces)
    return [(a, blanked[a:b].rstrip(" \t\n.,;")) for a, b in rows]


def _parse(text: str, line: int, column: int) -> Equation:
    try:
        tree: Tree[Equation] = _parser().parse(text)  # type: ignore[assignment]
        return _Tree(line, column).transform(tree)
    except UnexpectedEOF:
        raise LatexError(*_at(text, len(text), line, column), "", "ends too early") from None
    except UnexpectedInput as error:
        place = max(error.pos_in_stream or 0, 0)
        raise LatexError(*_at(text, place, line, column), *_unread(text, place)) from None
    except VisitError as error:
        if isinstance(error.orig_exc, LatexError):
            raise error.orig_exc from None
        raise
    except RecursionError:
        raise LatexError(line, column, "", "nested too deeply") from None


def _unread(text: str, place: int) -> tuple[str, str]:
    """The token at a place, and why it is not read there."""
    match = re.compile(r"\\begin\s*\{\w*\*?\}|\\[A-Za-z]+|\\.|\S", re.DOTALL).match(text, place)
    if match is None:
        return "", "ends too early"
    token = {"⟦": r"\|", "⟧": r"\|"}.get(match.group(), match.group())
    why = "is not read" if token.startswith("\\") else "is not expected here"
    return token, f"{token} {why}"


@lru_cache(maxsize=1)
def _parser() -> Lark:
    grammar = files("backproof.audit.latex").joinpath("grammar.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=True)


_Made = TypeVar("_Made", bound=syntax.Placed)


class _Mark(NamedTuple):
    """What stands under, above or behind an atom."""

    kind: str
    items: tuple[Node, ...]


@v_args(meta=True)
class _Tree(Transformer[Equation, Equation]):
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
        only = items[0]
        if isinstance(only, syntax.Product) and set(only.operators) == {r"\times"}:
            return only.factors
        return (only,)

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
        below = next((m.items for m in marks if m.kind == "sub"), None)
        above = next((m.items for m in marks if m.kind == "sup"), (None,))
        if below is None:
            raise self._refuse(meta, r"\sum", "a sum names its index: \\sum_{i}")
        return self._place(syntax.Summation, meta, below, above[0], body)

    def operator(self, meta: Meta, children: list[Any]) -> Node:
        by, body = [c for c in children if not isinstance(c, Token)]
        return self._place(syntax.Derivative, meta, None, by, body)

    def derivative(self, meta: Meta, children: list[Any]) -> Node:
        of, by = [c for c in children if not isinstance(c, Token)]
        return self._place(syntax.Derivative, meta, of, by)

    def fraction(self, meta: Meta, children: list[Any]) -> Node:
        return self._place(syntax.Fraction, meta, *children[1:])

    def short_fraction(self, meta: Meta, children: list[Any]) -> Node:
        digits = "".join(map(str, children[1:]))
        if len(digits) != 2:
            raise self._refuse(meta, r"\frac", "a fraction of several digits has braces")
        parts = (self._character(meta, digit) for digit in digits)
        return self._place(syntax.Fraction, meta, *parts)

    def root(self, meta: Meta, children: list[Any]) -> Node:
        return self._place(syntax.Root, meta, children[1])

    def root_of(self, meta: Meta, children: list[Any]) -> Node:
        return self._place(syntax.Root, meta, children[2], children[1])

    # Atoms

    def factor(self, meta: Meta, children: list[Any]) -> Node:
        atom, *marks = children
        for mark in marks:
            if mark.kind == "prime":
                atom = self._primed(meta, atom)
                continue
            atom = self._marked(meta, atom, mark)
        found: Node = atom
        return found

    def _primed(self, meta: Meta, atom: Node) -> Node:
        if not isinstance(atom, syntax.Symbol):
            raise self._refuse(meta, "'", "a prime stands behind the name of a function")
        return self._place(syntax.Symbol, meta, atom.name + "'")

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
        word = re.sub(r"\\[a-z*]+|[\s{}]", "", str(children[0]))
        if word not in WORDS:
            raise self._refuse(meta, word, f"{word} is no function that is known here")
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
        if isinstance(inner, syntax.Number) and inner.text == "1":
            return self._place(syntax.Ones, meta)
        return inner

    def style_short(self, meta: Meta, children: list[Any]) -> Node:
        _, token = children
        if str(token) == "1":
            return self._place(syntax.Ones, meta)
        return self._character(meta, str(token))

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

    def sub(self, _: Meta, children: list[Any]) -> _Mark:
        return _Mark("sub", children[-1])

    def sup(self, _: Meta, children: list[Any]) -> _Mark:
        return _Mark("sup", children[-1])

    def short(self, meta: Meta, children: list[Any]) -> _Mark:
        text = str(children[0])
        return _Mark(_SCRIPTS[text[0]], (self._character(meta, text[1:].strip()),))

    def styled(self, _: Meta, children: list[Any]) -> _Mark:
        return _Mark(_SCRIPTS[str(children[0])[0]], children[1])

    def prime(self, _: Meta, __: list[Any]) -> _Mark:
        return _Mark("prime", ())

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
