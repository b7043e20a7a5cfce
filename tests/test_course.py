"""A course's file: what it settles, and the line of what is wrong in it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from backproof.course import Budget, Feedback, Rule, Settings, UnmatchedPatternError
from backproof.course_file import CourseError, load

WHOLE = """\
dialect = "mytorch"
edition = "2021"
examples = 60

[points]
"*" = 1
"linear.gradient.*" = 2.5  # the heart of the matter

[visibility]
"batchnorm.*" = "after_due_date"

[budget]
request = 10
total = 480.5

[feedback]
level = "diagnosis"
after_due_date = "verdict"
"""


def written(tmp_path: Path, text: str | bytes) -> Path:
    """Write a course's file."""
    path = tmp_path / "backproof.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_whole_file_is_read(tmp_path):
    """Every key comes to where it belongs; each rule knows its line."""
    path = written(tmp_path, WHOLE)
    assert load(path) == Settings(
        dialect="mytorch",
        edition="2021",
        examples=60,
        points=(
            Rule("*", Decimal(1), f"{path}:6"),
            Rule("linear.gradient.*", Decimal("2.5"), f"{path}:7"),
        ),
        visibility=(Rule("batchnorm.*", "after_due_date", f"{path}:10"),),
        budget=Budget(request=10, check=None, total=480.5),
        feedback=Feedback(level="diagnosis", after_due_date="verdict"),
    )


def test_an_empty_file_settles_nothing(tmp_path):
    """The defaults: one point each, at once, in full."""
    settings = load(written(tmp_path, ""))
    assert settings == Settings()
    assert settings.points_of("relu.forward") == 1
    assert settings.visibility_of("relu.forward") == "visible"
    assert settings.level_of("relu.forward") == "full"


def test_the_last_rule_that_matches_holds(tmp_path):
    """Exceptions stand under what they except; what nothing matches is worth a point."""
    settings = load(written(tmp_path, WHOLE))
    worth = {
        id_: settings.points_of(id_)
        for id_ in ("linear.forward", "linear.gradient.x", "batchnorm.gradient.x")
    }
    assert worth == {
        "linear.forward": Decimal(1),
        "linear.gradient.x": Decimal("2.5"),
        "batchnorm.gradient.x": Decimal(1),
    }
    turned = '[points]\n"linear.gradient.*" = 2.5\n"*" = 3\n"linear.forward" = 0.1'
    settings = load(written(tmp_path, turned))
    assert settings.points_of("linear.gradient.x") == 3
    assert settings.points_of("linear.forward") == Decimal("0.1")


def test_the_feedback_follows_the_visibility(tmp_path):
    """A level of its own for the checks of one visibility; the course's for the others."""
    settings = load(written(tmp_path, WHOLE))
    assert settings.level_of("batchnorm.forward") == "verdict"
    assert settings.level_of("linear.forward") == "diagnosis"


def test_an_id_with_brackets_means_itself(tmp_path):
    """Brackets are a shell's wildcard too, which no id with a format would match."""
    settings = load(written(tmp_path, '[points]\n"relu.forward[float32]" = 7'))
    assert settings.points_of("relu.forward[float32]") == 7
    assert settings.points_of("relu.forward") == 1


def test_a_dialect_s_file_is_looked_for_beside_the_course_s(tmp_path):
    """A name stays a name."""
    assert load(written(tmp_path, 'dialect = "ours.py"')).dialect == str(tmp_path / "ours.py")
    assert load(written(tmp_path, 'dialect = "mytorch"')).dialect == "mytorch"


