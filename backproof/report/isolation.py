"""What a submission's process was closed off by, for those who read of its verdict."""

from __future__ import annotations

from backproof.isolation import warning
from backproof.verdict import Verdict


def isolation(verdict: Verdict) -> str:
    """The tier, and what it left open; empty where nothing was judged, and so nothing ran."""
    if not verdict.checks:
        return ""
    return " ".join(filter(None, (f"Isolation: {verdict.isolation}.", warning(verdict.isolation))))
