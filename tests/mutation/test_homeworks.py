"""Mutants of a homework: which components they concern, and what kills them in the sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from backproof.homework import Homework
from backproof.mutation import equivalent_file, homeworks
from backproof.mutation.homeworks import HomeworkMutant, WrongHomeworkError, mutants, score

ROOT = Path(__file__).parents[2]
TABLES = ROOT / "examples/equivalent"

DIALECT = """
from backproof.candidates.dialects.dialect import Component, Dialect, Edition

class Tanh(Component):
    operation, module, name = "tanh", "layers", "Tanh"

    def forward(self, script, layer, example):
        return {"y": script.call(layer, "apply", example.inputs["x"])}

    def backward(self, script, layer, example):
        return {"x": script.call(layer, "pull_back", example.cotangent)}

DIALECT = Dialect("tiny", (Edition("2025", (".",), ("layers.py",), (Tanh,)),))
"""

LAYERS = '''
import numpy as np

class Tanh:
    """Its own words, 1 + 1."""

    def apply(self, x):
        self.y = np.tanh(x)
        return self.y

    def pull_back(self, dy):
        return dy * (1 - self.y * self.y)
'''


@pytest.fixture
def homework(tmp_path) -> Homework:
    """A right homework of one layer, beside the file of its dialect."""
    (tmp_path / "tiny.py").write_text(DIALECT, "utf-8")
    folder = tmp_path / "homework"
    folder.mkdir()
    (folder / "layers.py").write_text(LAYERS, "utf-8")
    (folder / "notes.py").write_text("x = 1 + 1\n", "utf-8")
    return Homework(folder, str(tmp_path / "tiny.py"), count=5)


def judged(homework: Homework, *changes: tuple[str, str], **reasons: str) -> list:
    """The fates of a homework's mutants, each with one text changed."""
    source = (homework.path / "layers.py").read_text("utf-8")
    tasks = [
        HomeworkMutant(after, "tanh", "test", after, source.replace(*pair), "layers.py", (0,))
        for pair in changes
        for after in pair[1:]
    ]
    return score(homework, tasks, reasons)


def test_the_files_of_components_have_mutants(homework):
    found = mutants(homework)
    ids = [m.id for m in found]
    assert "layers.py: Tanh.pull_back: 1 - self.y * self.y -> 1 + self.y * self.y" in ids
    assert len(set(ids)) == len(ids)
    assert {m.operation for m in found} == {"tanh"}
    assert {m.file for m in found} == {"layers.py"}


def test_a_mutant_is_judged_in_the_sandbox(homework):
    fates = judged(
        homework,
        ("1 - self", "1 + self"),
        ("np.tanh(x)", "np.sin(x)"),
        ("np.tanh(x)", "1 / 0"),
        ("import numpy as np", "1 / 0"),
        ("self.y * self.y", "np.square(self.y)"),
        ("np.tanh(x)", "np.tanh(+x)"),
        **{"np.tanh(+x)": "Plus changes nothing."},
    )
    assert [f.killed_by for f in fates] == ["tanh.gradient.x", *["tanh.forward"] * 3, "", ""]
    assert [f.status for f in fates][-2:] == ["survived", "equivalent"]


def test_an_endless_loop_ends_with_its_budget(homework, monkeypatch):
    monkeypatch.setattr(homeworks, "BUDGET", homeworks.Budget(request=1.0, check=20.0))
    (fate,) = judged(homework, ("self.y = np.tanh(x)", "while True: pass"))
    assert fate.killed_by == "tanh.forward"


def test_the_homework_itself_stays_as_it_is(homework):
    before = {p: p.read_bytes() for p in homework.path.rglob("*.py")}
    judged(homework, ("np.tanh(x)", "np.sin(x)"))
    assert {p: p.read_bytes() for p in homework.path.rglob("*.py")} == before


def test_a_homework_that_is_wrong_is_refused(homework):
    (homework.path / "layers.py").write_text(LAYERS.replace("1 - self", "2 - self"), "utf-8")
    with pytest.raises(WrongHomeworkError, match=r"tanh\.gradient\.x fails without any mutation"):
        judged(homework, ("np.tanh(x)", "np.sin(x)"))


def components(path: str, dialect: str) -> dict[str, list[str]]:
    """By file and function, the components that its mutants concern."""
    homework = Homework(ROOT / "examples" / path, dialect)
    spelled = [c.spelled() for c in homework.submission.edition.components]
    return {
        ": ".join(m.id.split(": ")[:2]): [spelled[n] for n in m.components]
        for m in mutants(homework)
    }


def test_a_class_concerns_its_component_and_the_networks():
    found = components("mytorch", "mytorch")
    networks = ["batchnorm_mlp", "mlp_training"]
    assert found["mytorch/activation.py: Sigmoid.forward"] == ["sigmoid", *networks]
    assert found["hw1/hw1.py: MLP.backward"] == networks
    assert set(found["mytorch/activation.py: Activation.__init__"]) == {
        *("sigmoid", "tanh", "relu", "identity"),
        *networks,
    }


def test_a_function_concerns_all_of_its_file_and_the_likeliest_first():
    found = components("uva", "uva")
    assert found["assignment1/modules.py: ELUModule.forward"] == ["elu", "mlp"]


@pytest.mark.parametrize("table", sorted(TABLES.iterdir()), ids=lambda p: p.stem)
def test_every_mutant_of_an_example_that_is_called_equivalent_exists(table):
    """`python -m benchmarks homework-mutants` holds it to the rest."""
    reasons = equivalent_file.load(table)
    dialect = table.stem.partition("_")[0]
    known = {m.id for m in mutants(Homework(ROOT / "examples" / table.stem, dialect))}
    assert reasons.keys() <= known
    assert all(why.endswith(".") for why in reasons.values())
