"""GitHub Actions: annotations that are ours alone, and a summary that is what it looks like."""

from __future__ import annotations

from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from backproof.course import LEVELS
from backproof.grading import refused
from backproof.report import github_actions
from backproof.report.feedback import plain
from backproof.verdict import Verdict


def test_each_check_that_did_not_pass_is_an_annotation(verdict, graded, commands):
    """Errors first; the runner reads back what was written."""
    text = github_actions.workflow_commands(verdict, graded())
    found = commands(text)
    assert len(found) == len(text.splitlines())
    assert [(c.name, c.properties) for c in found] == [
        ("warning", {"title": "backproof"}),
        ("error", {"title": "linear.gradient.weight: fail"}),
        (
            "error",
            {
                "file": "mytorch/linear.py",
                "line": "12",
                "title": "linear.gradient.bias: error",
            },
        ),
        ("warning", {"title": "relu.kink.x[float32]: undecided"}),
        ("notice", {"title": "tanh.forward: not-implemented"}),
    ]
    assert [c.message for c in found[1:3]] == [plain(c) for c in verdict.checks[1:3]]


def test_the_place_is_not_told_with_the_verdict_alone(verdict, graded, commands):
    """A line number is more than the status."""
    found = commands(github_actions.workflow_commands(verdict, graded("verdict")))
    assert not any("file" in c.properties for c in found)


def test_the_log_shows_ten_and_says_how_many_are_left_out(verdict, graded, commands):
    """Of a step GitHub shows no more; the last of them says so."""
    checks = tuple(replace(verdict.checks[1], id=f"linear.gradient.w{n}") for n in range(30))
    for count, last in ((9, "linear.gradient.w8: fail"), (10, "backproof"), (30, "backproof")):
        given = Verdict((*checks[:count], replace(verdict.checks[0], id="batchnorm.forward")))
        found = commands(github_actions.workflow_commands(given, graded(given=given)))
        assert len(found) == 10
        assert found[-1].properties["title"] == last
    assert found[-1].message == "22 more are left out: GitHub shows 10."


@pytest.mark.parametrize(
    ("tier", "kind", "said"),
    [
        ("landlock+seccomp", "notice", "Isolation: landlock+seccomp."),
        ("seccomp", "warning", "Isolation: seccomp. Files were open to the submission: "),
    ],
)
def test_the_first_annotation_names_the_isolation(verdict, graded, commands, tier, kind, said):
    """A warning where it leaves anything open; what was not judged stands above it."""
    given = replace(
        verdict,
        checks=(verdict.checks[1], replace(verdict.checks[0], id="batchnorm.forward")),
        isolation=tier,
    )
    first, *_ = commands(github_actions.workflow_commands(given, graded(given=given)))
    assert (first.name, first.properties) == (kind, {"title": "backproof"})
    assert first.message.startswith(said)
    first, *_ = commands(github_actions.workflow_commands(verdict, graded()))
    assert first.message.splitlines() == [
        "2 checks were not judged and have no points.",
        "Isolation: landlock+seccomp.",
    ]


def test_a_property_ends_where_it_ends(verdict, graded, commands):
    """Colons and commas part the properties of a command from each other and from its message."""
    id_ = "linear.gradient.w,file=forged.py,line=1::forged%3A"
    given = Verdict((replace(verdict.checks[1], id=id_), verdict.checks[5]))
    (_, command) = commands(github_actions.workflow_commands(given, graded(given=given)))
    assert command.properties == {"title": f"{id_}: fail"}
    assert command.message == plain(verdict.checks[1])


def test_a_message_stays_under_its_cap(verdict, graded, commands):
    """In bytes, however many a character takes."""
    long = replace(verdict.checks[2], traceback="\N{MATHEMATICAL BOLD CAPITAL A}" * 19_000)
    given = Verdict((long, verdict.checks[5]))
    found = commands(github_actions.workflow_commands(given, graded(given=given)))
    assert 32_000 < len(found[1].message.encode()) <= 64 * 1024
    assert found[1].message.endswith(" characters]")


@pytest.mark.parametrize("level", LEVELS)
def test_hostile_text_forges_no_annotation(attacked, graded, commands, level):
    """As many commands as lines, all of them ours, whatever the submission says."""
    text = github_actions.workflow_commands(attacked, graded(level, attacked))
    found = commands(text)
    assert len(found) == len(text.splitlines())
    assert [c.properties["title"] for c in found] == [
        "backproof",
        "linear.gradient.bias: error",
        "linear.gradient.weight: not-implemented",
    ]
    for command, check in zip(found[1:], attacked.checks, strict=False):
        assert command.message == plain(check, level)
        assert not commands(command.message)


MARKDOWN = MarkdownIt("commonmark").enable("table")


def blocks(text: str, kind: str) -> list[str]:
    """The content of every block of a kind."""
    found = MARKDOWN.parse(text)
    inner = {"fence": 0, "heading_open": 1, "td_open": 1}[kind]
    return [found[n + inner].content for n, t in enumerate(found) if t.type == kind]


def test_the_summary_has_a_table_and_each_failure(verdict, graded):
    """Hidden checks are one row of points."""
    text = github_actions.step_summary(verdict, graded())
    cells = blocks(text, "td_open")
    assert cells[:6] == [
        "`relu.forward`", "pass", "1 of 1",
        "`linear.gradient.weight`", "fail", "0 of 2.5",
    ]  # fmt: skip
    assert cells[-3:] == ["1 hidden check", "", "0 of 2.5"]
    assert blocks(text, "heading_open") == [
        "backproof: fail, 1 of 10.5 points",
        "`linear.gradient.weight`: fail",
        "`linear.gradient.bias`: error",
        "`tanh.forward`: not-implemented",
        "`relu.kink.x[float32]`: undecided",
    ]
    assert "batchnorm" not in text
    assert "Isolation: landlock+seccomp." in text


@pytest.mark.parametrize("level", LEVELS)
def test_hostile_text_adds_nothing_to_the_summary(attacked, graded, level):
    """No HTML, picture, link, heading or row but ours."""
    text = github_actions.step_summary(attacked, graded(level, attacked))
    assert blocks(text, "heading_open") == [
        "backproof: fail, 0 of 10 points",
        "`linear.gradient.bias`: error",
        "`linear.gradient.weight`: not-implemented",
    ]
    assert len(blocks(text, "td_open")) == 9
    found = MARKDOWN.parse(text)
    kinds = {t.type for t in found} | {c.type for t in found for c in t.children or ()}
    assert not kinds & {"html_block", "html_inline", "image", "link_open"}


def test_the_summary_stays_under_its_cap(verdict, graded):
    """Every check still stands in it, each text cut."""
    long = replace(verdict.checks[2], traceback="\N{MATHEMATICAL BOLD CAPITAL A}" * 19_000)
    checks = tuple(replace(long, id=f"linear.gradient.w{n}") for n in range(20))
    given = Verdict((*checks, verdict.checks[5]))
    text = github_actions.step_summary(given, graded(given=given))
    assert 2**18 < len(text.encode()) <= 2**20
    assert len(blocks(text, "heading_open")) == 21
    assert "[cut: " in text


def test_a_refused_submission_has_its_reason(commands):
    """In both, and no table of nothing."""
    given = Verdict(()), refused("no mytorch/`linear`.py\n# x")
    (command,) = commands(github_actions.workflow_commands(*given))
    assert (command.name, command.message) == ("error", "no mytorch/`linear`.py\n# x")
    text = github_actions.step_summary(*given)
    assert blocks(text, "fence") == ["no mytorch/`linear`.py\n# x\n"]
    assert not blocks(text, "td_open")
