"""The terminal: failures as the course lets a student see them, and progress where one looks on."""

from __future__ import annotations

import io
import re
import sys
from dataclasses import replace

import pytest
from rich.console import Console

from backproof.course import LEVELS
from backproof.report import terminal
from backproof.report.feedback import plain
from backproof.verdict import Interface


def shown(verdict, **more) -> str:
    """What a wide terminal gets of the failures."""
    out = Console(file=io.StringIO(), width=200, highlight=False)
    terminal.show_failures(out, verdict, **more)
    return out.file.getvalue()


@pytest.mark.parametrize("level", LEVELS)
def test_the_failures_are_told_as_the_feedback_is(verdict, level):
    """Line by line: both read the same feedback."""
    text = shown(verdict, level_of=lambda _: level)
    for check in verdict.checks[1:]:
        assert set(plain(check, level).splitlines()) <= set(map(str.rstrip, text.splitlines()))
    assert ("secret" in text) == ("Again: " in text) == (level == "full")


def test_each_check_has_its_own_level(verdict):
    """By id, as the course's visibility goes."""
    text = shown(
        verdict, level_of=lambda id_: "full" if id_ == "linear.gradient.bias" else "verdict"
    )
    assert "secret" in text
    assert "smallest example" not in text


def test_a_check_that_passed_in_silence_is_not_told(verdict):
    """There is nothing to say of it."""
    assert "relu.forward" not in shown(verdict)


def test_hostile_text_is_inert_on_a_terminal_and_in_a_log(attacked, commands):
    """A log that obeys commands shows the same as a terminal that obeys escapes."""
    text = shown(attacked)
    assert not commands(text)
    assert all(c.isprintable() or c in "\n\t" for c in text)


def summary(verdict) -> list[str]:
    """The lines that end what a terminal gets."""
    out = Console(file=io.StringIO(), width=200, highlight=False)
    terminal.show_summary(out, verdict)
    return out.file.getvalue().splitlines()


HOMEWORK = Interface("mytorch", "2021", detected=True)


@pytest.mark.parametrize(
    ("tier", "opened"),
    [("rlimits", "Files, the network and other processes"), ("seccomp", "Files")],
)
def test_the_summary_says_what_was_open_to_a_submission(verdict, tier, opened):
    """Where isolation does not suffice, as on macOS and Windows."""
    last, sentence = summary(replace(verdict, isolation=tier, interface=HOMEWORK))
    assert last.endswith(f"; isolation: {tier}")
    assert sentence.startswith(f"{opened} were open to the submission: ")


def test_the_summary_warns_of_nothing_that_was_closed(verdict):
    """Nor where no submission was judged: the reference implementations are our own."""
    assert len(summary(replace(verdict, interface=HOMEWORK))) == 1
    assert len(summary(replace(verdict, isolation="none"))) == 1


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [Terminal, io.StringIO])
def test_progress_is_shown_on_a_terminal_alone(monkeypatch, verdict, stream):
    """A bar that counts, and is gone at the end; a log gets nothing at all."""
    monkeypatch.setattr(sys, "stderr", stream())
    monkeypatch.setenv("TERM", "xterm")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    with terminal.progress(["relu", "linear"]) as finished:
        finished("relu", verdict.checks[:1])
        finished("linear", verdict.checks[1:3])
    written = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", sys.stderr.getvalue())
    if stream is Terminal:
        assert "2/2" in written
        assert "linear: 2 wrong" in written
    else:
        assert written == ""
