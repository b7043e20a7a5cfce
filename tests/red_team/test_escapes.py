"""Attacks on the machine: what the sandbox and the budgets end, and what the student is told of it.

Each is code at the end of a right homework's activations, so that it is the attack that fails. What
holds for all of them, nothing written and no secret told above all, stands in conftest.py.
"""

from __future__ import annotations

import shutil
import socket
import sys
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

import backproof

if sys.platform != "linux":
    pytest.skip("the sandbox that closes files and processes is Linux's", allow_module_level=True)

NOT_PERMITTED = "Operation not permitted"
DENIED = "Permission denied"

# Done in the backward, and what the student is told.
ACTS = {
    "write a result (7)": ("open('../results.json', 'w').write('{}')", DENIED),
    "write a result and leave (8)": (
        """
try:
    open('../results.json', 'w').write('{"score": 100}')
finally:
    os._exit(0)
""",
        "ended the process with exit status 0",
    ),
    "write beside the code": ("open('mytorch/sigmoid.npy', 'wb').write(b'x')", DENIED),
    "write a summary (10)": ("open('../GITHUB_STEP_SUMMARY', 'a').write('x')", DENIED),
    "empty a result": ("os.truncate('../results.json', 0)", NOT_PERMITTED),
    "remove a result": ("os.remove('../results.json')", NOT_PERMITTED),
    "move a result": ("os.rename('../results.json', 'mytorch/results.json')", NOT_PERMITTED),
    "remove the homework": ("shutil.rmtree('mytorch')", NOT_PERMITTED),
    "unlock a result": ("os.chmod('../results.json', 0o777)", NOT_PERMITTED),
    "tell a secret (19)": ("raise ValueError(open('../secret').read())", DENIED),
    "tell the system's users": ("raise ValueError(open('/etc/passwd').read())", DENIED),
    "look round": ("raise ValueError(str(os.listdir('..')))", DENIED),
    "read the grader's environment": ("open(f'/proc/{os.getppid()}/environ').read()", DENIED),
    "read the grader's memory (14)": ("open(f'/proc/{os.getppid()}/mem', 'rb')", DENIED),
    "attach to the grader": (
        """
libc = ctypes.CDLL(None, use_errno=True)
if libc.ptrace(16, os.getppid(), None, None) < 0:
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
""",
        NOT_PERMITTED,
    ),
    "signal the grader": ("os.kill(os.getppid(), signal.SIGURG)", NOT_PERMITTED),
    "signal everyone": ("os.kill(-1, signal.SIGURG)", NOT_PERMITTED),
    "fork": ("while True: os.fork()", NOT_PERMITTED),
    "outlive its end (8)": (
        """
if not os.fork():
    os.setsid()
    time.sleep(3)
    open('../results.json', 'w').write('{}')
""",
        NOT_PERMITTED,
    ),
    "run a program": ("subprocess.run(['sh', '-c', 'echo x > ../GITHUB_ENV'])", NOT_PERMITTED),
    "become a program": ("os.execv('/bin/true', ['true'])", NOT_PERMITTED),
    "start threads": (
        "while True: threading.Thread(target=time.sleep, args=(9,)).start()",
        "thread",
    ),
    "hold 1 GiB": ("return np.ones(2**27)", "MemoryError"),
    "hold everything": ("hoard = []\nwhile True: hoard.append(np.empty(2**22))", "MemoryError"),
    "hold every descriptor": ("hoard = [open(os.devnull) for _ in range(10**5)]", "Too many open"),
    "connect": ("socket.create_connection(('127.0.0.1', 9))", NOT_PERMITTED),
    "send": ("socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))", NOT_PERMITTED),
}

BACKWARD = """
import ctypes, os, shutil, signal, socket, subprocess, sys, threading, time
class Sigmoid(Sigmoid):
    def derivative(self):
{}
        return super().derivative()
"""


@pytest.mark.parametrize("act", ACTS)
def test_the_machine_is_out_of_reach(judge: Any, act: str) -> None:
    """The act raises, in the student's own code, and the gradient has failed."""
    code, said = ACTS[act]
    verdict = judge(BACKWARD.format(indent(code, " " * 8)))
    assert verdict.verdict == "fail"
    gradient = next(check for check in verdict.checks if check.id == "sigmoid.gradient.x")
    assert said in gradient.message


def test_nothing_reaches_a_server(judge: Any) -> None:
    """One that listens beside the grader, under a name and on a port (19)."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as named:
        named.bind(f"\0backproof-{server.getsockname()[1]}")
        for listening in (server, named):
            listening.listen()
            listening.setblocking(False)  # noqa: FBT003 - its only argument
        verdict = judge(f"""
import socket
for family, address in ((2, {server.getsockname()!r}), (1, {named.getsockname()!r})):
    try:
        socket.socket(family).connect(address)
    except OSError:
        pass
