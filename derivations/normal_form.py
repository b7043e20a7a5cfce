"""A normal form in which equal formulas in index notation are the same expression.

A sum of monomials whose factors are entries, sizes, functions, and sums over indices with one
canonical name each. Kronecker deltas are contracted on the way. SymPy is not asked to simplify.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import permutations, product

import sympy as sp
from sympy.concrete.expr_with_limits import ExprWithLimits

from derivations.notation import Case, Positive, limits, rename_bound

_INDICATORS = (sp.KroneckerDelta, Positive)


def _distribute(factors: Iterable[sp.Expr]) -> sp.Expr:
    """Multiply sums of monomials out."""
    terms = product(*(sp.Add.make_args(f) for f in factors))
    return sp.Add(*(_tidy(sp.Mul(*t)) for t in terms))


def _tidy(monomial: sp.Expr) -> sp.Expr:
    """Make indicators idempotent, and let a delta between two indices choose one of them."""
    factors = []
    for factor in sp.Mul.make_args(monomial):
        base, power = factor.as_base_exp()
        idempotent = isinstance(base, _INDICATORS) and power.is_integer and power.is_positive
        factors.append(base if idempotent else factor)
    factors = _without_implied(factors)
    for n, factor in enumerate(factors):
        if isinstance(factor, sp.KroneckerDelta) and all(
            isinstance(i, sp.Idx) for i in factor.args
        ):
            keep, replaced = sorted(factor.args, key=str)
            rest = sp.Mul(*factors[:n], *factors[n + 1 :])
            if rest.has(replaced):
                return sp.Mul(factor, _tidy(rest.xreplace({replaced: keep})))
    return sp.Mul(*factors)


def _without_implied(factors: list[sp.Expr]) -> list[sp.Expr]:
    """Where 1[u > 1] is a factor, 1[u > 0] says nothing."""
    indicators = [f for f in factors if isinstance(f, Positive)]
    if len(indicators) < 2:
        return factors
    implied = {
        a
        for a in indicators
        for b in indicators
        if (sp.expand(a.args[0] - b.args[0])).is_positive and a.args[0] != b.args[0]
    }
    return [f for f in factors if f not in implied]


@lru_cache(maxsize=100_000)
def canonical(expression: sp.Expr) -> sp.Expr:
    """Bring an expression to normal form, on a domain where bases of powers are positive."""
    match expression:
        case sp.Add():
            return sp.Add(*map(canonical, expression.args))
        case sp.Mul():
            return _distribute(map(canonical, expression.args))
        case sp.exp(args=(power,)):
            return sp.Mul(*(sp.exp(t) for t in sp.Add.make_args(canonical(power))))
        case sp.Pow(args=(base, power)) if power.is_number:
            return _power(canonical(base), power)
        case sp.log(args=(inside,)):
            return sp.Add(*map(_logarithm, sp.Mul.make_args(canonical(inside))))
        case sp.tanh(args=(inside,)):
            up, down = sp.exp(inside), sp.exp(-inside)
            return canonical((up - down) / (up + down))
        case sp.erfc(args=(inside,)):
            return canonical(1 - sp.erf(inside))
        case Positive(args=(inside,)) if canonical(inside).is_positive:
            return sp.S.One
        case Case(args=(indicator, a, b)):
            return canonical(indicator * a + (1 - indicator) * b)
        case sp.Sum(args=(body, *bounds)):
            return _total(body, [b[0] for b in bounds])
        case ExprWithLimits(args=(body, *bounds)):
            return _name_bound(expression.func, canonical(body), [b[0] for b in bounds])
    if expression.args and not isinstance(expression, (sp.Indexed, sp.Idx)):
        return expression.func(*map(canonical, expression.args))
    return expression


def _logarithm(factor: sp.Expr) -> sp.Expr:
    base, power = (sp.E, factor.args[0]) if factor.func is sp.exp else factor.as_base_exp()
    return power if base == sp.E else power * sp.log(base)


def _power(base: sp.Expr, power: sp.Expr) -> sp.Expr:
    if not isinstance(base, sp.Add):
        factors = (f.as_base_exp() for f in sp.Mul.make_args(base))
        return _tidy(sp.Mul(*(_tidy(b) ** (p * power) for b, p in factors)))
    whole = max(sp.floor(power), 0)
    content, primitive = base.as_content_primitive()
    rest = content ** (power - whole) * primitive ** (power - whole)
    return _distribute([rest, *[base] * whole])


def _total(body: sp.Expr, bound: list[sp.Idx]) -> sp.Expr:
    fresh = rename_bound(sp.Sum(body, *map(limits, bound)))
    indices = [b[0] for b in fresh.args[1:]]
    terms = sp.Add.make_args(canonical(fresh.args[0]))
    return sp.Add(*(_total_of_monomial(t, indices) for t in terms))


def _contract(factors: list[sp.Expr], bound: list[sp.Idx]) -> bool:
    """Use one delta to remove one bound index, where the other side runs along the same axis."""
    for n, factor in enumerate(factors):
        if not isinstance(factor, sp.KroneckerDelta):
            continue
        for index, other in (factor.args, factor.args[::-1]):
            if index in bound and _runs_within(other, index):
                bound.remove(index)
                rest = sp.Mul(*factors[:n], *factors[n + 1 :]).xreplace({index: other})
                factors[:] = sp.Mul.make_args(rest)
                return True
    return False


def _runs_within(place: sp.Expr, index: sp.Idx) -> bool:
    """Whether a place is surely one that the index reaches."""
    if isinstance(place, sp.Indexed):  # an array of indices: its domain says so
        return True
    lowest = highest = place
    for moving in place.atoms(sp.Idx):
        slope = place.coeff(moving)
        first, last = moving.lower, moving.upper
        if not slope.is_nonnegative:
            first, last = last, first
        lowest, highest = lowest.xreplace({moving: first}), highest.xreplace({moving: last})
    above = sp.expand(index.upper - highest)
    return bool(sp.expand(lowest).is_nonnegative and above.is_nonnegative)


def _total_of_monomial(monomial: sp.Expr, bound: list[sp.Idx]) -> sp.Expr:
    bound = list(bound)
    factors = list(sp.Mul.make_args(monomial))
    if any(_contracts(factors, bound)):
        return _total(sp.Mul(*factors), bound) if bound else canonical(sp.Mul(*factors))
    flat: list[sp.Expr] = []
    for factor in factors:
        base, power = factor.as_base_exp()
        whole = power.is_Integer and power > 0
        if isinstance(base, sp.Sum) and whole and base.has(*bound):
            for _ in range(int(power)):
                inner = rename_bound(base)
                bound += [b[0] for b in inner.args[1:]]
                flat += sp.Mul.make_args(inner.args[0])
        else:
            flat.append(factor)
    # A factor such as exp(x[i] - m) was split by `canonical`; what is left does not split.
    outside = [f for f in flat if not f.has(*bound)]
    result = sp.Mul(*outside)
    remaining = [f for f in flat if f.has(*bound)]
    for group in _connected(bound, remaining):
        inside = [f for f in remaining if f.has(*group)]
        if inside:
            result *= _name_bound(sp.Sum, sp.Mul(*inside), group)
        else:
            result *= sp.Mul(*(i.upper + 1 for i in group))
    return result


def _contracts(factors: list[sp.Expr], bound: list[sp.Idx]) -> Iterator[bool]:
    while _contract(factors, bound):
        yield True


def _connected(bound: list[sp.Idx], factors: list[sp.Expr]) -> list[list[sp.Idx]]:
    """Group the indices that share a factor: a sum of independent parts is a product of sums."""
    groups = [[i] for i in bound]
    for factor in factors:
        touched = [g for g in groups if factor.has(*g)]
        groups = [g for g in groups if g not in touched] + [[i for g in touched for i in g]]
    return [g for g in groups if g]


def _name_bound(func: type, body: sp.Expr, bound: list[sp.Idx]) -> sp.Expr:
    """Choose the names of bound indices so that renaming makes no difference."""
    nested = [int(b[0].name[1:].split(".")[0]) for e in body.atoms(ExprWithLimits)
              for b in e.args[1:] if "." in b[0].name]  # fmt: skip
    level = 1 + max(nested, default=0)
    by_axis: dict[sp.Expr, list[sp.Idx]] = {}
    for index in bound:
        by_axis.setdefault(index.upper, []).append(index)
    groups = [by_axis[upper] for upper in sorted(by_axis, key=str)]
    best = None
    for order in product(*map(permutations, groups)):
        flat = [i for group in order for i in group]
        names = {i: sp.Idx(f"_{level}.{n}", i.args[1]) for n, i in enumerate(flat)}
        named = func(body.xreplace(names), *map(limits, names.values()))
        if best is None or str(named) < str(best):
            best = named
    return best


def clear_denominators(difference: sp.Expr) -> sp.Expr:
    """Multiply by every sum that stands under a negative power, so that zero becomes visible."""
    for _ in range(8):
        lowest: dict[sp.Expr, sp.Expr] = {}
        for term in sp.Add.make_args(difference):
            for factor in sp.Mul.make_args(term):
                base, power = factor.as_base_exp()
                if isinstance(base, sp.Add) and power.is_number and power < 0:
                    lowest[base] = min(power, lowest.get(base, sp.S.Zero))
        if not lowest:
            break
        scale = sp.Mul(*(base**-power for base, power in lowest.items()))
        difference = sp.Add(*(canonical(term * scale) for term in sp.Add.make_args(difference)))
    return difference
