"""The kinds of diagnosis there are; docs/diagnosis.md lists them."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Kind(StrEnum):
    """The short stable name of a cause, and what it means.

    Attributes
    ----------
    meaning
        One sentence, as docs/diagnosis.md has it.
    """

    meaning: str

    def __new__(cls, name: str, meaning: str) -> Self:
        """Attach the meaning to the name."""
        kind = str.__new__(cls, name)
        kind._value_ = name
        kind.meaning = meaning
        return kind

    OWN_FORWARD = (
        "consistent with your forward",
        "The backward is the derivative of the candidate's own forward, which is wrong.",
    )
    UNSTABLE = "unstable", "The formula is right; its digits are lost to rounding or overflow."
    SINGLE_PRECISION = (
        "single precision",
        "It is right to the rounding of float32, where float64 is asked for.",
    )
    ZERO = "zero", "Every entry is 0."
    KINK = (
        "kink",
        "It differs only at kinks and ties; the text names the convention, if it follows one.",
    )
    SIGN = "sign", "It is the negative of the right result."
    MEAN_FOR_SUM = "mean for sum", "A mean stands where the formula has a sum."
    SUM_FOR_MEAN = "sum for mean", "A sum stands where the formula has a mean."
    CONSTANT_FACTOR = (
        "constant factor",
        "It is the right result times a number, or times or over the size of an axis.",
    )
    TRANSPOSED = "transposed", "It is the transpose of the right result."
    REVERSED = "reversed", "It holds the right entries in reverse order along some axes."
    NOT_SUMMED = "not summed", "The samples were kept apart, or overwritten, and not added up."
    WRONG_AXIS = "wrong axis", "A sum or a mean runs over another axis."
    COTANGENT = "cotangent", "The upstream gradient was left out."
    MISSING_TERM = "missing term", "One term of the formula is missing; the text says which."
    TERM_SIGN = "sign of a term", "One term of the formula, or an exponent, has the wrong sign."
    TERM_FACTOR = "factor of a term", "One term of the formula is multiplied by a number."
    ADDITIONAL_TERM = (
        "additional term",
        "A multiple of an input, of the upstream gradient or of 1 was added.",
    )
    MISSING_FACTOR = (
        "missing factor",
        "One factor of the formula is missing, such as gamma, or a square or a root.",
    )
    ADDITIONAL_FACTOR = "additional factor", "One factor of the formula stands in it twice."
    EPS = "eps", "eps is left out, or stands outside the root."
    DDOF = "ddof", "The variance is divided by n - 1, not by n."
    INPUT_FOR_OUTPUT = (
        "input for output",
        "The formula was given the input where it needs the output.",
    )
    OUTPUT_FOR_INPUT = (
        "output for input",
        "The formula was given the output where it needs the input.",
    )
    WRONG_ARRAY = (
        "wrong array",
        "An array stands in the place of another with the same axes, such as x for x_hat.",
    )
    CONDITION = (
        "condition",
        "A case distinction or a mask is reversed, or asks about the upstream gradient.",
    )
    PARAMETER_IGNORED = (
        "parameter ignored",
        "It is computed with one value of a hyper-parameter, whichever is asked for.",
    )
    PARAMETER_COMPLEMENT = (
        "parameter complement",
        "A hyper-parameter p stands where 1 - p belongs: momentum or a dropout rate is swapped.",
    )
    OTHER_CONVENTION = (
        "other convention",
        "It is right for another convention: another layout, reduction, mode or form.",
    )
    OTHER_OPERATION = "other operation", "It is another known operation, or its derivative."
    ONLY_BATCH_1 = "only batch 1", "It fails only on a batch of one sample."
    ONLY_LARGER_BATCHES = "only larger batches", "It fails only on batches of several samples."
    ONLY_SOME_SIZES = "only some sizes", "It fails only where an axis has one entry, or several."
    ONLY_SQUARE = "only square", "It fails only where two axes have the same size."
    ONLY_NON_SQUARE = "only non-square", "It fails only where two axes have different sizes."
    ONLY_OVERLAPPING_WINDOWS = "only overlapping windows", "It fails only where windows overlap."
    ONLY_SOME_PARAMETERS = (
        "only some parameters",
        "It fails only at some values of a hyper-parameter or under some conventions.",
    )
    ONLY_SOME_VALUES = (
        "only some values",
        "It fails only where an input holds large numbers, or is nearly constant.",
    )
    STALE = "stale cache", "What an earlier call, or another object, has stored is used again."
    ORDER_OF_CALLS = (
        "order of calls",
        "The answer depends on the calls that came before, in no way that has a name.",
    )
    SHAPE = "shape", "The result has another shape than it must have."
    NOT_FINITE = "not finite", "It holds infinities or NaN where the right result is finite."
