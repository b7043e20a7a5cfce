"""The same work on several processes, with the results in the order of the work."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


def available() -> int:
    """The processors that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def ordered(
    function: Callable[[Task], Result],
    tasks: Sequence[Task],
    workers: int,
    finished: Callable[[Task, Result], None] = lambda *_: None,
) -> list[Result]:
    """Apply a function to every task.

    Parameters
    ----------
    function
        At the top level of a module, so that another process can find it.
    tasks
        The simplest first, as catalogs list them: the last, and dearest, are begun first.
    workers
        How many processes; with 1, or a single task, this one does it.
    finished
        Called in this process with each task that is done, and its result, as they come.
    """
    workers = min(workers, len(tasks))
    if workers <= 1:
        return [_told(task, function(task), finished) for task in tasks]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        begun = {pool.submit(function, task): task for task in reversed(tasks)}
        for done in as_completed(begun):
            finished(begun[done], done.result())
        return [b.result() for b in reversed(begun)]


def _told(task: Task, result: Result, finished: Callable[[Task, Result], None]) -> Result:
    finished(task, result)
    return result