MISTAKES = {
    "vissibility = 1": (1, "unknown key 'vissibility'; did you mean 'visibility'?"),
    "[budget]\n\n# seconds\nchek = 1": (
        4,
        "unknown key 'budget.chek'; did you mean 'check'?",
    ),
    "budget = { request = 1, x = 2 }": (1, "unknown key 'budget.x'"),
    "examples = 0": (1, "examples should be greater than or equal to 1, not 0"),
    'dialect = "mytorch"\nexamples = "3"': (2, "examples should be a valid integer, not '3'"),
    "examples = true": (1, "examples should be a valid integer, not true"),
    "edition = 2021": (1, "edition should be a valid string, not 2021"),
    'dialect = ""': (1, "dialect should have at least 1 character, not ''"),
    '[points]\n"relu.*" = "4"': (2, "points.\"relu.*\" should be a number, not '4'"),
    "[points]\nrelu = true": (2, "points.relu should be a number, not true"),
    '[points]\n"relu.*" = -1': (
        2,
        'points."relu.*" should be greater than or equal to 0, not -1',
    ),
    '[points]\n"*" = inf': (2, 'points."*" should be a finite number, not Infinity'),
    '[points]\n"*" = 1.00001': (2, "should have no more than 4 decimal places, not 1.00001"),
    '[points]\n"" = 1': (2, "points.\"\" should have at least 1 character, not ''"),
    "[points]\nlinear.forward = 4": (
        2,
        "points.linear should be a number, and is a table: a pattern with dots stands in quotes",
    ),
    "[points]\n\nlinear.forward = 4\nlinear.gradient = 4": (3, "points.linear should be a number"),
    "points = 3": (1, "points should be a table, not 3"),
    "[[points]]\na = 1": (1, "points should be a table, not [{'a': 1}]"),
    "budget = 3": (1, "budget should be a table, not 3"),
    "[budget]\ncheck = 0": (2, "budget.check should be greater than 0, not 0"),
    "[budget]\ntotal = inf": (2, "budget.total should be a finite number, not Infinity"),
    '[visibility]\n"*" = "secret"': (
        2,
        "visibility.\"*\" should be 'visible', 'hidden', 'after_due_date' or 'after_published'",
    ),
    '[feedback]\nlevel = "all"': (
        2,
        "feedback.level should be 'verdict', 'diagnosis', 'shapes' or 'full', not 'all'",
    ),
    'edition = """\n2\n1\n"""\n\nnote = [\n  1,\n]\nlast = 1': (6, "unknown key 'note'"),
    "dialect = ": (1, "not TOML: Invalid value"),
    "examples = 1\nexamples = 2": (2, "not TOML: Cannot overwrite a value"),
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_named_with_its_line(tmp_path, text):
    """Unknown keys, wrong types and wrong values, in the order of the file."""
    line, said = MISTAKES[text]
    for newline in ("\n", "\r\n"):
        path = written(tmp_path, text.replace("\n", newline))
        with pytest.raises(CourseError) as raised:
            load(path)
        assert str(raised.value).startswith(f"{path}:{line}: ")
        assert said in str(raised.value)
        assert "\n" not in str(raised.value)


def test_what_is_no_toml_is_named_with_its_column(tmp_path):
    """Where the parser says where."""
    path = written(tmp_path, "examples = 1\n[points\n")
    with pytest.raises(CourseError, match=r"backproof\.toml:2:8: not TOML: Expected ']'"):
        load(path)


def test_the_first_mistake_of_several_is_named(tmp_path):
    """In the order of the lines, not of the keys."""
    with pytest.raises(CourseError, match=r":2: unknown key 'budget\.x'"):
        load(written(tmp_path, "[budget]\nx = 1\n[points]\na = true\n[feedback]\ny = 1"))


def test_a_file_that_cannot_be_read_is_said_in_one_line(tmp_path):
    """Not there, a folder, not UTF-8."""
    with pytest.raises(CourseError, match="no-such: No such file"):
        load(tmp_path / "no-such")
    with pytest.raises(CourseError, match=r"directory|denied"):  # denied: Windows
        load(tmp_path)
    with pytest.raises(CourseError, match=r"backproof\.toml:2: not UTF-8"):
        load(written(tmp_path, b"examples = 1\n# \xff\n"))


def test_a_pattern_that_matches_no_check_is_named_with_its_line(tmp_path):
    """A check that is matched, even by a rule that another one overrules, is none."""
    path = written(tmp_path, WHOLE)
    settings = load(path)
    settings.must_match(["linear.gradient.x", "batchnorm.forward"])
    with pytest.raises(UnmatchedPatternError) as raised:
        settings.must_match(["linear.forward", "batchnorm.forward"])
    assert str(raised.value).startswith(f"{path}:7: no check matches 'linear.gradient.*'")
    misspelt = load(written(tmp_path, '[visibility]\n"linaer.forward" = "hidden"'))
    with pytest.raises(UnmatchedPatternError, match=r"did you mean 'linear\.forward'"):
        misspelt.must_match(["linear.forward"])


def test_settings_cannot_be_changed(tmp_path):
    """What was graded by them stays so."""
    with pytest.raises(AttributeError):
        load(written(tmp_path, WHOLE)).examples = 1
