"""Commands in processes of their own."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import click

from benchmarks.figures import ROOT


def cold(*arguments: str, folder: Path = ROOT, **environment: str) -> float:
    """Seconds of a command, interpreter and all, which has to succeed."""
    start = time.perf_counter()
    done = subprocess.run(  # noqa: S603 - ours
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    took = time.perf_counter() - start
    if done.returncode:
        raise click.ClickException(f"{arguments}: exit code {done.returncode}\n{done.stderr}")
    return took


def limit_memory() -> None:
    """Let what asks for more than half of the machine's memory get a MemoryError instead."""
    half = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    resource.setrlimit(resource.RLIMIT_AS, (half, half))
