"""The command line: prove, verify, check, audit, mutation-score, package."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import click
from click.core import ParameterSource

from backproof.audit import CLAIM_SECONDS
from backproof.course import Settings, is_gate
from backproof.verdict import EXIT_CODES, USAGE
from backproof.version import __version__

# Each command imports what it needs itself: `--help` is there at once, and workers begin early.
if TYPE_CHECKING:
    from rich.console import Console

    from backproof.audit.figures import Figure
    from backproof.cache import Cache
    from backproof.grading import Grades
    from backproof.mutation.scoring import Fate
    from backproof.operation import Operation
    from backproof.verdict import Verdict
    from derivations.claims import Judgement

_PROVED = {"proved": 0, "refuted": 1, "undecided": 3}
_AUDITED = {**_PROVED, "holds-under": 0, "illegible": 3}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; bad input is one line on standard error and exit code 2."""
    try:
        code = command.main(arguments, prog_name="backproof", standalone_mode=False)
    except click.ClickException as error:
        click.echo(f"backproof: {error.format_message()}", err=True)
        code = error.exit_code
    except click.Abort:
        click.echo("backproof: interrupted", err=True)
        code = 130
    sys.exit(code)


class NotJudgedError(click.ClickException):
    """What keeps anything from being judged, and is nobody's mistake."""

    exit_code = EXIT_CODES["incomplete"]


class UsageError(click.ClickException):
    """Input that cannot be used."""

    exit_code = USAGE


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="backproof")
def command() -> None:
    """Decide whether hand-written backward passes are the derivatives of their forwards.

    Exit codes: 0 all hold, 1 something judged wrong, 2 usage, 3 could not be judged.
    """


def _operations(_: click.Context, __: click.Parameter, names: tuple[str, ...]) -> list[Operation]:
    from backproof import catalog

    try:
        return [catalog.find(n) for n in names]
    except LookupError as error:
        raise UsageError(str(error)) from None


def _processors() -> int:
    from backproof import workers

    return workers.available()


operations = click.argument("operations", nargs=-1, metavar="[OPERATION]...", callback=_operations)
json_file = click.option(
    "--json",
    "json_to",
    type=click.File("w", encoding="utf-8", lazy=False),
    help="Write the record to FILE; - for standard output.",
)
processes = click.option(
    "--workers",
    "processes",
    type=click.IntRange(min=1),
    default=_processors,
    help="Processes to work with.",
    show_default="one for each processor",
)
examples = click.option(
    "--examples",
    "count",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="Examples for each check.",
)
edition = click.option(
    "--edition",
    metavar="NAME",
    default="",
    help="The interface's year.",
    show_default="the one that the code looks like",
)
kept = click.option(
    "--cache/--no-cache",
    "kept",
    default=True,
    help="Keep what follows from backproof alone from run to run, in the user's cache folder or "
    "that of BACKPROOF_CACHE.",
)
SECONDS = click.FloatRange(min=0, min_open=True)
only = click.option("--only", metavar="CHECK", default="", help="Examine this one check.")


def _settings(context: click.Context, _: click.Parameter, path: Path | None) -> Settings:
    """Read a course's file; what it says holds where the command line says nothing."""
    if path is None:
        return Settings()
    from backproof.course_file import CourseError, load

    try:
        settings = load(path)
    except CourseError as error:
        raise UsageError(str(error)) from None
    said = {
        "name": settings.dialect,
        "edition": settings.edition,
        "count": settings.examples,
        "request": settings.budget.request,
        "per_check": settings.budget.check,
        "total": settings.budget.total,
    }
    context.default_map = {name: value for name, value in said.items() if value is not None}
    return settings


class Report(NamedTuple):
    """Where a platform's report goes."""

    format: str
    path: str

    def write(self, verdict: Verdict, grades: Grades) -> None:
        """Write it at once, so that it is whole or not there."""
        text = formats()[self.format](verdict, grades)
        if self.path == "-":
            click.echo(text, nl=False)
            return
        try:
            Path(self.path).write_text(text, "utf-8")
        except OSError as error:
            raise UsageError(f"{self.path}: {error.strerror}") from None


def formats() -> Mapping[str, Callable[[Verdict, Grades], str]]:
    """The formats there are."""
    from backproof.report.formats import FORMATS

    return FORMATS


