"""backproof decides whether a hand-written backward pass is the derivative of its forward.

`Operation` and `Input` say what a function was meant to be, `examine` decides, `Verdict` is what
comes of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from backproof.version import __version__

if TYPE_CHECKING:
    from backproof.loop import examine
    from backproof.operation import Input, Operation
    from backproof.verdict import Verdict

__all__ = ["Input", "Operation", "Verdict", "__version__", "examine"]

_HOMES = {"Input": "operation", "Operation": "operation", "Verdict": "verdict", "examine": "loop"}


def __getattr__(name: str) -> Any:
    """Import what is asked for, when it is: SymPy and Hypothesis take their time."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
