"""What a dialect declares, what it need not, and how a submission's edition is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backproof.candidates.candidate import Answer, Example
from backproof.candidates.dialects import DIALECTS
from backproof.candidates.dialects import dialect as rooms
from backproof.candidates.dialects.dialect import (
    Component,
    Dialect,
    Edition,
    SubmissionError,
    column,
    open_submission,
    row,
)
from backproof.candidates.script import Script

X = np.arange(6.0).reshape(3, 2)
EXAMPLE = Example({"x": X}, {}, X + 1)

# --- components ----------------------------------------------------------------------------------


class Plain(Component):
    """States what it must and nothing else."""

    operation = "relu"
    module, name = "activation", "ReLU"


class Course(Component):
    """States everything that bears on reading an answer."""

    vectors = frozenset({"y", "x"})
    elementwise = True


def test_a_component_that_says_nothing_more_takes_the_operation_as_it_is() -> None:
    """Every convention is drawn, any cotangent is put, and answers are read as they come."""
    plain = Plain()
    assert not plain.conventions
    assert plain.cotangent == "any"
    assert not plain.averaged
    assert not plain.scale
    assert not any((plain.elementwise, plain.accumulates, plain.fixes_kink))
    answer = plain.read(EXAMPLE, {"y": X}, {"x": X[:1]})
    assert answer.outputs["y"] is X
    assert answer.gradients["x"].shape == (1, 2)


def test_a_component_is_built_from_its_module_and_name() -> None:
    """Without arguments, where it does not say otherwise."""
    script = Script()
    assert script.spelled(Plain().build(script, EXAMPLE)) == "ReLU"
    assert [command[1:] for command in script.commands] == [("activation", "ReLU", [], {})]


def test_a_survey_finds_nothing_unless_it_looks() -> None:
    """And what one component finds is not another's."""

    def ask(*_: Any) -> Any:
        raise AssertionError

    first, second = Plain(), Plain()
    first.survey(ask)
    assert first.variations == []
    first.variations.append("transposed weight")
    assert second.variations == []


@pytest.mark.parametrize("method", ["forward", "backward"])
def test_a_component_has_to_say_how_it_is_called(method: str) -> None:
    """There is no way that all courses share."""
    script = Script()
    layer = Plain().build(script, EXAMPLE)
    with pytest.raises(NotImplementedError):
        getattr(Plain(), method)(script, layer, EXAMPLE)


def read(y: np.ndarray, dx: np.ndarray) -> Answer:
    """Read an answer to the example in the course's way."""
    return Course().read(EXAMPLE, {"y": y, "other": y}, {"x": dx})


@pytest.mark.parametrize("shape", [(6,), (1, 6), (6, 1)])
def test_a_vector_may_be_flat_a_row_or_a_column(shape: tuple[int, ...]) -> None:
    """Under the names that a course declares, and no others."""
    answer = read(X.reshape(shape), X)
    assert answer.outputs["y"].shape == (6,)
    assert answer.outputs["other"].shape == shape


def test_what_is_no_vector_keeps_its_shape() -> None:
    """The engine says what is wrong with it."""
    for shape in ((3, 2), (1, 3, 2), ()):
        assert read(np.zeros(shape), X).outputs["y"].shape == shape


@pytest.mark.parametrize("one", [np.float32(2), np.array(2), np.array(2.0, np.longdouble)])
def test_an_elementwise_derivative_is_multiplied_by_the_cotangent(one: Any) -> None:
    """One number stands for all entries, and leaves the cotangent's dtype alone."""
    assert np.array_equal(read(X, 3 * X).gradients["x"], 3 * X * (X + 1))
    single = Example({"x": X}, {}, EXAMPLE.cotangent.astype("float32"))
    product = Course().read(single, {}, {"x": np.asarray(one)}).gradients["x"]
    assert np.array_equal(product, 2 * (X + 1))
    assert product.dtype == np.float32


