"""Keys in Python, in the notation of derivations. A key is code: it is run as it stands."""

from __future__ import annotations

import runpy
import traceback
from functools import partial
from pathlib import Path

from backproof.audit.key import Entry, KeyFileError, text_of
from backproof.audit.repair import slips
from derivations.claims import Claim, Illegible, ShapeClaim


def load(path: Path) -> tuple[Entry, ...]:
    """The claims that a key lists as ``CLAIMS``.

    Raises
    ------
    KeyFileError
        Where it raises, or lists none, or something else.
    """
    text_of(path)
    try:
        found = runpy.run_path(str(path), run_name="backproof_key").get("CLAIMS")
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a key raises is its own
        raise KeyFileError(path, f"{type(error).__name__}: {error}", _line(path, error)) from None
    if not isinstance(found, tuple | list) or not found:
        raise KeyFileError(path, "a key names its claims: CLAIMS = (Claim(...), ...)")
    for number, claim in enumerate(found):
        if not isinstance(claim, Claim | ShapeClaim | Illegible):
            what = type(claim).__name__
            raise KeyFileError(
                path, f"CLAIMS[{number}] is {what}, not a claim of derivations.claims"
            )
    return tuple(Entry(c, partial(slips, c) if isinstance(c, Claim) else tuple) for c in found)


def _line(path: Path, error: BaseException) -> int:
    """The line of the key at which it went wrong."""
    if isinstance(error, SyntaxError):
        return error.lineno or 0
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f.lineno or 0 for f in frames if f.filename == str(path)]
    return lines[-1] if lines else 0