def _reports(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> list[Report]:
    reports = [Report(v.partition("=")[0], v.partition("=")[2]) for v in values]
    for report in reports:
        if report.format not in formats():
            known = ", ".join(formats())
            raise UsageError(f"no report {report.format!r}; there are: {known}")
        if not report.path:
            raise UsageError(f"--report {report.format}: say where to: {report.format}=FILE")
        if not Path(report.path).parent.is_dir():
            raise UsageError(f"{report.path}: no such folder")
    return reports


course = click.option(
    "--course",
    "settings",
    type=click.Path(path_type=Path),
    is_eager=True,
    callback=_settings,
    help="A course's backproof.toml. It is not looked for: a submission could bring its own.",
)
reports = click.option(
    "--report",
    "reports",
    metavar="FORMAT=FILE",
    multiple=True,
    callback=_reports,
    help="Write a platform's report too: gradescope, autolab, prairielearn, github-classroom, "
    "github-annotations, github-summary; - for standard output.",
)


def _takes_stdout(file: IO[str] | None) -> bool:
    return file is not None and getattr(file, "name", "<stdout>") in {"-", "<stdout>"}


def _publish(
    file: IO[str] | None, record: Mapping[str, Any], *views: Callable[[Console], None]
) -> None:
    """Write the record, and show the views unless the record has standard output."""
    from backproof.report import json as json_report
    from backproof.report import terminal

    if file is not None:
        json_report.write(record, file)
    if not _takes_stdout(file):
        out = terminal.console()
        for view in views:
            view(out)


def _publish_verdict(
    file: IO[str] | None, verdict: Verdict, settings: Settings | None = None, *, quiet: bool = False
) -> int:
    """Write the whole record, and show as much of it as a course lets a student see."""
    from backproof.report import json as json_report
    from backproof.report import terminal

    settings = settings or Settings()
    visible = [c for c in verdict.checks if settings.visibility_of(c.id) == "visible"]
    shown = replace(verdict, checks=tuple(visible))
    views = (
        lambda out: terminal.show_verdict(out, shown),
        lambda out: terminal.show_failures(out, shown, settings.level_of),
        lambda out: terminal.show_summary(out, verdict),
    )
    _publish(file, json_report.verdict(verdict), *(() if quiet else views))
    return verdict.exit_code


@command.command()
@operations
@json_file
@processes
@kept
def prove(
    operations: list[Operation], json_to: IO[str] | None, processes: int, *, kept: bool
) -> int:
    """Prove every closed form equal to the derivative of its primal, for every size."""
    from backproof import catalog
    from backproof.prove import prove_operations
    from backproof.report import json as json_report
    from backproof.report import terminal

    # A network rests on the proofs of its operations: they are not repeated for it unasked.
    cache = _cache() if kept else None
    proofs = prove_operations(operations or catalog.OPERATIONS, processes, cache)
    record = json_report.proofs(proofs)
    _publish(json_to, record, lambda out: terminal.show_proofs(out, proofs))
    return _exit_code(_PROVED[p.status] for p in proofs)


@command.command()
@operations
@json_file
@processes
@examples
@only
def verify(
    operations: list[Operation], json_to: IO[str] | None, processes: int, count: int, only: str
) -> int:
    """Examine every NumPy implementation against the three oracles."""
    from backproof import workers

    if processes > 1:
        workers.warm_up()
    from backproof import catalog
    from backproof.verify import verify_operations

    operations = operations or [*catalog.OPERATIONS, *catalog.NETWORKS]
    verdict = verify_operations(operations, count=count, processes=processes, only=only)
    if not verdict.checks:
        raise UsageError(f"no check {only!r} of {', '.join(o.name for o in operations)}")
    return _publish_verdict(json_to, verdict)


@command.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "--dialect",
    "name",
    required=True,
    metavar="NAME",
    help="The course's interface, or a Python file that defines it.",
)
@edition
@click.option(
    "--request-budget", "request", type=SECONDS, default=10.0, help="Seconds for one answer."
)
@click.option(
    "--check-budget",
    "per_check",
    type=SECONDS,
    default=120.0,
    help="Seconds for all checks of one component.",
)
@click.option(
    "--total-budget", "total", type=SECONDS, default=600.0, help="Seconds for all components."
)
@click.option(
    "--require-isolation/--no-require-isolation",
    "confined",
    default=is_gate,
    show_default="required where CI=true",
    help="Judge nothing, with exit code 3, unless the submission's process is closed off.",
)
@course
@reports
@json_file
@processes
@examples
@only
@kept
def check(
    path: Path,
    name: str,
    edition: str,
    request: float,
    per_check: float,
    total: float,
    settings: Settings,
    reports: list[Report],
    json_to: IO[str] | None,
    processes: int,
    count: int,
    only: str,
    *,
    confined: bool,
    kept: bool,
) -> int:
    """Judge a homework without importing it."""
    from backproof import workers

    cache = _cache(path, *_shown()) if kept else None
    known = cache is not None and not cache.is_empty
    if processes > 1 and not only:
        workers.warm_up(*["backproof.homework"] * known)
    from backproof import homework
    from backproof.candidates.process import Budget
    from backproof.grading import grade
    from backproof.report import terminal

    to_stdout = [r for r in reports if r.path == "-"]
    if len(to_stdout) + _takes_stdout(json_to) > 1:
        raise UsageError("standard output has room for one record")
    if reports and only:
        raise UsageError("--report is of every check, --only of one")
    budget = Budget(request, per_check, time.time() + total)
    with _reported(reports):
        asked = homework.Homework(path, name, edition, count, only, budget, confined, kept=cache)
        numbers = asked.numbers()
        if settings.rules and not only:  # a misspelt pattern is told before anything is judged
            settings.must_match([id_ for n in numbers for id_ in asked.expected(n)])
        with terminal.progress([asked.operation(n) for n in numbers]) as finished:
            verdict = homework.judge_each(asked, numbers, processes, finished)
        grades = None if only else grade(verdict, settings)
    if not verdict.checks:
        raise UsageError(f"no check {only!r} in the dialect {name}")
    code = _publish_verdict(json_to, verdict, settings, quiet=bool(to_stdout))
    if grades is not None:
        for report in reports:
            report.write(verdict, grades)
    return code