def test_an_elementwise_derivative_of_another_shape_stays() -> None:
    """Broadcasting would hide that it is wrong."""
    assert np.array_equal(read(X, X[:1, :2] + 1).gradients["x"], X[0] + 1)
    assert read(X, np.zeros((2, 3))).gradients["x"].shape == (2, 3)


def test_an_infinite_derivative_is_multiplied_without_a_warning() -> None:
    """Infinities and NaN are the engine's to judge."""
    example = Example({"x": X}, {}, np.zeros((3, 2)))
    answer = Course().read(example, {"y": X}, {"x": np.full((3, 2), np.inf)})
    assert np.isnan(answer.gradients["x"]).all()


@pytest.mark.parametrize(("shaped", "shape"), [(row, (1, 3)), (column, (3, 1))])
def test_a_layer_s_own_vectors_are_fresh_and_writeable(shaped: Any, shape: tuple[int, int]) -> None:
    """A layer may update them in place, however the example's lie in memory."""
    drawn = np.arange(6.0)[::2]
    drawn.flags.writeable = False
    handed = shaped(drawn)
    assert handed.shape == shape
    handed += 1
    assert drawn.tolist() == [0, 2, 4]
    assert handed.flags.c_contiguous


# --- editions ------------------------------------------------------------------------------------

NEW = Edition("2025", folders=("nn", "."), files=("linear.py", "loss.py"), components=())
MIDDLE = Edition("2022", ("nn",), ("linear.py", "loss.py"), (), marks=("dLdb", "debug=False"))
OLD = Edition("2021", ("src", "."), ("linear.py", "batchnorm.py", "hw1.py"), (), years=("2020",))
COURSE = Dialect("course", (NEW, MIDDLE, OLD))


def homework(folder: Path, **files: str) -> Path:
    """Write files, by paths with two underscores for a slash."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("files", "edition"),
    [
        ({"linear": ""}, NEW),
        ({"nn__linear": "", "nn__loss": ""}, NEW),
        ({"nn__linear": "dLdb", "nn__loss": "debug=False"}, MIDDLE),
        ({"nn__linear": "dLdb debug=False"}, MIDDLE),
        ({"nn__linear": "dLdb", "nn__loss": ""}, NEW),
        ({"nn__other": "dLdb debug=False", "nn__linear": ""}, NEW),
        ({"linear": "dLdb debug=False"}, NEW),
        ({"linear": "", "batchnorm": ""}, OLD),
        ({"linear": "", "loss": "", "batchnorm": ""}, NEW),
        ({"linear": "", "src__linear": ""}, NEW),
        ({"src__linear": ""}, OLD),
    ],
    ids=[
        "all alike: the newest",
        "more files",
        "its marks",
        "its marks in one file",
        "half of the marks",
        "marks in no file of its own",
        "marks in another folder",
        "more files of the old",
        "as many of each: the newest",
        "one file in two folders counts once",
        "only the old has the folder",
    ],
)
def test_the_edition_is_told_by_files_and_marks(
    tmp_path: Path, files: dict[str, str], edition: Edition
) -> None:
    """Marks first, as no later edition has them; then files; then the newest."""
    submission = open_submission(homework(tmp_path, **files), COURSE)
    assert submission.edition is edition
    assert submission.detected


@pytest.mark.parametrize("edition", COURSE.editions, ids=lambda e: e.name)
def test_an_edition_that_is_given_is_not_looked_for(tmp_path: Path, edition: Edition) -> None:
    """Whatever the code looks like."""
    path = homework(tmp_path, nn__linear="dLdb debug=False", linear="")
    submission = open_submission(path, COURSE, edition.name)
    assert submission.edition is edition
    assert not submission.detected


def test_a_year_with_the_same_hand_out_is_its_edition(tmp_path: Path) -> None:
    """The edition keeps its own name."""
    submission = open_submission(homework(tmp_path, linear=""), COURSE, "2020")
    assert (submission.edition, submission.detected) == (OLD, False)


@pytest.mark.parametrize(
    ("name", "years"),
    [
        ("mytorch", {"2020": "2021", "2021": "2021", "2022": "2022", "2025": "2025"}),
        ("uva", {"2022": "2022", "2023": "2022", "2024": "2024", "2025": "2024"}),
        ("hlcv", {"2021": "2021", "2024": "2024", "2025": "2024"}),
        ("cs231n", {"2016": "2016", "2017": "2016", "2018": "2018", "2025": "2018"}),
    ],
)
def test_every_year_that_a_course_is_known_of_is_an_edition(
    name: str, years: dict[str, str]
) -> None:
    """No year is one of two."""
    found = {year: DIALECTS[name].edition(year).name for year in years}
    assert found == years
    names = [n for edition in DIALECTS[name].editions for n in edition.names]
    assert len({*names}) == len(names)


def test_an_edition_that_there_is_not_is_refused_with_those_there_are(tmp_path: Path) -> None:
    """The newest first, as the dialect lists them."""
    with pytest.raises(LookupError) as caught:
        open_submission(homework(tmp_path, linear=""), COURSE, "2019")
    known = "the dialect course has no edition '2019'; there are: 2025, 2022, 2021, 2020"
    assert caught.value.args == (known,)


def test_modules_are_imported_from_every_folder_that_holds_some(tmp_path: Path) -> None:
    """The likeliest first; one that holds none of the files is left out."""
    path = homework(tmp_path, linear="", nn__loss="", src__linear="")
    assert open_submission(path, COURSE, "2025").import_dirs == (tmp_path / "nn", tmp_path)
    assert open_submission(path, COURSE, "2022").import_dirs == (tmp_path / "nn",)
    assert open_submission(path, COURSE, "2021").import_dirs == (tmp_path / "src", tmp_path)


def test_marks_are_not_read_from_outside_the_submission(tmp_path: Path) -> None:
    """A link leads there, and what it leads to is none of the grader's business."""
    outside = tmp_path / "linear.py"
    outside.write_text("dLdb debug=False", encoding="utf-8")
    (tmp_path / "submission").mkdir()
    path = homework(tmp_path / "submission", nn__loss="")
    (path / "nn" / "linear.py").symlink_to(outside)
    assert open_submission(path, COURSE).edition is NEW
    (path / "nn" / "linear.py").unlink()
    outside.rename(path / "nn" / "linear.py")
    assert open_submission(path, COURSE).edition is MIDDLE


