"""A submission's words, made inert; texts cut to what there is room for."""

from __future__ import annotations

import json

import pytest

from backproof.report.inert import fitted, inert, shorten


def test_no_hostile_text_stays_a_command(commands, hostile):
    """The log that obeys: what it does with the texts as they are, it does not with the inert."""
    assert sum(bool(commands(text)) for text in hostile) >= 10
    assert not [text for text in hostile if commands(inert(text))]
    assert not [text for text in hostile if commands("Error: " + inert(text))]


def test_nothing_invisible_is_left(hostile):
    """What a terminal acts upon, or shows otherwise than it is, is spelled out."""
    for text in hostile:
        assert all(c.isprintable() or c in "\n\t" for c in inert(text)), text
    assert inert("\x1b[31m\N{RIGHT-TO-LEFT OVERRIDE}") == r"\x1b[31m\u202e"


def test_it_can_be_written_in_any_encoding_of_unicode(hostile):
    """Half of a surrogate pair cannot."""
    with pytest.raises(UnicodeEncodeError):
        "".join(hostile).encode()
    for text in hostile:
        assert json.loads(json.dumps(inert(text)).encode()) == inert(text)


def test_it_does_nothing_more_to_what_is_inert(hostile):
    """Twice is once."""
    for text in hostile:
        assert inert(inert(text)) == inert(text)


@pytest.mark.parametrize(
    "text", ["x[::-1]\n\ty = a[::2]", "ValueError: 3 :: 4", "größer, 勾配 ∂L/∂x", "a # [b]", ""]
)
def test_ordinary_text_stays_as_it_is(text):
    """Slices, tabs and letters of any script."""
    assert inert(text) == text


def test_windows_line_ends_are_line_ends():
    """A lone carriage return is none: a terminal would write over the line."""
    assert inert("a\r\nb\rc") == "a\nb\\rc"


@pytest.mark.parametrize("limit", [0, 5, 23, 24, 60, 100, 101])
def test_a_text_is_cut_to_the_limit_and_says_so(limit):
    """The notice has priority over the text."""
    text = "x" * 100
    cut = shorten(text, limit)
    assert len(cut) <= limit
    assert (cut == text) == (limit >= 100)
    if 24 <= limit < 100:
        assert cut.endswith("\n[cut: 100 characters]")


def test_a_report_gets_the_most_room_that_fits():
    """All of it where that fits, else halves; where nothing fits, nothing is left of the texts."""
    texts = ["x" * 400, "y" * 3]

    def build(limit: int) -> str:
        return "".join(shorten(t, limit) for t in texts)

    assert fitted(build, len, 500) == "".join(texts)
    assert 200 < len(fitted(build, len, 400)) <= 400
    assert fitted(lambda limit: "z" * (7 + limit), len, 6) == "z" * 7