@command.command()
@click.option(
    "--dialect",
    "name",
    required=True,
    metavar="NAME",
    help="The course's interface, or a Python file that defines it.",
)
@edition
@click.option(
    "--course",
    type=click.Path(path_type=Path),
    is_eager=True,
    expose_value=False,
    callback=_settings,
    help="A course's backproof.toml, for what is not said here.",
)
@processes
@examples
def warm(name: str, edition: str, processes: int, count: int) -> int:
    """Keep what `check` will ask, before the first homework is there."""
    from backproof import workers
    from backproof.warm import warm as fill

    if processes > 1:
        workers.warm_up()
    cache = _cache(*_shown())
    if cache is None:
        raise NotJudgedError("there is no folder to keep anything in")
    try:
        fill(name, edition, count, cache, processes)
    except LookupError as error:
        raise UsageError(str(error.args[0])) from None
    return 0


def _shown() -> list[Path]:
    """The folders that any submission can read."""
    from backproof.candidates import bubblewrap

    return list(map(Path, bubblewrap.shown()))


def _cache(*unfit: Path) -> Cache | None:
    """What is kept from run to run, but within none of these folders; if nothing is, say why."""
    from backproof.cache import Cache, CacheError, usual_folder

    folder = usual_folder()
    try:
        if folder is not None:
            return Cache(folder, unfit)
    except CacheError as error:
        click.echo(f"backproof: nothing is kept: {error}", err=True)
    return None


def _exit_code(codes: Iterable[int]) -> int:
    """Wrong outweighs what could not be judged."""
    found = set(codes)
    return 1 if 1 in found else max(found)


@contextmanager
def _reported(reports: Sequence[Report]) -> Iterator[None]:
    """Where nothing can be judged, say so on every platform, and in one line here."""
    from backproof.candidates.dialects.dialect import SubmissionError
    from backproof.candidates.process import IsolationError, RunnerError
    from backproof.grading import refused
    from backproof.homework import DialectError
    from backproof.verdict import Verdict

    try:
        yield
    except (LookupError, DialectError) as error:
        raise UsageError(str(error.args[0])) from None
    except (SubmissionError, RunnerError) as error:
        reached = error.tier if isinstance(error, IsolationError) else "none"
        for report in reports:
            report.write(Verdict((), reached), refused(str(error)))
        kind = UsageError if isinstance(error, SubmissionError) else NotJudgedError
        raise kind(str(error)) from None


