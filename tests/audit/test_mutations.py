"""True equations with one slip of the pen: each is refuted, or proved to be as true.

The equations are those of `keys/` that are proved. A slip changes one thing in the tokens of a
right-hand side; of each kind an even sample is judged.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backproof.audit.key import KeyFileError
from backproof.audit.markdown_key import load
from derivations.claims import judge

pytestmark = pytest.mark.symbolic

KEYS = sorted(Path(__file__).with_name("keys").glob("*.md"))
MOST = 30
"""Of a kind."""

PIECE = re.compile(r"(```backproof\n.*?```)|\*\*proved\*\* [^\n]*\n\n\$\$(.+?)\$\$", re.DOTALL)
IGNORED = re.compile(r"\\tag\{\d+\}|\\(left|right)(?![A-Za-z])")
TOKEN = re.compile(r"\\(?:operatorname|text|begin|end)\{[^}]*\}|\\[A-Za-z]+|\\.|\d+|\S")
DEAR = "two_layer_net"
"""The operation whose proofs take seconds each."""

Tokens = list[str]
Slip = Callable[[Tokens, int], Iterator[Tokens]]


def equations() -> Iterator[tuple[str, Tokens, Tokens]]:
    """The block, the left-hand side and the right-hand side of each that is one proved claim."""
    for path in KEYS:
        within = ""
        for block, display in PIECE.findall(path.read_text("utf-8")):
            within = block or within
            if display and DEAR not in within:
                tokens = TOKEN.findall(IGNORED.sub("", display))
                signs = (
                    n for n, sign in enumerate(tokens) if sign == "=" and not opened(tokens, n)
                )
                at = next(signs, -1) + 1
                yield within, tokens[:at], tokens[at:]


def opened(tokens: Tokens, n: int) -> list[str]:
    """What stands before each brace that is open at a place."""
    before: list[str] = []
    for m in range(n):
        if tokens[m] == "{":
            before.append(tokens[m - 1])
        elif tokens[m] == "}":
            before.pop()
    return before


def written(tokens: Tokens) -> str:
    """LaTeX again."""
    return re.sub(r"(\\[A-Za-z]+) (?![A-Za-z])", r"\1", " ".join(tokens))


def group_end(tokens: Tokens, begin: int, pair: str = "{}") -> int:
    """Behind the token at a place, or behind the bracket that opens there."""
    depth = 0
    for n in range(begin, len(tokens)):
        depth += (tokens[n] == pair[0]) - (tokens[n] == pair[1])
        if not depth:
            return n + 1
    return len(tokens)


def scripts_end(tokens: Tokens, begin: int) -> int:
    """Behind the scripts that begin at a place, where some do."""
    while begin < len(tokens) and tokens[begin] in "_^":
        begin = group_end(tokens, begin + 1)
    return begin


def factor_end(tokens: Tokens, n: int) -> int:
    """Behind the factor that begins at a place; where none does, that place."""
    if n >= len(tokens) or not is_in_line(tokens, n):
        return n
    if tokens[n] == "(":
        return scripts_end(tokens, group_end(tokens, n, "()"))
    if tokens[n] in {"\\hat", "\\mathbf"}:
        return scripts_end(tokens, group_end(tokens, n + 1))
    if tokens[n] == "\\frac":
        return group_end(tokens, group_end(tokens, n + 1))
    if re.fullmatch(r"[A-Za-z]|\\(gamma|Delta|delta|lambda|alpha)", tokens[n]):
        return scripts_end(tokens, n + 1)
    return n


def is_in_line(tokens: Tokens, n: int) -> bool:
    """Whether a place is in no script, under no accent, and in no derivative's name."""
    around = {*opened(tokens, n), *tokens[max(n - 1, 0) : n]}
    return not around & {"_", "^", "\\hat", "\\mathbf", "\\mathbb", "\\partial"}


def is_index(tokens: Tokens, n: int) -> bool:
    """Whether a small letter stands under something, not under a sum."""
    before = opened(tokens, n)[-1:] or tokens[n - 1 : n]
    summed = "\\sum" in tokens[max(n - 3, 0) : n]
    return bool(re.fullmatch("[a-z]", tokens[n])) and before == ["_"] and not summed


def another_index(tokens: Tokens, n: int) -> Iterator[Tokens]:
    """An index becomes another one of the equation."""
    if is_index(tokens, n):
        letters = {token for m, token in enumerate(tokens) if is_index(tokens, m)}
        for other in sorted(letters - {tokens[n]}):
            yield [*tokens[:n], other, *tokens[n + 1 :]]


def flipped_sign(tokens: Tokens, n: int) -> Iterator[Tokens]:
    """A plus becomes a minus, or the other way round."""
    if tokens[n] in "+-" and (is_in_line(tokens, n) or tokens[n - 2 : n] == ["^", "{"]):
        yield [*tokens[:n], "-" if tokens[n] == "+" else "+", *tokens[n + 1 :]]


