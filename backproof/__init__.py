"""backproof decides whether a hand-written backward pass is the derivative of its forward."""

__version__ = "0.1.0"