""")
        for listening in (server, named):
            with pytest.raises(BlockingIOError):
                listening.accept()
    assert verdict.verdict == "pass"


# Ways to an answer that somebody else computes.
IMPORTS = {
    "torch (18)": "import torch",
    "a part of torch": "from torch.autograd import grad",
    "jax (18)": "import jax.numpy as np",
    "autograd (18)": "from autograd import elementwise_grad",
    "sympy": "from sympy import diff",
    "the grader": "import backproof",
    "the answers": "from implementations import sigmoid",
    "the formulas": "import derivations.sigmoid",
}


@pytest.mark.parametrize("way", IMPORTS)
def test_what_differentiates_is_not_imported(judge: Any, way: str) -> None:
    """And the student reads why."""
    verdict = judge(IMPORTS[way])
    assert verdict.verdict == "fail"
    assert all("may not be imported by a submission" in check.message for check in verdict.checks)


WITHOUT_HOOKS = """
import importlib, sys
from importlib.machinery import PathFinder
sys.meta_path[:] = [PathFinder]
sys.path_importer_cache.clear()
"""


@pytest.mark.parametrize("package", ["torch", "sympy", "backproof", "implementations"])
def test_without_its_hooks_an_import_finds_closed_files(judge: Any, package: str) -> None:
    """A submission can remove what refuses an import, and not what refuses to open a file."""
    verdict = judge(f"{WITHOUT_HOOKS}\nimportlib.import_module({package!r})\n")
    assert verdict.verdict == "fail"
    said = (DENIED, "No module named")
    assert all(any(text in check.message for text in said) for check in verdict.checks)


def test_plots_and_progress_bars_are_no_obstacle(judge: Any) -> None:
    """Real homework imports them at its top; they need not be installed."""
    verdict = judge("""
import matplotlib.pyplot as plt
import seaborn as sns
from IPython import display
from tqdm import tqdm
fig, ax = plt.subplots()
plt.plot([1, 2, 3])
plt.savefig("loss.png")
assert list(tqdm(range(3))) == [0, 1, 2]
""")
    assert verdict.verdict == "pass"


@pytest.mark.parametrize("target", ["../../secret", "/etc/passwd", "{package}/catalog.py"])
def test_a_link_out_of_the_folder_leads_nowhere(judge: Any, ground: Path, target: str) -> None:
    """Its text would be told in the message of a syntax error."""
    code = ground / "homework" / "mytorch" / "activation.py"
    code.unlink()
    code.symlink_to(target.format(package=Path(backproof.__file__).parent))
    verdict = judge()
    assert verdict.verdict in {"fail", "incomplete"}
    assert not any("root:" in check.message + check.traceback for check in verdict.checks)


def test_a_right_homework_behind_a_link_is_out_of_reach_too(judge: Any, ground: Path) -> None:
    """What is handed in is what is in the folder."""
    folder = ground / "homework" / "mytorch"
    shutil.move(folder, ground / "elsewhere")
    folder.mkdir()
    for path in (ground / "elsewhere").iterdir():
        (folder / path.name).symlink_to(path)
    assert judge().verdict in {"fail", "incomplete"}


# What takes time, where each request has half a second and all together have two.
DELAYS = {
    "a loop": "while True: pass",
    "a loop that catches everything (15)": (
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
    ),
    "a loop that ignores signals": (
        "for number in range(1, 32):\n"
        "    try: signal.signal(number, signal.SIG_IGN)\n"
        "    except (OSError, ValueError): pass\n"
        "while True: pass"
    ),
    "an endless sum in C": "sum(iter(int, 1))",
    "a flood of prints (16)": "while True: print('flood' * 10_000)",
    "a nap": "time.sleep(60)",
    "a stop": "os.kill(os.getpid(), signal.SIGSTOP)",
}


@pytest.mark.parametrize("delay", DELAYS)
def test_a_delay_is_ended(judge: Any, delay: str) -> None:
    """After the budget, from outside."""
    verdict = judge(BACKWARD.format(indent(DELAYS[delay], " " * 8)), request=0.5, total=2.0)
    assert verdict.verdict == "fail"
    gradient = next(check for check in verdict.checks if check.id == "sigmoid.gradient.x")
    assert "took longer than 0.5 s" in gradient.message


def test_a_recursion_without_limit_is_ended(judge: Any) -> None:
    """By the memory or by the budget, whichever is first."""
    code = BACKWARD.format(
        indent("sys.setrecursionlimit(2**30)\nreturn self.derivative()", " " * 8)
    )
    assert judge(code, request=0.5, total=2.0).verdict == "fail"


def test_many_delays_within_the_budget_end_with_the_total(judge: Any) -> None:
    """What was judged until then stays judged."""
    code = BACKWARD.format(indent("time.sleep(0.3)", " " * 8))
    verdict = judge(code, request=0.5, total=1.0, count=100)
    assert verdict.verdict in {"fail", "incomplete"}
