"""Attacks on the verdict: each ends in fail or incomplete, or gains nothing by what it does.

Each is code at the end of a right homework's activations, where the last definition of a class is
the one that counts. Numbers are those of a list of the ways in which autograders were cheated.
What holds for all of them stands in conftest.py, with `judge`.
"""

from __future__ import annotations

import os
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from backproof import homework
from backproof.verdict import Verdict

WRONG = """
class Sigmoid(Sigmoid):
    def derivative(self):
        return 0.3 + 0 * self.state
"""

# Beside a wrong gradient, something that is to make it pass.
HIDES = {
    "patched comparisons (2)": """
np.allclose = np.isclose = np.array_equal = lambda *_, **__: True
np.testing.assert_allclose = np.testing.assert_array_equal = lambda *_, **__: None
""",
    "patched arithmetic": """
np.abs = np.absolute = np.subtract = np.nextafter = lambda *_, **__: np.float64(0)
np.isfinite = np.isnan = lambda *_, **__: np.False_
""",
    "a patched runner": """
import sys
runner = sys.modules["__main__"]
runner.answer = runner.perform = lambda *_: np.float64(0)
""",
    "a patched protocol": """
import sys
wire = sys.modules["_backproof_wire"]
for name in [name for name in vars(wire) if name.startswith("encode")]:
    setattr(wire, name, lambda *_: b"")
""",
    "patched builtins": """
import builtins
builtins.isinstance = builtins.all = builtins.any = lambda *_: True
""",
    "the expected value in a frame or on the heap (3)": """
import gc, sys
def others(frame):
    while frame:
        yield from (frame.f_locals.get(name) for name in ("expected", "reference", "answer"))
        frame = frame.f_back
class Sigmoid(Sigmoid):
    def derivative(self):
        heap = [thing for thing in gc.get_objects() if isinstance(thing, dict)]
        kept = [thing.get("expected") for thing in heap]
        for found in (*others(sys._getframe()), *kept):
            if isinstance(found, np.ndarray) and found.shape == self.state.shape:
                return found
        return super().derivative()
""",
    "a trace through the runner": """
import sys
def trace(frame, event, argument):
    for name in {"expected", "reference"} & set(frame.f_locals):
        Sigmoid.derivative = lambda self: frame.f_locals[name]
    return trace
sys.settrace(trace)
""",
    "a score on the last line (6)": """
import atexit
score = '{"scores": {"Problem": 100}, "scoreboard": [100]}'
print(score)
atexit.register(print, score, flush=True)
""",
    "workflow commands (9)": """
import os
os.write(1, b"::notice title=Autograding::all points\\n")
os.write(2, b"::stop-commands::never\\n")
""",
    "an input that is changed before the reference reads it (5)": """
class Sigmoid(Sigmoid):
    def forward(self, x):
        x[...] = 0
        return super().forward(x)
    def derivative(self):
        return 0.25 + 0 * self.state
""",
    "a right answer to the first question alone": """
class Sigmoid(Sigmoid):
    asked = 0
    def derivative(self):
        Sigmoid.asked += 1
        return self.state * (1 - self.state) if Sigmoid.asked == 1 else super().derivative()
""",
    "a right answer until it is asked often": """
class Sigmoid(Sigmoid):
    asked = 0
    def forward(self, x):
        Sigmoid.asked += 1
        return super().forward(x) + (Sigmoid.asked > 2)
""",
    "a forward that its backward fits": """
class Sigmoid(Sigmoid):
    def forward(self, x):
        self.state = super().forward(x) * 0 + 0.5
        return self.state
    def derivative(self):
        return 0 * self.state
""",
    "a derivative for one row alone": """
class Sigmoid(Sigmoid):
    def derivative(self):
        return self.state[:1] * (1 - self.state[:1])
""",
}


@pytest.mark.parametrize("attack", HIDES)
def test_what_hides_a_wrong_gradient_does_not_hide_it(judge: Any, attack: str) -> None:
    """Where the comparison is, nothing of the submission is."""
    assert judge(WRONG + HIDES[attack], count=3).verdict == "fail"


# Instead of a gradient, and what is then said of it.
GIVES = {
    "raise SystemExit": "raised SystemExit",
    "import os; os._exit(0)": "ended the process with exit status 0",  # (1)
    "import ctypes; ctypes.string_at(0)": "ended the process by SIGSEGV",  # (16)
    "import os; os.kill(0, 9)": "",
    "return self.derivative()": "RecursionError",
    "raise type('Pass\\n::notice::', (Exception,), {'__str__': lambda self: 1 / 0})": "raised Pass",
    "raise ValueError('\\x1b[2J\\r{\"score\": 1}\\n' * 99)": "raised ValueError",
    "return 'x' * 10**7": "",
    "return 10**5000": "",
    "return (entry for entry in self.state)": "generator",
    "nest = []; nest.append(nest); return nest": "",
    "return __import__('functools').reduce(lambda x, _: [x], range(10**5), [])": "",
    "return self.state.astype(object)": "object",
    "return np.ma.masked_array(self.state, True)": "Masked",
    "return np.zeros(2**27)": "",
    "return np.broadcast_to(1.0, (2**20, 2**20))": "",
    "return np.zeros((0, 2**40))": "",
    "return self.state.reshape((1,) * 20 + self.state.shape)": "",
    "return np.full_like(self.state, np.nan)": "",
    "return np.full_like(self.state, np.inf)": "",
    "return self.state * (1 - self.state) * 1j": "",
}


