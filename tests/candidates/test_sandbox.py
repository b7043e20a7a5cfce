"""What a process can no longer do in the sandbox, each thing shown to be possible without it."""

from __future__ import annotations

import errno
import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from backproof.candidates import sandbox
from backproof.candidates.imports import FORBIDDEN
from backproof.candidates.sandbox import seccomp_program

if sys.platform != "linux":
    pytest.skip("the kernel's interfaces are Linux's", allow_module_level=True)

# -- The seccomp filter, read as the kernel reads it -----------------------------------------------

ALLOWED, KILLED, DENIED, UNKNOWN = "allowed", "killed", errno.EPERM, errno.ENOSYS
ACTIONS = {0x7FFF0000: ALLOWED, 0x80000000: KILLED}
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06

MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
I386 = 0x40000003
PID = 4321


def decide(program: bytes, architecture: int, call: int, *arguments: int) -> str | int:
    """Interpret the program: `ALLOWED`, `KILLED`, or the number of the error."""
    padded = (*arguments, *(0 for _ in range(6 - len(arguments))))
    data = struct.pack("=IIQ6Q", call, architecture, 0, *padded)
    loaded = at = 0
    while True:
        code, if_so, if_not, operand = struct.unpack_from("=HBBI", program, 8 * at)
        at += 1
        if code == LOAD:
            (loaded,) = struct.unpack_from("=I", data, operand)
        elif code == EQUAL:
            at += if_so if loaded == operand else if_not
        elif code == AT_LEAST:
            at += if_so if loaded >= operand else if_not
        else:
            assert code == RETURN
            return ACTIONS.get(operand) or operand & 0xFFFF


