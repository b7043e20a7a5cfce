"""What holds for every test: checked shapes, one thread, known versions, Hypothesis profiles."""

import os

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    # Before NumPy is imported, which reads them once; the workers of xdist are parallel enough.
    os.environ.setdefault(_threads, "1")

import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from jaxtyping import install_import_hook

if "implementations" in sys.modules:
    raise pytest.UsageError("implementations was imported before its annotations could be checked")
install_import_hook("implementations", "beartype.beartype")

settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, database=None)
settings.register_profile("nightly", deadline=None, max_examples=2000)
# `pytest --hypothesis-profile` comes later and so outdoes the variable.
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

ROOT = Path(__file__).parent
# The benchmarks, some of which are tests too; last, so that an installed wheel comes before.
sys.path.append(str(ROOT))


# The fixtures through which a test of an operation asks SymPy, and those through which NumPy.
SYMBOLIC, NUMERIC = {"proofs", "status_of"}, {"failures_of"}


# The rooms that ask what comes of a judgement: dear, and NumPy changes little there.
SYSTEM = {
    ("tests",),
    *(
        ("tests", room)
        for room in (
            "audit",
            "benchmarks",
            "diagnosis",
            "gate",
            "mutation",
            "networks",
            "red_team",
            "report",
        )
    ),
}
# So are the dialects, of each of which test_bytes.py keeps a record for every NumPy.
DIALECTS = {
    f"test_{name}"
    for name in (
        *("cs231n", "hlcv", "mytorch", "mytorch_editions", "networks", "own_dialect", "surveys"),
        "uva",
    )
}
# What Hypothesis draws are Python's numbers, which test_bytes.py sees as well. How large an error
# has to be follows from the bounds, which other tests ask about.
BOTH_ENDS = {"test_examples", "test_power"}
# Numbers of fifty digits are mpmath's; NumPy only holds them.
DIGITS = {"test_fifty_digits"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that not every NumPy has to run."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        room = item.path.parent.relative_to(ROOT) if item.path.is_relative_to(ROOT) else None
        if room == Path("tests/derivations") or (
            room == Path("tests/operations") and fixtures & SYMBOLIC and not fixtures & NUMERIC
        ):
            item.add_marker("symbolic")
        # Of what wrong layers are told, test_bytes.py compares nine checks on every NumPy.
        rejects = room == Path("tests/operations") and item.name.startswith("test_rejects")
        dear = room is not None and room.parts[:2] in SYSTEM
        if dear or rejects or item.path.stem in DIALECTS | DIGITS:
            item.add_marker("system")
        if item.path.stem in BOTH_ENDS:
            item.add_marker("both_ends")


def pytest_sessionstart() -> None:
    """Refuse to test another NumPy, or another backproof, than the environment claims."""
    claimed = os.environ.get("BACKPROOF_NUMPY")
    if claimed and np.__version__.split(".")[:2] != claimed.split("."):
        pytest.exit(f"this environment claims NumPy {claimed} and has {np.__version__}", 4)
    if os.environ.get("BACKPROOF_INSTALLED"):
        for package in ("backproof", "derivations", "implementations"):
            spec = find_spec(package)
            if spec is None or spec.origin == str(ROOT / package / "__init__.py"):
                pytest.exit(f"{package} is to be tested as installed, not from the checkout", 4)
