"""``python -m benchmarks [FIGURE…]``: measure, print, and with ``--write`` put it into docs/."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from benchmarks.catalog import FIGURES
from benchmarks.figures import Measured


@click.group(chain=True, invoke_without_command=True)
@click.option("--write", is_flag=True, help="Put the figures into docs/ and the README.")
@click.option("--draw", is_flag=True, help="Only draw, and tell, what the records hold.")
@click.pass_context
def main(context: click.Context, *, write: bool, draw: bool) -> None:
    """Measure the figures that are named, or all of them, and print them.

    Exits 1 where one is outside of its band, or falls short of its goal.
    """
    if draw:
        for figure in FIGURES:
            if figure.record.is_file():
                figure.place()
                figure.draw()
        context.exit()
    if context.invoked_subcommand is None:
        told([context.invoke(main.commands[figure.name]) for figure in FIGURES], write=write)


@main.result_callback()
def told(measured: Sequence[Measured], *, write: bool, draw: bool = False) -> None:
    """Print what was measured."""
    del draw
    faults = []
    for figure, data, options in measured:
        click.echo("\n".join(figure.told(data)) + "\n")
        faults += [*figure.failures(data), *figure.missed(data)]
        if write:
            figure.save(data, options)
            figure.place()
            figure.draw()
    for fault in faults:
        click.echo(fault, err=True)
    sys.exit(1 if faults else 0)


for _figure in FIGURES:
    main.add_command(_figure.command())

if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
