"""What a course uploads to a platform, as one archive."""

from __future__ import annotations

import re
import zipfile
from importlib.resources import files
from pathlib import Path

from backproof.course_file import FILE, CourseError, load
from backproof.version import __version__

_PLAIN, _EXECUTABLE = 0o100644, 0o100755


def gradescope(course: Path, out: Path, wheel: Path | None = None) -> list[str]:
    """Write the archive that Gradescope builds its image from.

    Parameters
    ----------
    course
        The folder with the course's `backproof.toml`, and its dialect where that is a file.
    out
        The archive.
    wheel
        The backproof to install; this version of it, from the package index, where none is given.

    Returns
    -------
    list[str]
        The names in the archive.

    Raises
    ------
    CourseError
        Where the course's file cannot be used, or names no dialect.
    ValueError
        Where the wheel is none of backproof's.
    """
    contents = {
        "setup.sh": (_EXECUTABLE, _template("setup.sh")),
        "run_autograder": (_EXECUTABLE, _template("run_autograder")),
        **{name: (_PLAIN, data) for name, data in _course_files(course).items()},
    }
    requirement = f"backproof=={__version__}"
    if wheel is not None:
        contents[wheel.name] = (_PLAIN, _wheel(wheel))
        requirement = f"./{wheel.name}"
    pins = _template("requirements.txt") + f"{requirement}\n".encode()
    contents["requirements.txt"] = (_PLAIN, pins)
    with zipfile.ZipFile(out, "w") as archive:
        for name, (mode, data) in sorted(contents.items()):
            entry = zipfile.ZipInfo(name)  # of 1980: the same course makes the same bytes
            entry.create_system = 3  # Unix, wherever it is made: Gradescope reads its modes
            entry.external_attr = mode << 16
            archive.writestr(entry, data)
    return sorted(contents)


def _template(name: str) -> bytes:
    return files("backproof.package").joinpath(name).read_bytes()


def _course_files(course: Path) -> dict[str, bytes]:
    path = course / FILE
    dialect = load(path).dialect
    if dialect is None:
        raise CourseError(f"{path}: it has to name the dialect: nobody is there to give --dialect")
    found = {FILE: path.read_bytes()}
    if dialect.endswith(".py"):
        found |= _dialect_file(path, Path(dialect))
    return found


def _dialect_file(path: Path, dialect: Path) -> dict[str, bytes]:
    try:
        name = dialect.resolve().relative_to(path.parent.resolve()).as_posix()
        return {name: dialect.read_bytes()}
    except ValueError:
        raise CourseError(f"{path}: the dialect {dialect} is outside of the course") from None
    except OSError as error:
        raise CourseError(f"{path}: the dialect {dialect}: {error.strerror}") from None


def _wheel(path: Path) -> bytes:
    if not re.fullmatch(r"backproof-[\w.+]+-py3-none-any\.whl", path.name):
        raise ValueError(f"{path}: not a wheel of backproof")
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
