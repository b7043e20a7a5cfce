"""What a course's interface is: where its classes are, and how they answer an operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from backproof.candidates.candidate import Answer, Example
from backproof.candidates.wire import Command


class SubmissionError(ValueError):
    """The path is no submission; one line for a person says why."""


@dataclass(frozen=True)
class Component:
    """How one class of a course answers one operation.

    Attributes
    ----------
    operation
        The operation's name.
    module, class_name
        Where the course has it.
    setup
        The commands that make the object, whose results are not asked for.
    outputs
        The command for each output of the forward, by name, the differentiated one first.
    gradients
        The command for each gradient, by the input's name. They run after the outputs'.
    conventions
        The operation's keyword parameters: the one value that the course fixes, or those to draw
        from.
    cotangent
        ``"ones"`` where the interface has no upstream gradient to take.
    averaged
        The inputs whose gradient the course divides by the batch size.
    rows
        The names of arrays that the course keeps as (1, n), where the operation has (n,).
    elementwise
        Whether what it gives for a gradient is the derivative, still to be multiplied by the
        cotangent.
    """

    operation: str
    module: str
    class_name: str
    setup: Callable[[Example], Sequence[Command]]
    outputs: Callable[[Example], Mapping[str, Command]]
    gradients: Callable[[Example], Mapping[str, Command]]
    conventions: Mapping[str, tuple[Any, ...]] = field(default_factory=lambda: MappingProxyType({}))
    cotangent: Literal["any", "ones"] = "any"
    averaged: frozenset[str] = frozenset()
    rows: frozenset[str] = frozenset()
    elementwise: bool = False

    def read(
        self,
        example: Example,
        outputs: Mapping[str, np.ndarray],
        gradients: Mapping[str, np.ndarray],
    ) -> Answer:
        """Put what the class answered into the operation's own form.

        Shapes that are wrong in any other way stay as they are: the engine judges them.
        """
        slopes = {name: self._flat(name, value) for name, value in gradients.items()}
        if self.elementwise:
            slopes = {name: _vjp(value, example.cotangent) for name, value in slopes.items()}
        return Answer({name: self._flat(name, value) for name, value in outputs.items()}, slopes)

    def _flat(self, name: str, value: np.ndarray) -> np.ndarray:
        is_row = name in self.rows and value.ndim == 2 and value.shape[0] == 1
        return value[0] if is_row else value


def _vjp(derivative: np.ndarray, cotangent: np.ndarray) -> np.ndarray:
    """Multiply by an elementwise derivative; one number stands for it everywhere."""
    if derivative.shape not in {(), cotangent.shape}:
        return derivative
    # A Python number, unlike an array without axes, takes the cotangent's dtype.
    factor = derivative if derivative.ndim else derivative.item()
    with np.errstate(all="ignore"):  # infinities and NaN are the engine's to judge
        product: np.ndarray = cotangent * factor
    return product


def row(array: np.ndarray) -> np.ndarray:
    """Return a (1, n) copy of an (n,) array.

    Fresh, because a layer owns its parameters and running statistics and may update them in place:
    a read-only or strided layout is for what is handed to its methods.
    """
    return array.reshape(1, -1).copy()


@dataclass(frozen=True)
class Dialect:
    """A course's interface.

    Attributes
    ----------
    name
        As ``--dialect`` takes it.
    folder
        The homework's folder, whose files import each other by their bare names.
    files
        The files in it that components live in.
    components
        One for each operation.
    """

    name: str
    folder: str
    files: tuple[str, ...]
    components: tuple[Component, ...]


@dataclass(frozen=True)
class Submission:
    """Where a submission's code is.

    Attributes
    ----------
    root
        The folder that its paths are relative to in messages.
    import_dirs
        Where its modules are imported from.
    """

    root: Path
    import_dirs: tuple[Path, ...]


def open_submission(path: str | Path, dialect: Dialect) -> Submission:
    """Find a homework in a folder that holds `Dialect.folder`, or is it.

    One missing file is for its components to answer for; without any, it is the wrong folder.

    Raises
    ------
    SubmissionError
        Where the path does not exist, is no folder, or holds none of the files.
    """
    root = Path(path).resolve()
    if not root.exists():
        raise SubmissionError(f"{path}: no such file or directory")
    if not root.is_dir():
        raise SubmissionError(f"{path}: not a directory")
    for folder in (root / dialect.folder, root):
        if any((folder / name).is_file() for name in dialect.files):
            return Submission(root, (folder,))
    missing = ", ".join(f"{dialect.folder}/{name}" for name in dialect.files)
    raise SubmissionError(f"{path}: not a homework in the dialect {dialect.name}: no {missing}")
