"""Feedback: what a teacher would write, and no more than the course lets a student see."""

from __future__ import annotations

from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from backproof.course import LEVELS
from backproof.report.feedback import Place, markdown, place, plain, question
from backproof.verdict import Check, Verdict

FULL = """\
Asked: the gradient of linear with respect to weight: wrong.
It is 0.5 times the right result.
Accepted variation: the weight is (out, in)
The smallest example on which it is wrong:
  x = [[3., 4.]]
  weight = [[5.], [6.]]
  layout = 'x W + b'
  eps = 0.125
  expected [[7.], [8.]]
  actual   [[3.5], [4. ]]
  at [1, 0]: expected 8.0, actual 4.0
Again: backproof check homework --dialect mytorch --only 'linear.gradient.weight'"""

SHAPES = """\
Asked: the gradient of linear with respect to weight: wrong.
It is 0.5 times the right result.
Accepted variation: the weight is (out, in)
The shapes of the smallest example on which it is wrong:
  x: (1, 2)
  weight: (2, 1)
  result: expected (2, 1), actual (2, 1)"""


def test_a_failure_is_told_by_level(verdict):
    """Each level in its own words, word for word."""
    failed = verdict.checks[1]
    told = {level: plain(failed, level) for level in LEVELS}
    assert told == {
        "verdict": FULL.splitlines()[0],
        "diagnosis": "\n".join(FULL.splitlines()[:3]),
        "shapes": SHAPES,
        "full": FULL,
    }


def test_an_error_is_told_by_level(verdict):
    """Its own message could repeat the inputs: short of full, only what raised, and where."""
    error = verdict.checks[2]
    asked = "Asked: the gradient of linear with respect to bias: your code gave no answer."
    short = f"{asked}\nLinear.backward raised ValueError (mytorch/linear.py, line 12)"
    assert plain(error, "verdict") == asked
    assert plain(error, "diagnosis") == short
    assert plain(error, "shapes") == short
    assert plain(error, "full").startswith(f"{asked}\nLinear.backward raised ValueError: secret")
    assert 'File "mytorch/linear.py", line 7, in backward' in plain(error, "full")


SECRETS = ("3.", "4.", "5.", "6.", "7.", "8.", "0.125", "0.625", "secret", "homework")


@pytest.mark.parametrize("level", ["verdict", "diagnosis", "shapes"])
@pytest.mark.parametrize("show", [plain, markdown])
def test_no_input_leaks_below_full(verdict, level, show):
    """Neither values nor the submission's own words about them; at full all of them stand there."""
    failed = replace(verdict.checks[1], diagnosis=None)
    told = show(failed, level) + show(verdict.checks[2], level)
    assert not [s for s in SECRETS if s in told]
    everything = show(failed) + show(verdict.checks[2])
    assert not [s for s in SECRETS if s not in everything]


@pytest.mark.parametrize("level", LEVELS)
def test_each_level_shows_what_the_one_before_it_shows(verdict, level):
    """More budget never hides anything, the place of an error apart, which its traceback holds."""
    lower = LEVELS[: LEVELS.index(level)]
    failed = replace(verdict.checks[1], counterexample=None)
    for less in lower:
        assert set(plain(failed, less).splitlines()) <= set(plain(failed, level).splitlines())


def test_a_forged_message_has_a_budget():
    """Whatever a submission calls its exception: so many characters, on one line, and no more."""
    forged = Check(
        "a.b", "a", "b", "error", 0, 0, message="9" * 500 + "\n9", traceback='File "9", line 1'
    )
    assert len(plain(forged, "diagnosis").splitlines()[1]) == 80


@pytest.mark.parametrize(
    ("prop", "words"),
    [
        ("forward", "the output of linear"),
        ("forward.running_mean", "the output running_mean of linear"),
        ("gradient.weight", "the gradient of linear with respect to weight"),
        ("kink.x[float32]", "the gradient of linear with respect to x, at its kinks, in float32"),
        ("linearity.x", "linearity, x of linear"),
    ],
)
def test_the_question_is_put_into_words(prop, words):
    """A property that has no words of its own is named."""
    assert question(Check(f"linear.{prop}", "linear", prop, "pass", 1, 0)) == words