# Numbers on x86_64 and on aarch64, from the kernel's tables.
PASSED = {
    "read": (0, 63),
    "openat": (257, 56),
    "mmap": (9, 222),
    "futex": (202, 98),
    "getrandom": (318, 278),
    "exit_group": (231, 94),
}
REFUSED = {
    "add_key": (248, 217),
    "bpf": (321, 280),
    "capset": (126, 91),
    "chroot": (161, 51),
    "clone": (56, 220),
    "connect": (42, 203),
    "creat": (85, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "fchmodat": (268, 53),
    "fchownat": (260, 54),
    "finit_module": (313, 273),
    "fork": (57, None),
    "ftruncate": (77, 46),
    "init_module": (175, 105),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "linkat": (265, 37),
    "memfd_create": (319, 279),
    "mkdirat": (258, 34),
    "mlock": (149, 228),
    "mount": (165, 40),
    "mq_open": (240, 180),
    "open_by_handle_at": (304, 265),
    "perf_event_open": (298, 241),
    "pivot_root": (155, 41),
    "prctl": (157, 167),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "reboot": (169, 142),
    "renameat": (264, 38),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "seccomp": (317, 277),
    "sendto": (44, 206),
    "setns": (308, 268),
    "setpriority": (141, 140),
    "setuid": (105, 146),
    "setxattr": (188, 5),
    "shmget": (29, 194),
    "socket": (41, 198),
    "socketpair": (53, 199),
    "symlinkat": (266, 36),
    "timer_create": (222, 107),
    "truncate": (76, 45),
    "umount2": (166, 39),
    "unlinkat": (263, 35),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
    "utimensat": (280, 88),
    "vfork": (58, None),
}
RECENT = {
    "pidfd_send_signal": 424,
    "io_uring_setup": 425,
    "pidfd_open": 434,
    "clone3": 435,
    "openat2": 437,
    "pidfd_getfd": 438,
    "landlock_create_ruleset": 444,
    "fchmodat2": 452,
    "of a kernel to come": 2**29,
}


def cases() -> list[Any]:
    """List each call on each machine that has it, and what becomes of it."""
    tables = [(PASSED, ALLOWED), (REFUSED, DENIED)]
    tables += [({name: (number, number) for name, number in RECENT.items()}, UNKNOWN)]
    return [
        pytest.param(machine, number, expected, id=f"{machine}-{name}")
        for table, expected in tables
        for name, numbers in table.items()
        for machine, number in zip(MACHINES, numbers, strict=True)
        if number is not None
    ]


@pytest.mark.parametrize(("machine", "number", "expected"), cases())
def test_the_filter_passes_what_a_computation_needs(
    machine: str, number: int, expected: str | int
) -> None:
    """Anything else is not permitted, or unknown where libraries then take an older way."""
    assert decide(seccomp_program(machine, PID), MACHINES[machine], number) == expected


F_GETFL, F_SETOWN, F_SETSIG, F_SETLEASE = 3, 8, 10, 1024
TCGETS, TIOCSTI = 0x5401, 0x5412


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(
    ("numbers", "arguments", "expected"),
    [
        ((62, 129), (PID, 9), ALLOWED),
        ((62, 129), (PID + 1, 9), DENIED),
        ((62, 129), (0, 9), DENIED),
        ((62, 129), (2**64 - 1, 9), DENIED),
        ((200, 130), (PID, 9), ALLOWED),
        ((200, 130), (1, 9), DENIED),
        ((234, 131), (PID, PID, 6), ALLOWED),
        ((234, 131), (1, 1, 6), DENIED),
        ((72, 25), (0, F_GETFL), ALLOWED),
        ((72, 25), (0, F_SETOWN, 1), DENIED),
        ((72, 25), (0, F_SETSIG, 9), DENIED),
        ((72, 25), (0, F_SETLEASE), DENIED),
        ((16, 29), (0, TCGETS), ALLOWED),
        ((16, 29), (0, TIOCSTI), DENIED),
        ((302, 261), (0, 7, 0), ALLOWED),
        ((302, 261), (0, 7, 1), DENIED),
        ((302, 261), (0, 7, 2**32), DENIED),
    ],
)
def test_the_filter_reads_arguments(
    machine: str, numbers: tuple[int, int], arguments: tuple[int, ...], expected: str | int
) -> None:
    """Signals reach the process itself alone, and its limits are there to be read."""
    number = numbers[list(MACHINES).index(machine)]
    program = seccomp_program(machine, PID)
    assert decide(program, MACHINES[machine], number, *arguments) == expected


@pytest.mark.parametrize(
    ("machine", "architecture", "number"),
    [
        ("x86_64", I386, 0),
        ("x86_64", MACHINES["aarch64"], 63),
        ("x86_64", MACHINES["x86_64"], 2**30),  # x32's read
        ("aarch64", MACHINES["x86_64"], 0),
    ],
)
def test_a_call_by_another_machines_numbers_ends_the_process(
    machine: str, architecture: int, number: int
) -> None:
    """The numbers mean other calls there."""
    assert decide(seccomp_program(machine, PID), architecture, number) == KILLED


def test_a_machine_whose_calls_are_not_listed_has_no_filter() -> None:
    with pytest.raises(OSError, match="riscv64"):
        seccomp_program("riscv64", PID)


# -- A process that enters -------------------------------------------------------------------------

on_this_kernel = pytest.mark.skipif(
    not sandbox._landlock_abi(),  # noqa: SLF001
    reason="this kernel has no Landlock, or has it turned off",
)

# Loads the sandbox by its path, and where NumPy is used, after it, as the runner does.
PREAMBLE = """
import ctypes, fcntl, importlib.machinery, importlib.util, json, os, pathlib, resource, signal
import socket, subprocess, sys, threading, time

spec = importlib.util.spec_from_file_location("_sandbox", sys.argv[1])
sandbox = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = sandbox
spec.loader.exec_module(sandbox)

def enter(**options):
    return sandbox.enter(sys.argv[2], sys.argv[3].split(","), **options)

def attempt(expression):
    try:
        eval(expression)
    except BaseException as error:
        return type(error).__name__
    return "done"
"""


def child(folder: Path, code: str, *, path: str = sandbox.__file__) -> Any:
    """Run code after the preamble, as the runner is started, and return what it prints as JSON."""
    names = ",".join(FORBIDDEN)
    code = "import numpy as np\n" * ("np." in code) + PREAMBLE + dedent(code)
    done = subprocess.run(
        [sys.executable, "-s", "-B", "-c", code, path, str(folder), names],
        cwd=folder,
        env={"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        encoding="utf-8",
        start_new_session=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# What a submission tries, and the exception that it meets. Without the sandbox each is possible.
ACTS = {
    "read a file of the system": ("open('/etc/passwd').read()", "PermissionError"),
    "read beside its folder": ("open('../secret').read()", "PermissionError"),
    "read through a link": ("open('link').read()", "PermissionError"),
    "list a folder elsewhere": ("os.listdir('/etc')", "PermissionError"),
    "look at the grader": ("open(f'/proc/{os.getppid()}/status')", "PermissionError"),
    "look at itself": ("open('/proc/self/environ')", "PermissionError"),
    "write in its folder": ("open('new', 'w')", "PermissionError"),
    "write to a file of its own": ("open('own', 'r+')", "PermissionError"),
    "write beside its folder": ("open('../new', 'w')", "PermissionError"),
    "empty a file": ("os.truncate('own', 0)", "PermissionError"),
    "change a mode": ("os.chmod('own', 0o777)", "PermissionError"),
    "set a time": ("os.utime('own')", "PermissionError"),
    "make a folder": ("os.mkdir('made')", "PermissionError"),
    "make a link": ("os.symlink('own', 'linked')", "PermissionError"),
    "rename": ("os.rename('renamed', 'renamed too')", "PermissionError"),
    "remove": ("os.remove('removed')", "PermissionError"),
    "fork": ("os.fork() or os._exit(0)", "PermissionError"),
    "run a program": ("subprocess.run(['true'])", "PermissionError"),
    "start a thread": ("threading.Thread(target=int).start()", "RuntimeError"),
    "open a socket": ("socket.socket()", "PermissionError"),
    "open a local socket": ("socket.socket(socket.AF_UNIX)", "PermissionError"),
    "open a pair of sockets": ("socket.socketpair()", "PermissionError"),
    "signal the grader": ("os.kill(os.getppid(), 0)", "PermissionError"),
    "signal its group": ("os.kill(0, 0)", "PermissionError"),
    "have the grader signalled": (
        "fcntl.fcntl(0, fcntl.F_SETOWN, os.getppid())",
        "PermissionError",
    ),
    "raise its limits": ("resource.setrlimit(resource.RLIMIT_CPU, (9, 9))", "ValueError"),
    "hold 1 GiB": ("np.empty(2**27)", "MemoryError"),
    "open a hundred files": ("[open(os.devnull) for _ in range(100)]", "OSError"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a submission's folder, which only its owner may look into."""
    folder = tmp_path_factory.mktemp("course") / "submission"
    folder.mkdir(mode=0o700)
    (folder / "layer.py").write_text("answer = 42\n", "utf-8")
    (folder.parent / "secret").write_text("secret", "utf-8")
    (folder / "link").symlink_to("../secret")
    for name in ("own", "renamed", "removed"):
        (folder / name).write_text(name, "utf-8")
    return folder


def attempts(folder: Path, before: str) -> Any:
    """Try every act in one process."""
    expressions = {name: expression for name, (expression, _) in ACTS.items()}
    return child(
        folder,
        f"""
        {before}
        outcome = {{name: attempt(act) for name, act in {expressions!r}.items()}}
        print(json.dumps(outcome))
        """,
    )


@pytest.fixture(scope="module")
def confined(folder: Path) -> Any:
    """Tell what came of each act in the sandbox."""
    return attempts(folder, "enter()")


@on_this_kernel
@pytest.mark.parametrize("act", ACTS)
def test_in_the_sandbox_it_fails(confined: Any, act: str) -> None:
    """With an exception, which the student sees."""
    assert confined[act] == ACTS[act][1]


def test_without_the_sandbox_all_of_it_is_possible(folder: Path, tmp_path: Path) -> None:
    """So it is the sandbox that the acts fail of."""
    copy = shutil.copytree(folder, tmp_path / "copy", symlinks=True)
    (tmp_path / "secret").write_text("secret", "utf-8")
    assert {act for act, came in attempts(copy, "").items() if came != "done"} == set()


NEEDED = (
    "__import__('layer')",
    "os.listdir('.')",
    "open('own').read()",
    "__import__('numpy.polynomial.chebyshev')",
    "__import__('sqlite3').connect(':memory:')",
    "__import__('ssl')",
    "__import__('decimal')",
    "np.ones((300, 300)) @ np.ones((300, 300))",
    "np.linalg.svd(np.eye(50))",
    "[np.empty(100 * 2**20, np.uint8) for _ in range(9)]",
    "print('unseen', file=open(os.devnull, 'w'))",
    "os.urandom(8)",
    "open('/dev/urandom', 'rb').read(8)",
    "time.sleep(0.001)",
    "os.getppid()",
    "os.kill(os.getpid(), 0)",
    "signal.signal(signal.SIGALRM, int) and signal.alarm(0)",
    "os.pipe()",
    "ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 3)()",
    "resource.getrlimit(resource.RLIMIT_AS)",
    "os.isatty(0)",
    "os.cpu_count()",
)


@on_this_kernel
def test_what_a_computation_needs_goes_on(folder: Path) -> None:
    """Python's modules and NumPy's are read, arrays are made, and noise is thrown away."""
    outcome = child(
        folder,
        f"""
        enter()
        sys.path.insert(0, "")
        print(json.dumps({{act: attempt(act) for act in {NEEDED!r}}}))
        """,
    )
    assert {act for act, came in outcome.items() if came != "done"} == set()


@on_this_kernel
def test_the_confinement_is_told_and_the_user_is_nobody(folder: Path) -> None:
    """Everything on this list is entered on a kernel that has it."""
    told, users, groups, limits = child(
        folder,
        """
        told = enter(cpu_seconds=77)
        names = ("CPU", "FSIZE", "NPROC", "NOFILE", "CORE", "MEMLOCK", "STACK")
        limits = [resource.getrlimit(getattr(resource, f"RLIMIT_{name}")) for name in names]
        print(json.dumps([told, os.getresuid() + os.getresgid(), os.getgroups(), limits]))
        """,
    )
    tier, abi, missing = told
    assert (tier, missing) == ("landlock+seccomp", [])
    assert abi >= 1
    if os.geteuid() == 0:
        assert (set(users), groups) == ({sandbox.NOBODY}, [])
    else:
        assert users == [*os.getresuid(), *os.getresgid()]
    assert limits == [[n, n] for n in (77, 0, 0, sandbox.DESCRIPTORS, 0, 0, sandbox.STACK)]


@on_this_kernel
def test_no_program_takes_the_process_over(folder: Path) -> None:
    """Which without the sandbox would be the end of the test's process."""
    outcome = child(
        folder,
        """
        enter()
        print(json.dumps(attempt("os.execv('/bin/true', ['true'])")))
        """,
    )
    assert outcome == "PermissionError"


def test_a_limit_that_is_lower_already_stays(folder: Path) -> None:
    told, limit = child(
        folder,
        """
        resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
        told = enter()
        print(json.dumps([told.missing, resource.getrlimit(resource.RLIMIT_NOFILE)]))
        """,
    )
    assert told == []
    assert limit == [32, 32]


# -- Degrees ---------------------------------------------------------------------------------------


@on_this_kernel
@pytest.mark.parametrize(
    ("before", "options", "tier", "reasons"),
    [
        ("", "bubblewrapped=True", "bubblewrap+landlock+seccomp", []),
        (
            "sandbox._CREATE_RULESET = 9999",
            "",
            "seccomp",
            ["landlock: Function not implemented"],
        ),
        (
            "sandbox._ARCHITECTURES.clear()",
            "",
            "landlock",
            ["seccomp: the system calls of"],
        ),
        (
            "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
            "",
            "seccomp",
            ["landlock: another thread runs"],
        ),
        (
            "sandbox._CREATE_RULESET = 9999; sandbox._ARCHITECTURES.clear()",
            "bubblewrapped=True",
            "bubblewrap",
            ["landlock: ", "seccomp: "],
        ),
        (
            "sandbox._CREATE_RULESET = 9999; sandbox._ARCHITECTURES.clear()",
            "",
            "rlimits",
            ["landlock: ", "seccomp: "],
        ),
        ("sandbox.sys.platform = 'darwin'", "", "rlimits", []),
        ("sandbox.sys.platform = 'win32'", "", "none", ["Windows has no limits"]),
    ],
)
def test_what_is_missing_is_left_out_and_said(
    folder: Path, before: str, options: str, tier: str, reasons: list[str]
) -> None:
    """The rest is entered all the same."""
    told = child(folder, f"{before}\nprint(json.dumps(enter({options})), flush=True)\nos._exit(0)")
    assert told[0] == tier
    assert len(told[2]) == len(reasons)
    for found, reason in zip(told[2], reasons, strict=True):
        assert found.startswith(reason)
    assert (told[1] > 0) == ("landlock" in tier)


def test_limits_alone_still_end_what_needs_a_file(folder: Path) -> None:
    """Where neither Landlock nor a filter is to be had, as on macOS."""
    outcome = child(
        folder,
        """
        sandbox.sys.platform = "darwin"
        enter()
        print(json.dumps(attempt("open('grown', 'wb', buffering=0).write(b'x')")))
        """,
    )
    assert outcome == "OSError"


@pytest.mark.parametrize(
    ("abi", "fields"),
    [
        (1, (0x1FFF,)),
        (2, (0x3FFF,)),
        (3, (0x7FFF,)),
        (4, (0x7FFF, 3)),
        (5, (0xFFFF, 3)),
        (6, (0xFFFF, 3, 3)),
        (7, (0xFFFF, 3, 3)),
        (99, (0xFFFF, 3, 3)),
    ],
)
def test_landlock_is_asked_for_what_its_interface_has(abi: int, fields: tuple[int, ...]) -> None:
    """Thirteen rights to files, moving between folders, truncating, device calls; TCP; scopes."""
    assert sandbox._handled(abi) == struct.pack(f"={len(fields)}Q", *fields)  # noqa: SLF001


# -- What is left out ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "torch",
        "torch.py",
        "torch.libs",
        "torch-2.13.0.dist-info",
        "libtorch.so",
        "libtorch_cpu.so.2",
    ],
)
def test_a_package_is_left_out_with_its_libraries(name: str) -> None:
    assert sandbox._is_left_out(name, {"torch"})  # noqa: SLF001


@pytest.mark.parametrize("name", ["torchvision", "pytorch", "libtorc.so", "numpy", ".torch"])
def test_another_package_is_not(name: str) -> None:
    assert not sandbox._is_left_out(name, {"torch"})  # noqa: SLF001


TORCH = "importlib.util.find_spec('torch').origin"
WAYS = {
    "import": "__import__('torch')",
    "import of a part": "__import__('sympy', fromlist=['diff'])",
    "import of the grader": "__import__('backproof.version')",
    "import of the answers": "__import__('implementations.softmax')",
    "finder": "importlib.machinery.PathFinder.find_spec('torch').loader.get_code('torch')",
    "loader": f"importlib.machinery.SourceFileLoader('torch', {TORCH}).load_module()",
    "text": f"open({TORCH}).read()",
    "text of the grader": "open(os.path.join(sys.path[-1], 'backproof', 'catalog.py')).read()",
    "library": f"ctypes.CDLL(str(next(pathlib.Path({TORCH}).parent.glob('lib/libc10.so'))))",
    "path": f"sys.path.insert(0, os.path.dirname({TORCH})) or __import__('_utils')",
}
QUICK = ("text", "text of the grader", "library")


def ways(folder: Path, before: str, names: Sequence[str]) -> dict[str, str]:
    """Try to get at what is left out, with the grader's folder on Python's path."""
    expressions = {name: WAYS[name] for name in names}
    return child(
        folder,
        f"""
        sys.path.append({str(Path(sandbox.__file__).parents[2])!r})
        {before}
        print(json.dumps({{way: attempt(act) for way, act in {expressions!r}.items()}}))
        """,
    )


@on_this_kernel
def test_forbidden_packages_are_not_even_files(folder: Path) -> None:
    """No import hook is installed here: none needs to be removed."""
    outcome = ways(folder, "enter()", tuple(WAYS))
    assert set(outcome.values()) <= {"PermissionError", "ModuleNotFoundError", "OSError"}
    assert outcome["text"] == "PermissionError"
    assert outcome["library"] == "OSError"


def test_without_the_sandbox_they_are_there(folder: Path) -> None:
    """Those that do not take seconds to import."""
    assert set(ways(folder, "", QUICK).values()) == {"done"}


@on_this_kernel
def test_an_environment_in_the_submission_is_granted_without_them(tmp_path: Path) -> None:
    """Nor does a link that the submission brings grant anything."""
    packages = tmp_path / ".venv" / "lib" / "site-packages"
    for name in ("torch", "other"):
        (packages / name).mkdir(parents=True)
        (packages / name / "__init__.py").write_text("answer = 42\n", "utf-8")
    (tmp_path / "etc").symlink_to("/etc")
    (tmp_path / "hosts").symlink_to("/etc/hosts")
    (tmp_path / "layer.py").write_text("answer = 42\n", "utf-8")
    paths = ("layer.py", "{}/other/__init__.py", "{}/torch/__init__.py", "etc/passwd", "hosts")
    paths = tuple(path.format(".venv/lib/site-packages") for path in paths)
    outcome = child(
        tmp_path,
        f"""
        sys.path.append({str(packages)!r})
        enter()
        print(json.dumps([attempt(f"open({{path!r}})") for path in {paths!r}]))
        """,
    )
    assert outcome == ["done", "done", *["PermissionError"] * 3]


@on_this_kernel
@pytest.mark.parametrize("submission", ["examples/homework", "."])
def test_a_checkout_of_the_grader_is_not_granted(tmp_path: Path, submission: str) -> None:
    """Though an editable install puts it on Python's path, and whichever holds the other."""
    files = ("backproof/candidates/sandbox.py", "implementations/relu.py", "tests/answers.py")
    for name in (*files, "examples/homework/layer.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    copy = shutil.copy(sandbox.__file__, tmp_path / files[0])
    outcome = child(
        tmp_path / submission,
        f"""
        sys.path.append({str(tmp_path)!r})
        os.chdir({str(tmp_path)!r})
        enter()
        paths = [*{files!r}, "examples/homework/layer.py"]
        print(json.dumps([attempt(f"open({{path!r}})") for path in paths]))
        """,
        path=copy,
    )
    tests = "done" if submission == "." else "PermissionError"
    assert outcome == ["PermissionError", "PermissionError", tests, "done"]
