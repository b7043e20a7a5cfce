"""What a tier of isolation is worth: what it leaves open, and whether it suffices to gate."""

from __future__ import annotations

from collections.abc import Sequence


def left_open(tier: str) -> list[str]:
    """List what a process of that tier can reach of what is not its own.

    >>> left_open("seccomp"), left_open("landlock+seccomp")
    (['files'], [])
    """
    layers = set(tier.split("+"))
    closed_by = {
        "files": {"landlock", "bubblewrap"},
        "the network": {"seccomp", "bubblewrap"},
        "other processes": {"seccomp"},
    }
    return [what for what, closing in closed_by.items() if not layers & closing]


def confines(tier: str) -> bool:
    """Tell whether a tier closes files, network and processes, and so suffices to gate."""
    return not left_open(tier)


def warning(tier: str) -> str:
    """Say in a sentence what is left open; empty where the tier suffices."""
    *most, last = left_open(tier) or [""]
    if not last:
        return ""
    listed = f"{', '.join(most)} and {last}" if most else last
    words = f"{listed} were open to the submission: judge so only what you would run yourself."
    return words[0].upper() + words[1:]


def weakest(tiers: Sequence[str]) -> str:
    """The layers that every one of several processes had; ``"none"`` of no process.

    >>> weakest(["bubblewrap+landlock+seccomp", "landlock+seccomp"])
    'landlock+seccomp'
    """
    layers = [tier.split("+") for tier in tiers]
    shared = (
        [layer for layer in layers[0] if all(layer in each for each in layers)] if tiers else []
    )
    without = "none" if not tiers or "none" in tiers else "rlimits"
    return "+".join(shared) or without
