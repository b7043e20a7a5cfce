"""Proves every closed form of the catalog."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from backproof import catalog, workers
from backproof.operation import Operation
from derivations.proof import Proof, prove

Task = tuple[str, int]


def prove_operations(operations: Sequence[Operation], processes: int = 1) -> list[Proof]:
    """Prove every claim of every variant of these operations of the catalog."""
    tasks = [(o.name, n) for o in operations for n in range(len(o.derivations()))]
    found = workers.ordered(_prove, tasks, processes)
    return [proof for proofs in found for proof in proofs]


def _prove(task: Task) -> list[Proof]:
    name, number = task
    convention, derivation = catalog.find(name).derivations()[number]
    return [replace(proof, convention=_plain(convention)) for proof in prove(derivation)]


def _plain(convention: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in convention.items()}
