"""What the documents tell of measurements is what was measured, by the code as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from inspect import signature
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks import __main__ as command
from benchmarks import figures
from benchmarks.catalog import FIGURES
from benchmarks.figures import ROOT, Figure


@pytest.mark.parametrize("figure", FIGURES, ids=lambda f: f.name)
def test_no_figure_is_old_or_out_of_its_band(figure: Figure) -> None:
    assert list(figure.faults()) == []


def test_every_place_in_a_document_is_a_figures() -> None:
    names = {figure.name for figure in FIGURES}
    for document in figures.DOCUMENTS:
        text = document.read_text("utf-8")
        places = re.findall(r"^<!-- figure: (.+?)(?:, in short)? -->$", text, re.MULTILINE)
        assert set(places) <= names, document.name
        assert len(places) == len(re.findall(r"^<!-- end -->$", text, re.MULTILINE)), document.name


def test_every_source_of_a_figure_is_there() -> None:
    assert all((ROOT / source).exists() for figure in FIGURES for source in figure.sources)


@pytest.mark.parametrize("figure", FIGURES, ids=lambda f: f.name)
def test_the_options_of_a_figure_are_what_its_measuring_takes(figure: Figure) -> None:
    taken = signature(figure.measured).parameters
    assert [option.name for option in figure.options] == list(taken)


# --- each of these can fail -----------------------------------------------------------------------


def told(data: list[int]) -> Iterator[str]:
    yield from (f"| {number} |" for number in data)


def too_large(data: list[int]) -> Iterator[str]:
    yield from (f"{number} is too large" for number in data if number > 10)


def line(data: list[int], axes) -> None:
    axes.plot(data)


@pytest.fixture
def figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Figure:
    """A figure with a record and a document, of a code of its own."""
    monkeypatch.setattr(figures, "ROOT", tmp_path)
    monkeypatch.setattr(figures, "RECORDS", tmp_path / "figures")
    monkeypatch.setattr(figures, "DOCUMENTS", (tmp_path / "page.md",))
    (tmp_path / "code.py").write_text("measure()\n")
    (tmp_path / "page.md").write_text("# Page\n\n<!-- figure: odd -->\n<!-- end -->\n\nThe end.\n")
    made = Figure("odd", "Odd numbers.", lambda: [1, 3, 5], told, ("code.py",), failures=too_large)
    made.save([1, 3, 5])
    made.place()
    return made


def test_a_figure_just_measured_has_no_fault(figure: Figure, tmp_path: Path) -> None:
    assert list(figure.faults()) == []
    page = (tmp_path / "page.md").read_text()
    assert "| 1 |\n| 3 |\n| 5 |\n<!-- end -->\n\nThe end.\n" in page
    assert "`python -m benchmarks --write odd`" in page


def test_a_place_ends_where_it_ends(figure: Figure, tmp_path: Path) -> None:
    """With nothing in it yet, and another one behind it."""
    page = tmp_path / "page.md"
    behind = "\n## Even\n\n<!-- figure: even -->\n<!-- end -->\n"
    page.write_text(f"<!-- figure: odd -->\n<!-- end -->\n{behind}")
    figure.place()
    figure.place()
    assert page.read_text().endswith(f"| 5 |\n<!-- end -->\n{behind}")


def test_tells_a_table_that_is_older_than_its_code(figure: Figure, tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text("measure(differently=True)\n")
    (fault,) = figure.faults()
    assert fault.startswith("odd is older than the code")


def test_tells_a_number_that_was_changed_in_a_document(figure: Figure, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(page.read_text().replace("| 3 |", "| 2 |"))
    assert list(figure.faults()) == ["page.md tells odd otherwise than its record"]


def test_tells_what_is_out_of_its_band(figure: Figure) -> None:
    figure.save([1, 3, 50])
    figure.place()
    assert list(figure.faults()) == ["50 is too large"]


def test_tells_a_place_without_a_record(figure: Figure) -> None:
    figure.record.unlink()
    assert list(figure.faults()) == ["page.md names odd, of which there is no record"]


def test_asks_for_no_record_where_no_document_names_it(figure: Figure, tmp_path: Path) -> None:
    figure.record.unlink()
    (tmp_path / "page.md").write_text("# Page\n")
    assert list(figure.faults()) == []


def test_tells_a_drawing_of_another_record(figure: Figure) -> None:
    drawn = replace(figure, drawn=line)
    missing = ["odd.svg was drawn from another record: python -m benchmarks --draw"]
    assert list(drawn.faults()) == missing
    drawn.plot.write_text(f"<svg><dc:title>odd {figures.drawn_from(drawn.record)}</dc:title></svg>")
    assert list(drawn.faults()) == []
    record = json.loads(drawn.record.read_text())
    drawn.record.write_text(json.dumps({**record, "machine": "another"}))
    drawn.place()
    assert list(drawn.faults()) == missing


def test_a_drawing_names_its_record(figure: Figure) -> None:
    pytest.importorskip("matplotlib", reason="of the extra `benchmarks`")
    drawn = replace(figure, drawn=line)
    drawn.draw()
    first = drawn.plot.read_bytes()
    assert list(drawn.faults()) == []
    drawn.draw()
    assert drawn.plot.read_bytes() == first


@pytest.mark.parametrize("named", [[], ["odd"]])
def test_the_command_measures_prints_and_writes(
    figure: Figure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: list[str]
) -> None:
    larger = replace(figure, measured=lambda: [7, 11])
    monkeypatch.setattr(command, "FIGURES", (larger,))
    monkeypatch.setattr(command.main, "commands", {"odd": larger.command()})
    ended = CliRunner().invoke(command.main, ["--write", *named])
    assert (ended.exit_code, ended.stdout) == (1, "| 7 |\n| 11 |\n\n")
    assert ended.stderr == "11 is too large\n"
    assert figure.load()["data"] == [7, 11]
    assert "| 11 |" in (tmp_path / "page.md").read_text()


def test_the_command_tells_a_record_again_without_measuring(
    figure: Figure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "FIGURES", (figure, replace(figure, name="unmeasured")))
    (tmp_path / "page.md").write_text("<!-- figure: odd -->\n<!-- end -->\n")
    assert CliRunner().invoke(command.main, ["--draw"]).exit_code == 0
    assert list(figure.faults()) == []