@pytest.mark.parametrize("body", GIVES)
def test_what_is_no_gradient_fails(judge: Any, body: str) -> None:
    """Whether it ends the process, is no array of numbers, or is too much of one."""
    method = indent(f"def derivative(self):\n    {body}", "    ")
    verdict = judge(f"class Sigmoid(Sigmoid):\n{method}\n")
    assert verdict.verdict == "fail"
    gradient = next(check for check in verdict.checks if check.id == "sigmoid.gradient.x")
    assert GIVES[body] in gradient.message
    assert len(gradient.message) <= 500
    assert gradient.message.isprintable()


# Objects that are not what they seem, each made by `Seems.of` of the wrong gradient.
SEEMS = {
    "equal to everything (4)": """
class Seems:
    of = lambda gradient: Seems()
    __eq__ = __le__ = __lt__ = lambda self, other: True
""",
    "an array by its class": """
class Seems:
    of = lambda gradient: Seems()
    __class__ = np.ndarray
    dtype, shape, ndim, nbytes = np.dtype(float), (1,), 1, 8
""",
    "an array by its protocols (4)": """
class Seems:
    of = lambda gradient: Seems()
    __array_function__ = __array_ufunc__ = lambda self, *_, **__: np.True_
    __array__ = lambda self, *_, **__: np.zeros(1)
""",
    "a pickle that acts (13)": """
class Seems:
    of = lambda gradient: Seems()
    __reduce__ = lambda self: (__import__("os")._exit, (0,))
""",
    "an array that compares": """
class Seems(np.ndarray):
    of = lambda gradient: gradient.view(Seems)
    __eq__ = __ne__ = __lt__ = __le__ = lambda self, other: np.True_
""",
    "an array that computes": """
class Seems(np.ndarray):
    of = lambda gradient: gradient.view(Seems)
    __array_ufunc__ = __array_function__ = lambda self, *_, **__: np.True_
""",
    "an array that acts when it is copied": """
class Seems(np.ndarray):
    of = lambda gradient: gradient.view(Seems)
    def __array_finalize__(self, other):
        np.isfinite = lambda *_, **__: np.True_
""",
    "an array that lies about its shape": """
class Seems(np.ndarray):
    of = lambda gradient: gradient.reshape(-1).view(Seems)
    shape = property(lambda self: (2**40, 2**40))
""",
}


@pytest.mark.parametrize("attack", SEEMS)
def test_nothing_is_taken_for_what_it_seems(judge: Any, attack: str) -> None:
    """Only numbers leave the runner."""
    returned = (
        "class Sigmoid(Sigmoid):\n    derivative = lambda self: Seems.of(0.3 + 0 * self.state)"
    )
    assert judge(f"{SEEMS[attack]}\n{returned}\n").verdict == "fail"


# Done to the descriptors that a request and its reply pass through, wherever they are.
DESCRIPTORS = {
    "a frame that is not to end": "os.write(descriptor, b'\\xff' * 64)",
    "an empty frame": "os.write(descriptor, bytes(64))",
    "an array that claims 32 GiB (17)": """os.write(
                descriptor, struct.pack("<QcBBBQQ", 35, b"A", 4, 0, 1, 2**35, 2**32)
            )""",
    "text": 'os.write(descriptor, b\'{"verdict": "pass"}\\n\')',
    "closed": "os.close(descriptor)",
    "turned elsewhere": "os.dup2(nothing, descriptor)",
    "read": "os.set_blocking(descriptor, False); os.read(descriptor, 99)",
}


@pytest.mark.parametrize("attack", DESCRIPTORS)
def test_who_meddles_with_the_protocol_has_no_answer(judge: Any, attack: str) -> None:
    """The rest of what it answers is not right either: the attack would have to be."""
    verdict = judge(f"""
import os, struct
class Sigmoid(Sigmoid):
    def derivative(self):
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in range(3, nothing):
            try:
                {DESCRIPTORS[attack]}
            except OSError:
                pass
        return 0.3 + 0 * self.state
""")
    assert verdict.verdict == "fail"


@pytest.mark.parametrize(
    "code",
    [
        "import sys; sys.exit(0)",
        "import os; os._exit(0)",
        "raise KeyboardInterrupt",
        "raise GeneratorExit",
        "import ctypes; ctypes.string_at(0)",
        "class Sigmoid(Sigmoid):\n    def forward(self, x): raise SystemExit",
        "class Sigmoid(Sigmoid):\n    def __init__(self): __import__('os')._exit(0)",
        "import os; os.environ['GITHUB_ENV']",  # (10)
        "import os; os.environ['GITHUB_TOKEN']",
    ],
)
def test_leaving_early_fails(judge: Any, code: str) -> None:
    """A submission that is not there any more has answered nothing."""
    assert judge(code).verdict == "fail"