def other_exponent(tokens: Tokens, n: int) -> Iterator[Tokens]:
    """An exponent is lost, or is one larger."""
    end = group_end(tokens, n + 1) if tokens[n] == "^" else n
    name = tokens[n - 1 : n] == ["}"] or "\\sigma" in tokens[max(n - 3, 0) : n]
    if any(token.isdigit() for token in tokens[n:end]) and is_in_line(tokens, n) and not name:
        yield [*tokens[:n], *tokens[end:]]
        yield [*tokens[:n], "^", "{", *tokens[n + 1 : end], "+", "1", "}", *tokens[end:]]


def lost_sum(tokens: Tokens, n: int) -> Iterator[Tokens]:
    """A sum loses its sign and its limits."""
    if tokens[n] == "\\sum":
        yield [*tokens[:n], *tokens[scripts_end(tokens, n + 1) :]]


def mean_for_sum(tokens: Tokens, n: int) -> Iterator[Tokens]:
    """A sum is divided by the number of its terms, or where that is not written by 2."""
    if tokens[n] == "\\sum":
        limits = tokens[n + 1 : scripts_end(tokens, n + 1)]
        count = limits[limits.index("^") + 1 :] if "^" in limits else ["2"]
        yield [*tokens[:n], "\\frac", "1", "{", *count, "}", *tokens[n:]]


def other_transpose(tokens: Tokens, n: int) -> Iterator[Tokens]:
    """A transpose too few, or one too many."""
    if tokens[n : n + 2] == ["^", "T"]:
        yield [*tokens[:n], *tokens[n + 2 :]]
    elif re.fullmatch("[WXYGPT]", tokens[n]) and factor_end(tokens, n) == n + 1:
        yield [*tokens[: n + 1], "^", "T", *tokens[n + 1 :]]


def swapped_factors(tokens: Tokens, n: int) -> Iterator[Tokens]:
    """Two factors change places."""
    middle = factor_end(tokens, n)
    end = factor_end(tokens, middle)
    if end > middle > n:
        yield [*tokens[:n], *tokens[middle:end], *tokens[n:middle], *tokens[end:]]


def lost_factor(tokens: Tokens, n: int) -> Iterator[Tokens]:
    """A factor beside another is lost."""
    middle = factor_end(tokens, n)
    if factor_end(tokens, middle) > middle > n:
        yield [*tokens[:n], *tokens[middle:]]


def other_constant(tokens: Tokens, n: int) -> Iterator[Tokens]:
    """A number is one larger."""
    if tokens[n].isdigit() and is_in_line(tokens, n):
        yield [*tokens[:n], str(int(tokens[n]) + 1), *tokens[n + 1 :]]


def lost_delta(tokens: Tokens, n: int) -> Iterator[Tokens]:
    """A Kronecker delta becomes 1."""
    if tokens[n] == "\\delta" and tokens[n + 1 : n + 2] == ["_"]:
        yield [*tokens[:n], "1", *tokens[scripts_end(tokens, n + 1) :]]


def turned_fraction(tokens: Tokens, n: int) -> Iterator[Tokens]:
    """Numerator and denominator change places."""
    if tokens[n] == "\\frac" and tokens[n + 2 : n + 3] != ["\\partial"]:
        middle = group_end(tokens, n + 1)
        end = group_end(tokens, middle)
        yield [*tokens[: n + 1], *tokens[middle:end], *tokens[n + 1 : middle], *tokens[end:]]


def lost_hat(tokens: Tokens, n: int) -> Iterator[Tokens]:
    """The normalised entry becomes the entry itself."""
    if tokens[n] == "\\hat":
        end = group_end(tokens, n + 1)
        yield [*tokens[:n], *tokens[n + 2 : end - 1], *tokens[end:]]


REFUTED = {
    another_index: 20,
    flipped_sign: 15,
    other_exponent: 10,
    lost_sum: 10,
    mean_for_sum: 10,
    other_transpose: 10,
    swapped_factors: 5,
    lost_factor: 15,
    other_constant: 10,
    lost_delta: 5,
    turned_fraction: 10,
    lost_hat: 10,
}
"""Of each kind, the fewest that must be refuted."""


def mutants(slip: Slip) -> list[str]:
    """Keys of one equation with one slip, evenly chosen."""
    found = [
        f"{block}\n\n$${written([*left, *changed])}$$\n"
        for block, left, right in equations()
        for n in range(len(right))
        for changed in slip(right, n)
    ]
    return found[:: -(-len(found) // MOST)]


@pytest.mark.parametrize("slip", REFUTED, ids=lambda slip: slip.__name__)
def test_a_slip_is_refuted_or_proved_to_change_nothing(slip, tmp_path):
    """What is no equation any more is told as such; nothing is left undecided."""
    path = tmp_path / "key.md"
    judged = []
    for text in mutants(slip):
        path.write_text(text, "utf-8")
        try:
            claims = load(path)
        except KeyFileError:
            continue
        judged += [(judge(claims[-1]).status, text)]
    assert [text for status, text in judged if status not in {"refuted", "proved"}] == []
    assert sum(status == "refuted" for status, _ in judged) >= REFUTED[slip]


def test_more_than_a_hundred_slips_are_refuted():
    """The fewest of each kind together."""
    assert sum(REFUTED.values()) > 100