def test_no_more_of_a_source_is_read_than_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it have to be text."""
    path = homework(tmp_path, nn__linear="dLdb debug=False")
    monkeypatch.setattr(rooms, "MAX_SOURCE", 10)
    assert open_submission(path, COURSE).edition is NEW
    monkeypatch.undo()
    (path / "nn" / "linear.py").write_bytes(b"\xff\x00 dLdb debug=False")
    assert open_submission(path, COURSE).edition is MIDDLE


def test_a_path_that_is_no_homework_is_refused_in_one_line(tmp_path: Path) -> None:
    """The line names the path and what is missing, of the edition that is asked for."""
    file, loop = tmp_path / "file", tmp_path / "loop"
    file.touch()
    loop.symlink_to(loop)
    (tmp_path / "linear.py").mkdir()
    for path, edition, reason in (
        (tmp_path / "absent", "", "no such file or directory"),
        (loop, "", "no such file or directory"),
        (file, "", "not a directory"),
        (tmp_path, "", "in the dialect course: no linear.py, loss.py, batchnorm.py, hw1.py"),
        (tmp_path, "2025", "in the dialect course: no linear.py, loss.py"),
    ):
        with pytest.raises(SubmissionError) as caught:
            open_submission(path, COURSE, edition)
        assert str(caught.value).startswith(f"{path}: ")
        assert str(caught.value).endswith(reason)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("method", ["is_file", "open"])
def test_a_homework_that_must_not_be_read_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """A submission can bring what the grader's user has no access to."""

    def refuse(*_: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    path = homework(tmp_path, linear="")
    monkeypatch.setattr(Path, method, refuse)
    with pytest.raises(SubmissionError) as caught:
        open_submission(path, COURSE)
    assert str(caught.value) == f"{path}: Permission denied"
