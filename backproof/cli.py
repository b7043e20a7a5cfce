"""The command line: prove, verify, check."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import click
from rich.console import Console

from backproof import catalog, workers
from backproof.operation import Operation
from backproof.report import json as json_report
from backproof.report import terminal
from backproof.verdict import USAGE, Verdict
from backproof.version import __version__

_PROVED = {"proved": 0, "refuted": 1, "undecided": 3}


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
    try:
        return [catalog.find(n) for n in names] or list(catalog.OPERATIONS)
    except LookupError as error:
        raise UsageError(str(error)) from None


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
    default=workers.available,
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
only = click.option("--only", metavar="CHECK", default="", help="Examine this one check.")


def _publish(
    file: IO[str] | None, record: Mapping[str, Any], *views: Callable[[Console], None]
) -> None:
    """Write the record, and show the views unless the record has standard output."""
    if file is not None:
        json_report.write(record, file)
    if file is None or getattr(file, "name", "<stdout>") not in {"-", "<stdout>"}:
        out = terminal.console()
        for view in views:
            view(out)


def _publish_verdict(file: IO[str] | None, verdict: Verdict) -> int:
    _publish(
        file,
        json_report.verdict(verdict),
        lambda out: terminal.show_verdict(out, verdict),
        lambda out: terminal.show_failures(out, verdict),
        lambda out: terminal.show_summary(out, verdict),
    )
    return verdict.exit_code


@command.command()
@operations
@json_file
@processes
def prove(operations: list[Operation], json_to: IO[str] | None, processes: int) -> int:
    """Prove every closed form equal to the derivative of its primal, for every size."""
    from backproof.prove import prove_operations  # noqa: PLC0415 - each command imports its own

    proofs = prove_operations(operations, processes)
    record = json_report.proofs(proofs)
    _publish(json_to, record, lambda out: terminal.show_proofs(out, proofs))
    codes = {_PROVED[p.status] for p in proofs}
    return 1 if 1 in codes else max(codes)


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
    from backproof.verify import verify_operations  # noqa: PLC0415

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
@click.option(
    "--edition",
    metavar="NAME",
    default="",
    help="The interface's year.",
    show_default="the one that the code looks like",
)
@json_file
@processes
@examples
@only
def check(
    path: Path,
    name: str,
    edition: str,
    json_to: IO[str] | None,
    processes: int,
    count: int,
    only: str,
) -> int:
    """Judge a homework without importing it."""
    from backproof import homework  # noqa: PLC0415
    from backproof.candidates.dialects.dialect import SubmissionError  # noqa: PLC0415

    try:
        spoken = homework.dialect(name)
        verdict = homework.judge(
            path, spoken, edition=edition, count=count, processes=processes, only=only
        )
    except (LookupError, SubmissionError) as error:
        raise UsageError(str(error.args[0])) from None
    if not verdict.checks:
        raise UsageError(f"no check {only!r} in the dialect {name}")
    return _publish_verdict(json_to, verdict)


if __name__ == "__main__":
    main()
