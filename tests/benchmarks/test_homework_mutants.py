"""The mutants of homeworks: what is kept, counted and told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from backproof.homework import Homework
from backproof.mutation import equivalent_file, homeworks
from backproof.mutation.homeworks import HomeworkMutant
from backproof.mutation.scoring import Fate
from benchmarks import homework_mutants
from benchmarks.figures import ROOT
from benchmarks.homework_mutants import HOMEWORKS, counted, failures, fates, tables, told


def mutant(text: str) -> HomeworkMutant:
    return HomeworkMutant(f"layers.py: f: {text}", "tanh", "sign", text, "", "layers.py", (0,))


ONE, TWO, THREE = (mutant(text) for text in ("a -> b", "a -> c", "a -> d"))


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The mutants that are judged: of three, the first is killed; the second is equivalent."""
    found: list[str] = []

    def judge(
        _: Homework,
        tasks: Sequence[HomeworkMutant],
        reasons: Mapping[str, str],
        *,
        processes: int,
        finished: Callable[[Fate], None],
    ) -> None:
        for task in tasks:
            found.append(task.id)
            by = "tanh.gradient.x" if task is ONE else ""
            finished(Fate(task, by, 0.5 * processes, reasons.get(task.id, "")))

    monkeypatch.setattr(homework_mutants, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(homework_mutants, "tables", lambda name: tmp_path / f"{name}.toml")
    monkeypatch.setattr(homeworks, "mutants", lambda _: [ONE, TWO, THREE])
    monkeypatch.setattr(homeworks, "score", judge)
    (tmp_path / "uva.toml").write_text(f'[equivalent]\n"As a is c." = ["{TWO.id}"]\n', "utf-8")
    return found


def test_an_interrupted_run_goes_on(asked: list[str], tmp_path: Path) -> None:
    first = fates("uva", 1)
    assert [fate.status for fate in first] == ["killed", "equivalent", "survived"]
    assert asked == [ONE.id, TWO.id, THREE.id]
    (kept,) = (tmp_path / "kept").iterdir()
    whole = kept.read_text("utf-8")
    kept.write_text(whole[: whole.rindex(THREE.id)], "utf-8")  # interrupted
    asked.clear()
    assert fates("uva", 1) == first
    assert asked == [THREE.id]
    assert fates("uva", 1) == first
    assert asked == [THREE.id]


def test_a_reason_that_is_given_later_counts(asked: list[str], tmp_path: Path) -> None:
    fates("uva", 1)
    table = f'[equivalent]\n"As a is." = ["{TWO.id}", "{THREE.id}", "{ONE.id}", "gone"]\n'
    (tmp_path / "uva.toml").write_text(table, "utf-8")
    asked.clear()
    row = counted("uva", fates("uva", 1), equivalent_file.load(tmp_path / "uva.toml"))
    assert asked == []
    assert row["survived"] == 0
    assert list(failures([row])) == [
        f"uva: {ONE.id}: is called equivalent, and tanh.gradient.x kills it",
        "uva: gone: is called equivalent, and is no mutant",
    ]


@pytest.mark.usefixtures("asked")
def test_counts_tells_and_names_a_survivor() -> None:
    row: dict[str, Any] = counted("uva", fates("uva", 2), {TWO.id: "As a is c."})
    *_, last = told([row])
    assert last == "| uva | 3 | 1 | 1 | 1 | 50.0% | tanh.gradient.x 1 | 1.00 | 3 |"
    assert list(failures([row])) == ["uva: 1 mutants survive without a reason"]


def test_each_homework_has_its_table() -> None:
    assert {tables(name).name for name in HOMEWORKS} == {
        path.name for path in (ROOT / "examples/equivalent").iterdir()
    }