@pytest.mark.parametrize(
    "code",
    [
        "del Sigmoid",
        "class Sigmoid(Sigmoid):\n    def derivative(self): raise NotImplementedError",
        "class Sigmoid(Sigmoid):\n    def derivative(self): pass",
    ],
)
def test_what_evades_judgement_is_incomplete(judge: Any, code: str) -> None:
    """What could not be judged has not passed."""
    verdict = judge(code)
    assert (verdict.verdict, verdict.exit_code) == ("incomplete", 3)


# Beside a right gradient: these gain nothing, and cost nothing.
NOISE = {
    "scores and commands (6, 9)": """
import atexit
for line in ('{"scores": {"Problem": 0}}', "::error::all wrong", "\\x1b[2J"):
    print(line)
    atexit.register(print, line)
""",
    "a flood (16)": "for _ in range(50): print('flood' * 10_000)",
    "closed streams": "import sys\nsys.stdout.close()\nsys.stderr = sys.stdin = None",
    "errors of NumPy": "np.seterr(all='raise')\nnp.set_printoptions(precision=0)",
    "warnings": "import warnings\nwarnings.warn('all wrong')",
    "a folder of its own": "import os\nos.chdir('/')",
}


@pytest.mark.parametrize("noise", NOISE)
def test_noise_beside_right_answers_is_only_noise(judge: Any, noise: str) -> None:
    """A homework is judged by its answers: this one's are right."""
    assert judge(NOISE[noise]).verdict == "pass"


FILES = (
    "conftest.py",  # (11)
    "test_homework.py",  # (11)
    "pytest.ini",
    "setup.py",
    "sitecustomize.py",
    "usercustomize.py",
    "numpy.py",
    "struct.py",
    "mytorch/__init__.py",
    "mytorch/conftest.py",
    "mytorch/numpy.py",
    "mytorch/struct.py",
    "mytorch/wire.py",
    "mytorch/weights.pkl",  # (13)
    ".github/workflows/grade.yml",  # (12)
)


@pytest.fixture
def littered(ground: Path) -> None:
    """Put the files beside the homework."""
    for name in FILES:
        path = ground / "homework" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("import os\nprint('::notice::all points')\nos._exit(0)\n", "utf-8")


def test_files_that_nobody_asked_for_are_not_run(judge: Any, littered: None) -> None:
    """Neither by the grader nor by the runner, which has its own modules already."""
    assert judge().verdict == "pass"


def test_files_beside_a_wrong_gradient_do_not_make_it_right(judge: Any, littered: None) -> None:
    """It is judged by its numbers, as it is without them."""
    verdict = judge(WRONG)
    assert verdict.verdict == "fail"
    found = {check.id: check for check in verdict.checks}
    assert found["sigmoid.forward"].status == "pass"
    assert found["sigmoid.gradient.x"].counterexample is not None


def test_links_in_circles_lead_nowhere(judge: Any, ground: Path) -> None:
    """Nobody walks through a homework."""
    (ground / "homework" / "mytorch" / "self").symlink_to("self")
    (ground / "homework" / "mytorch" / "above").symlink_to("../..")
    assert judge().verdict == "pass"


def test_a_right_homework_passes_on_this_ground(judge: Any) -> None:
    """So an attack that fails has failed by itself."""
    assert judge().verdict == "pass"


def test_a_wrong_one_fails_without_an_attack(judge: Any) -> None:
    """So what hides it would have to hide something."""
    verdict = judge(WRONG)
    statuses = {check.id: check.status for check in verdict.checks}
    assert statuses["sigmoid.forward"] == "pass"
    assert statuses["sigmoid.gradient.x"] == "fail"


@pytest.mark.parametrize("trace", ["wrote", "printed"])
def test_a_trace_of_an_attack_would_be_noticed(
    judge: Any, ground: Path, monkeypatch: pytest.MonkeyPatch, trace: str
) -> None:
    """What conftest.py looks for is found when it is there."""

    def leaves_it(*_: Any, **__: Any) -> Verdict:
        if trace == "wrote":
            (ground / "GITHUB_ENV").write_text("PATH=.", "utf-8")
        else:
            os.write(1, b"::notice::all points")
        return Verdict(())

    monkeypatch.setattr(homework, "judge", leaves_it)
    with pytest.raises(AssertionError, match="GITHUB_ENV" if trace == "wrote" else "all points"):
        judge()


def test_a_secret_in_the_record_would_be_noticed(judge: Any, ground: Path) -> None:
    """The homework knows this one by heart."""
    known = (ground / "secret").read_text("utf-8")
    with pytest.raises(AssertionError, match=known):
        judge(f"raise ValueError({known!r})")