@command.command()
@click.argument("key", type=click.Path(path_type=Path), required=False)
@click.option("--documents", is_flag=True, help="The five course documents, in place of a key.")
@click.option(
    "--code",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A key's code, in place of its equations; the next three options go with it.",
)
@click.option(
    "--dialect",
    "name",
    metavar="NAME",
    default="",
    help="The course's interface, or a Python file that defines it.",
)
@edition
@examples
@click.option(
    "--claim-budget",
    "seconds",
    type=SECONDS,
    default=CLAIM_SECONDS,
    show_default=True,
    help="Seconds for one claim; one that takes longer is undecided.",
)
@click.option(
    "--markdown",
    "markdown_to",
    type=click.File("w", encoding="utf-8", lazy=False),
    help="Write what is not proved as it stands to FILE, as a page; - for standard output.",
)
@json_file
@processes
@click.pass_context
def audit(
    context: click.Context,
    key: Path | None,
    code: Path | None,
    name: str,
    edition: str,
    count: int,
    seconds: float,
    markdown_to: IO[str] | None,
    json_to: IO[str] | None,
    processes: int,
    *,
    documents: bool,
) -> int:
    """Judge an answer key: its equations, or with --code its code.

    KEY is Markdown with LaTeX, or Python. A Python key is code of yours and is run as it stands;
    so is that of --code, without the sandbox.
    """
    if [key is not None, documents, code is not None].count(True) != 1:
        raise UsageError("name a key, or --documents, or --code")
    if code is None:
        _refuse(context, _OF_CODE, "goes with --code")
        return _audit_claims(key, seconds, markdown_to, json_to, processes)
    _refuse(context, _OF_CLAIMS, "does not go with --code")
    if not name:
        raise UsageError("--code: say by which --dialect")
    return _audit_code(code, name, edition, count, json_to, processes)


_OF_CODE = {"name": "--dialect", "edition": "--edition", "count": "--examples"}
_OF_CLAIMS = {"seconds": "--claim-budget", "markdown_to": "--markdown"}


def _refuse(context: click.Context, options: Mapping[str, str], why: str) -> None:
    """Refuse options that say nothing here, though they are given."""
    for name, option in options.items():
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise UsageError(f"{option} {why}")


def _audit_claims(
    key: Path | None,
    seconds: float,
    markdown_to: IO[str] | None,
    json_to: IO[str] | None,
    processes: int,
) -> int:
    """Judge the equations of a key, or of the documents where there is none."""
    from backproof.report import claims as report

    if _takes_stdout(json_to) and _takes_stdout(markdown_to):
        raise UsageError("standard output has room for one record")
    found, recomputed = _judged(key, seconds, processes)
    if markdown_to is not None:
        markdown_to.write(report.page(found, recomputed))
    views = () if _takes_stdout(markdown_to) else (lambda o: report.show(o, found, recomputed),)
    _publish(json_to, report.record(found, recomputed), *views)
    return _exit_code(_AUDITED[j.status] for j in found)


def _judged(
    key: Path | None, seconds: float, processes: int
) -> tuple[list[Judgement], list[Figure]]:
    """What comes of each claim; of the documents, their figures too."""
    if key is None:
        from backproof.audit.documents import judge_documents
        from backproof.audit.figures import figures

        return judge_documents(processes, seconds), figures()
    from backproof.audit.judging import judge_key
    from backproof.audit.key import KeyFileError

    try:
        return judge_key(key, processes, seconds), []
    except KeyFileError as error:
        raise UsageError(str(error)) from None


def _audit_code(
    path: Path, name: str, edition: str, count: int, json_to: IO[str] | None, processes: int
) -> int:
    """Judge the code of a key, and measure its errors."""
    from backproof import workers

    if processes > 1:
        workers.warm_up()
    from backproof.audit.code import audit_code
    from backproof.homework import Homework
    from backproof.report import json as json_report
    from backproof.report import terminal, ulps

    with _reported(()):
        asked = Homework(path, name, edition, count, trusted=True)
        operations = [asked.operation(n) for n in asked.numbers()]
        with terminal.progress(operations) as finished:
            found = audit_code(asked, processes, finished)
    views = (
        lambda out: terminal.show_verdict(out, found.verdict),
        lambda out: ulps.show(out, found.ulps),
        lambda out: terminal.show_failures(out, found.verdict),
        lambda out: terminal.show_summary(out, found.verdict, trusted=True),
    )
    _publish(json_to, json_report.audited(found), *views)
    return found.verdict.exit_code


