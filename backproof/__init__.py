"""backproof decides whether a hand-written backward pass is the derivative of its forward.

`Operation` and `Input` say what a function was meant to be, `examine` decides, `Verdict` is what
comes of it.
"""

from backproof.examine import examine
from backproof.operation import Input, Operation
from backproof.verdict import Verdict
from backproof.version import __version__

__all__ = ["Input", "Operation", "Verdict", "__version__", "examine"]