def test_every_status_has_its_words(verdict):
    """And the message of what was not judged is there at every level that tells causes."""
    told = [plain(c, "diagnosis").splitlines()[0].rpartition(": ")[2] for c in verdict.checks]
    assert told == [
        "passed.",
        "wrong.",
        "your code gave no answer.",
        "not written yet.",
        "not decided.",
        "not judged.",
    ]
    assert plain(verdict.checks[5], "diagnosis").endswith("\nthe time was used up")


@pytest.mark.parametrize(
    ("trace", "found"),
    [
        ('  File "linear.py", line 3, in f\n  File "hw1/mlp.py", line 9\n', Place("hw1/mlp.py", 9)),
        ('  File "mytorch\\linear.py", line 3, in f\n', Place("mytorch/linear.py", 3)),
        ('  File "/etc/x.py", line 3\n', None),
        ('  File "../x.py", line 3\n', None),
        ('  File "a,line=1::x.py", line 3\n', None),
        (f'  File "{"x" * 50}.py", line 3\n', None),
        ('  File "<string>", line 3\n', None),
        ("", None),
    ],
)
def test_the_place_is_the_last_frame_of_the_submission_s_own(trace, found):
    """A name that is no plain relative path is none: it could carry anything."""
    assert place(Check("a.b", "a", "b", "error", 0, 0, traceback=trace)) == found


MARKDOWN = MarkdownIt("commonmark").enable("table")


def tokens(text: str) -> set[str]:
    """The kinds of everything in a Markdown text, inline ones too."""
    found = MARKDOWN.parse(text)
    return {t.type for t in found} | {c.type for t in found for c in t.children or ()}


ACTIVE = {
    "html_block", "html_inline", "image", "link_open", "heading_open", "table_open",
    "bullet_list_open", "ordered_list_open",
}  # fmt: skip


def test_hostile_text_is_active_as_markdown(hostile):
    """The texts are worth the trouble: each kind of activity occurs, in an ordinary fence too."""
    naive = [as_it_is for t in hostile for as_it_is in (f"a\n{t}\n|-|-|-|\n", f"```\n{t}\n```")]
    assert set().union(*map(tokens, naive)) >= ACTIVE


@pytest.mark.parametrize("level", LEVELS)
def test_hostile_text_is_inert_in_markdown(attacked: Verdict, level):
    """It stands in fences, which it cannot close."""
    for check in attacked.checks:
        assert not tokens(markdown(check, level)) & ACTIVE


def test_a_backtick_fence_is_longer_than_any_run_in_it(verdict):
    """The whole traceback is one block."""
    check = replace(verdict.checks[2], traceback="````\n# heading\n```\n")
    fences = [t for t in MARKDOWN.parse(markdown(check)) if t.type == "fence"]
    assert len(fences) == 1
    assert "# heading\n```" in fences[0].content


def test_our_own_sentences_are_escaped(verdict):
    """A diagnosis speaks of dx_hat[r, j] and a*b, which is no emphasis and no link."""
    text = "A term is missing: a_b*c*d_e [x](y) <b>."
    check = replace(verdict.checks[1], diagnosis=replace(verdict.checks[1].diagnosis, text=text))
    (inline,) = (t for t in MARKDOWN.parse(markdown(check)) if "missing" in t.content)
    assert "".join(c.content for c in inline.children) == text


def test_a_long_traceback_is_cut_and_says_so(verdict):
    """What a submission says has a limit of its own."""
    check = replace(verdict.checks[2], traceback="x" * 30_000)
    assert len(plain(check)) < 21_000
    assert "[cut: 30,000 characters]" in plain(check)


def test_a_large_example_is_shown_in_part(verdict):
    """The smallest example of a program that answers with a million numbers."""
    found = replace(verdict.checks[1].counterexample, actual=[[0.0] * 1000] * 1000, index=())
    assert len(plain(replace(verdict.checks[1], counterexample=found))) < 2000