@command.command("mutation-score")
@operations
@click.option(
    "--homework",
    "path",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="A right homework's files, in place of the implementations; the next three options go "
    "with it.",
)
@click.option(
    "--dialect",
    "name",
    metavar="NAME",
    default="",
    help="The course's interface, or a Python file that defines it.",
)
@edition
@click.option(
    "--equivalent",
    "table",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Which mutants of the homework are equivalent, and why: a TOML table.",
)
@json_file
@processes
@examples
@click.pass_context
def mutation_score(
    context: click.Context,
    operations: list[Operation],
    path: Path | None,
    name: str,
    edition: str,
    table: Path | None,
    json_to: IO[str] | None,
    processes: int,
    count: int,
) -> int:
    """Count the wrong programs that the checks let through.

    They are mutants of the NumPy implementations, or of a homework, each judged by the same checks
    as every program. A survivor that nobody has shown to be equivalent is exit code 1.
    """
    from backproof import workers

    workers.warm_up()
    if path is None:
        _refuse(context, _OF_HOMEWORK, "goes with --homework")
        fates, reasons = _score_implementations(operations, count, processes)
    else:
        if not name:
            raise UsageError("--homework: say by which --dialect")
        fates, reasons = _score_homework(path, name, edition, count, operations, table, processes)
    from backproof.mutation.scoring import contradictions
    from backproof.report import mutation as report

    _publish(json_to, report.record(fates), lambda out: report.show(out, fates))
    stale = contradictions(fates, reasons)
    if stale:
        raise NotJudgedError("; ".join(stale))
    return int(any(f.status == "survived" for f in fates))


_OF_HOMEWORK = {"name": "--dialect", "edition": "--edition", "table": "--equivalent"}


def _score_implementations(
    operations: Sequence[Operation], count: int, processes: int
) -> tuple[list[Fate], Mapping[str, str]]:
    """What became of the mutants of implementations, and which are said to be equivalent."""
    from backproof import catalog
    from backproof.mutation import scoring
    from backproof.mutation.mutants import mutants
    from backproof.report import mutation as report

    for operation in operations:
        if operation.compose is not None:
            raise UsageError(
                f"{operation.name} has no implementation of its own: name its operations"
            )
    chosen = list(dict.fromkeys(o.name for o in operations or catalog.OPERATIONS))
    found = [catalog.find(name) for name in chosen]
    tasks = [mutant for operation in found for mutant in mutants(operation)]
    with report.progress(len(tasks)) as finished:
        fates = scoring.score(tasks, count=count, processes=processes, finished=finished)
    return fates, {i: why for o in found for i, why in scoring.equivalents(o).items()}


def _score_homework(
    path: Path,
    name: str,
    edition: str,
    count: int,
    operations: Sequence[Operation],
    table: Path | None,
    processes: int,
) -> tuple[list[Fate], Mapping[str, str]]:
    """What became of a homework's mutants, and which are said to be equivalent."""
    from backproof.homework import Homework
    from backproof.mutation import equivalent_file, homeworks
    from backproof.report import mutation as report

    asked = {o.name for o in operations}
    with _reported(()):
        try:
            reasons = {} if table is None else equivalent_file.load(table)
            homework = Homework(path, name, edition, count)
            tasks = [m for m in homeworks.mutants(homework) if m.operation in asked or not asked]
            if not tasks:
                raise UsageError(f"{path}: no mutants of {', '.join(sorted(asked)) or 'it'}")
            with report.progress(len(tasks)) as finished:
                fates = homeworks.score(
                    homework, tasks, reasons, processes=processes, finished=finished
                )
        except (equivalent_file.EquivalentError, homeworks.WrongHomeworkError) as error:
            raise UsageError(str(error)) from None
    known = {m.id for m in tasks}
    return fates, reasons if not asked else {i: w for i, w in reasons.items() if i in known}


@command.group()
def package() -> None:
    """Build what a platform takes in."""


@package.command("gradescope")
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--course",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    help="The folder with the course's backproof.toml.",
    show_default="this folder",
)
@click.option(
    "--wheel",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The backproof to install; this version, from the package index, without it.",
)
def package_gradescope(out: Path, folder: Path, wheel: Path | None) -> int:
    """Build the zip that Gradescope makes its autograder from."""
    from backproof.package import gradescope

    try:
        names = gradescope(folder, out, wheel)
    except OSError as error:
        raise UsageError(f"{out}: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(str(error)) from None
    click.echo(f"{out}: {', '.join(names)}")
    return 0


if __name__ == "__main__":
    main()
