"""The figures there are."""

from benchmarks import (
    beside,
    bounds,
    cost,
    false_alarms,
    homework,
    homework_mutants,
    mutation,
    power,
    size,
)
from benchmarks.figures import Figure

FIGURES: tuple[Figure, ...] = (
    homework.FIGURE,
    cost.FIGURE,
    size.FIGURE,
    beside.FIGURE,
    mutation.FIGURE,
    homework_mutants.FIGURE,
    false_alarms.FIGURE,
    power.FIGURE,
    bounds.FIGURE,
)
