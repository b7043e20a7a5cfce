"""A figure: what a benchmark measured, kept as a record, and told in the documentation.

A record lies in ``docs/figures/`` as JSON, with the machine, the versions, and a digest of the code
that made it. What the documents say is made from records alone, between two comments that name the
figure, so that a test can tell a table that is older than its code.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import click
from click.core import ParameterSource

ROOT = Path(__file__).resolve().parents[1]
RECORDS = ROOT / "docs" / "figures"
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
"""Where figures are told."""

_END = "<!-- end -->"
_NAMED = ("numpy", "torch", "hypothesis", "sympy", "scipy", "jax", "autograd")

Told = Callable[[Any], Iterator[str]]


def _nothing(_: Any) -> Iterator[str]:
    return iter(())


@dataclass(frozen=True)
class Figure:
    """One benchmark.

    Attributes
    ----------
    name
        The name of its command, its record and its place in the documents.
    help
        What it measures.
    measured
        Measures; the data are what JSON can hold.
    told
        Data as lines of Markdown.
    sources
        The files and folders, from the root, whose change makes the data old.
    failures
        What in the data is outside of its band, one line each: the record cannot stand.
    drawn
        Draws data on matplotlib's axes.
    short
        Data in a line or two, for the README.
    missed
        What in the data falls short of its goal, one line each: the record tells so.
    options
        Of its command, each a keyword of `measured`.
    """

    name: str
    help: str
    measured: Callable[..., Any]
    told: Told
    sources: tuple[str, ...]
    _: KW_ONLY
    failures: Told = _nothing
    drawn: Callable[[Any, Any], None] | None = None
    short: Told = _nothing
    missed: Told = _nothing
    options: tuple[click.Option, ...] = ()

    @property
    def record(self) -> Path:
        """Where its record lies."""
        return RECORDS / f"{self.name}.json"

    @property
    def plot(self) -> Path:
        """Where its drawing lies."""
        return RECORDS / f"{self.name}.svg"

    def command(self) -> click.Command:
        """Measures with the options given, for whoever asked."""

        def callback(**chosen: Any) -> Measured:
            return Measured(self, self.measured(**chosen), " ".join(_given(chosen)))

        return click.Command(
            self.name, callback=callback, params=list(self.options), help=self.help
        )

    def save(self, data: Any, options: str = "") -> None:
        """Write the record of what was measured with the options given."""
        record = {
            "figure": self.name,
            "command": f"python -m benchmarks --write {self.name} {options}".rstrip(),
            "machine": machine(),
            "versions": versions(),
            "sources": digest(self.sources),
            "data": data,
        }
        RECORDS.mkdir(exist_ok=True)
        self.record.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")

    def place(self) -> None:
        """Tell the record wherever a document has a place for it."""
        for document in DOCUMENTS:
            text = document.read_text("utf-8")
            document.write_text(self.placed(text), encoding="utf-8")

    def load(self) -> Any:
        """The record, as `save` wrote it."""
        return json.loads(self.record.read_text("utf-8"))

    def placed(self, text: str) -> str:
        """A document with this figure as the record has it, wherever it has a place."""
        record = self.load()
        origin = f"*`{record['command']}`: {record['machine']}; {record['versions']}.*"
        places = {
            self.name: [origin, "", *self.told(record["data"])],
            f"{self.name}, in short": [origin, "", *self.short(record["data"])],
        }
        for place, lines in places.items():
            told = "".join(f"{line}\n" for line in lines) + _END
            pattern = rf"(?<=<!-- figure: {place} -->\n).*?{_END}"
            text = re.sub(pattern, lambda _, told=told: told, text, flags=re.DOTALL)
        return text

    def faults(self) -> Iterator[str]:
        """What is old, or outside of its band, in the record and wherever it is told or drawn."""
        told = {document.name: document.read_text("utf-8") for document in DOCUMENTS}
        if not self.record.is_file():
            for document, text in told.items():
                if re.search(rf"<!-- figure: {self.name}(, in short)? -->", text):
                    yield f"{document} names {self.name}, of which there is no record"
            return
        record = self.load()
        if record["sources"] != digest(self.sources):
            yield f"{self.name} is older than the code that measures it: {record['command']}"
        for document, text in told.items():
            if self.placed(text) != text:
                yield f"{document} tells {self.name} otherwise than its record"
        if self.drawn is not None and drawn_from(self.record) not in _title(self.plot):
            yield f"{self.plot.name} was drawn from another record: python -m benchmarks --draw"
        yield from self.failures(record["data"])

    def draw(self) -> None:
        """Draw the record."""
        if self.drawn is None:
            return
        from matplotlib import pyplot as plt  # noqa: PLC0415 - of the extra `benchmarks`

        plt.rcParams["svg.hashsalt"] = self.name  # the same record, the same bytes
        figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
        self.drawn(self.load()["data"], axes)
        title = f"{self.name} {drawn_from(self.record)}"
        figure.savefig(self.plot, metadata={"Date": None, "Title": title})
        plt.close(figure)


class Measured(NamedTuple):
    """What a command measured, and with which options."""

    figure: Figure
    data: Any
    options: str


def _given(chosen: Mapping[str, Any]) -> Iterator[str]:
    """The options that stood in the command line."""
    context = click.get_current_context()
    for option in context.command.params:
        assert option.name is not None
        if context.get_parameter_source(option.name) is ParameterSource.COMMANDLINE:
            value = chosen[option.name]
            yield option.opts[0] if value is True else f"{option.opts[0]} {value}"


def drawn_from(record: Path) -> str:
    """What a drawing's title says of the record that it was drawn from."""
    return hashlib.sha256(record.read_bytes()).hexdigest()[:16]


def _title(plot: Path) -> str:
    """The title of a drawing; nothing where there is none."""
    text = plot.read_text("utf-8") if plot.is_file() else ""
    found = re.search(r"<dc:title>(.*?)</dc:title>", text)
    return found[1] if found else ""


def digest(sources: Sequence[str]) -> str:
    """SHA-256 of the files, and of all Python files of the folders, by name and content."""
    found = hashlib.sha256()
    for source in sources:
        path = ROOT / source
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            found.update(file.relative_to(ROOT).as_posix().encode() + b"\0")
            found.update(file.read_bytes() + b"\0")
    return found.hexdigest()


def machine() -> str:
    """The processor, how many of them, and the system."""
    model = platform.machine()
    cpus = Path("/proc/cpuinfo")
    if cpus.is_file():
        named = re.search(r"^model name\s*:\s*(.+)$", cpus.read_text("utf-8"), re.MULTILINE)
        model = named[1].strip() if named else model
    return f"{os.cpu_count()} processors of {model}, {platform.system()}"


def versions() -> str:
    """Python and what was measured with it, as far as it is there."""
    found = [f"Python {platform.python_version()}"]
    for name in _NAMED:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:  # of the extra `benchmarks`, which not every figure needs
            continue
    return ", ".join(found)
