"""Records as one JSON object."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from importlib.resources import files
from typing import IO, TYPE_CHECKING, Any

from backproof.verdict import SCHEMA, Verdict, versions

if TYPE_CHECKING:
    from backproof.audit.code import Audited
    from derivations.proof import Proof


def verdict(found: Verdict) -> dict[str, Any]:
    """The object that ``check`` and ``verify`` print."""
    return found.as_json()


def audited(found: Audited) -> dict[str, Any]:
    """The object that ``audit --code`` prints: that of ``check``, and the errors in ULPs."""
    return {**verdict(found.verdict), "ulps": [one.as_json() for one in found.ulps]}


def schema(of: str = "check") -> dict[str, Any]:
    """The JSON Schema of the object that ``check``, or ``audit``, prints."""
    text = files("backproof.report").joinpath(f"schemas/{of}.schema.json").read_text("utf-8")
    read: dict[str, Any] = json.loads(text)
    return read


def proofs(found: Iterable[Proof]) -> dict[str, Any]:
    """The object that ``prove`` prints."""
    return {
        "schema": SCHEMA,
        "versions": versions(),
        "proofs": [
            {
                "operation": p.operation,
                "input": p.input,
                "subject": p.subject,
                "form": p.form,
                "convention": dict(p.convention),
                "status": p.status,
                "scope": p.scope,
                "checked_at": list(p.checked_at),
                "seconds": round(p.seconds, 3),
                "sources": list(p.sources),
                **({"residue": p.residue} if p.residue else {}),
            }
            for p in found
        ],
    }


def write(record: Mapping[str, Any], file: IO[str]) -> None:
    """Write a record; numbers that JSON has no word for become text."""
    json.dump(_finite(record), file, indent=2, ensure_ascii=False, allow_nan=False)
    file.write("\n")


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_finite(v) for v in value]
    return value
