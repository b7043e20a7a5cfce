"""What a tier of isolation is worth, and what several of them are."""

from __future__ import annotations

import pytest

from backproof.isolation import confines, left_open, warning, weakest

ALL = ["files", "the network", "other processes"]
LEFT_OPEN = {
    "bubblewrap+landlock+seccomp": [],
    "landlock+seccomp": [],
    "bubblewrap+seccomp": [],
    "bubblewrap+landlock": ALL[2:],
    "bubblewrap": ALL[2:],
    "landlock": ALL[1:],
    "seccomp": ALL[:1],
    "rlimits": ALL,
    "none": ALL,
}


@pytest.mark.parametrize("tier", LEFT_OPEN)
def test_to_gate_files_network_and_processes_are_closed(tier):
    """A limit closes none of them."""
    assert left_open(tier) == LEFT_OPEN[tier]
    assert confines(tier) == (not LEFT_OPEN[tier])


@pytest.mark.parametrize(
    ("tier", "said"),
    [
        ("landlock+seccomp", ""),
        ("seccomp", "Files were open to the submission: "),
        ("landlock", "The network and other processes were open to the submission: "),
        ("rlimits", "Files, the network and other processes were open to the submission: "),
    ],
)
def test_what_is_left_open_is_said_in_a_sentence(tier, said):
    """None where the tier suffices."""
    assert warning(tier) == (said and f"{said}judge so only what you would run yourself.")


@pytest.mark.parametrize(
    ("tiers", "found"),
    [
        (["landlock+seccomp", "landlock+seccomp"], "landlock+seccomp"),
        (["bubblewrap+landlock+seccomp", "landlock+seccomp"], "landlock+seccomp"),
        (["landlock+seccomp", "seccomp"], "seccomp"),
        (["seccomp", "landlock+seccomp"], "seccomp"),
        (["landlock", "seccomp"], "rlimits"),
        (["landlock+seccomp", "rlimits"], "rlimits"),
        (["rlimits", "none", "landlock+seccomp"], "none"),
        (["none"], "none"),
        ([], "none"),
    ],
)
def test_of_several_processes_only_what_all_had_is_claimed(tiers, found):
    """In whichever order; layers that only some had are none."""
    assert weakest(tiers) == found
    assert weakest(tiers[::-1]) == found
