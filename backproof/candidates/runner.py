"""The process in which a submission runs: ``python runner.py SUBMISSION IMPORT_DIR...``.

It is started as a script and knows NumPy and the wire, never the package that grades: what is not
in this process cannot be read or patched from it. See `wire` for what it is asked.
"""

from __future__ import annotations

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
# A script's own folder leads sys.path; a submission must not find the grader's files by it.
sys.path[:] = [entry for entry in sys.path if entry != HERE]

import importlib
import importlib.util
import traceback
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backproof.candidates import wire
else:
    # By its path and under a private name: a submission may have a wire.py.
    _path = os.path.join(HERE, "wire.py")
    _spec = importlib.util.spec_from_file_location("_backproof_wire", _path)
    wire = importlib.util.module_from_spec(_spec)
    sys.modules[_spec.name] = wire
    _spec.loader.exec_module(wire)

MAX_MESSAGE = 500
MAX_TRACEBACK = 4000


class Missing(Exception):
    """The submission has no such module, class, method or attribute."""


def perform(command: Any, results: list[Any], import_dirs: list[str]) -> Any:
    """Do what one command says, given the results of those before it in the script."""
    kind = command[0]
    if kind == wire.KEEP:
        return wire.argument(command[1], results)
    if kind == wire.CREATE:
        _, module, name, args, kwargs = command
        made = _attribute(_module(module, import_dirs), name)
        return made(*wire.argument(args, results), **wire.argument(kwargs, results))
    target = wire.argument(command[1], results)
    if kind in (wire.CALL, wire.CALL_IF_THERE):
        *_, names, args, kwargs = command
        names = (names,) if isinstance(names, str) else wire.argument(names, results)
        if kind == wire.CALL_IF_THERE and not hasattr(target, names[0]):
            return None
        method = _attribute(target, *names)
        return method(*wire.argument(args, results), **wire.argument(kwargs, results))
    if kind == wire.GET:
        return _attribute(target, command[2])
    if kind == wire.ITEM:
        return _item(target, command[2])
    value = wire.argument(command[3], results)
    if kind == wire.SET:
        return setattr(target, command[2], value)
    target[command[2]] = value
    return None


def _module(name: str, import_dirs: list[str]) -> Any:
    found = sys.modules.get(name)
    if found is None:
        try:
            found = importlib.import_module(name)
        except ModuleNotFoundError as error:
            # One that the submission itself imports in vain is its own error.
            if error.name and f"{name}.".startswith(f"{error.name}."):
                raise Missing(f"there is no module {name}") from None
            raise
    path = getattr(found, "__file__", None)
    inside = [
        entry for entry in import_dirs if path is not None and path.startswith(entry + os.sep)
    ]
    if path is not None and not inside:
        raise Missing(f"there is no module {name}")  # only an installed one of that name
    return found


def _attribute(target: Any, *names: str) -> Any:
    """Return the first of the attributes that the target has."""
    for name in names:
        try:
            return getattr(target, name)
        except AttributeError:
            continue
    owner = getattr(target, "__name__", type(target).__name__)
    raise Missing(f"{owner} has no {' or '.join(names)}")


def _item(target: Any, key: Any) -> Any:
    if target is None:
        raise Missing(f"there is no {key!r}: its owner is None")
    try:
        return target[key]
    except (KeyError, IndexError):
        raise Missing(f"there is no {key!r}") from None


def answer(request: bytes, submission: str, import_dirs: list[str]) -> bytes:
    """Perform a request's scripts, up to the first command that fails, and encode the reply."""
    replies: list[list[bytes]] = []
    for commands, wanted in wire.decode_request(request):
        results: list[Any] = []
        encoded: dict[int, bytes] = {}
        try:
            for command in commands:
                results.append(perform(command, results, import_dirs))
                # At once, as a layer may write its next result into the same array.
                place = len(results) - 1
                if place in wanted and command[0] != wire.KEEP:
                    encoded[place] = wire.encode(results[place])
            replies.append([encoded.get(n) or wire.encode(results[n]) for n in wanted])
        except BaseException as error:  # noqa: BLE001 - sys.exit() too is the submission's
            # A result that cannot be sent has been appended already.
            place = min(len(results) - isinstance(error, wire.WireError), len(commands) - 1)
            what = _failure(error, _subject(commands[place], results), submission)
            return wire.encode_reply([], wire.Failure(len(replies), place, *what))
    return wire.encode_reply(replies, None)


def _subject(command: Any, results: list[Any]) -> str:
    """Name what a command was about, as a person would."""
    kind = command[0]
    if kind == wire.KEEP:
        return "an argument"
    if kind == wire.CREATE:
        _, module, name, *_ = command
        return str(name) if module in sys.modules else f"importing {module}"
    owner = type(wire.argument(command[1], results)).__name__
    if kind in (wire.ITEM, wire.SET_ITEM):
        return f"{owner}[{command[2]!r}]"
    name = command[2] if isinstance(command[2], str) else command[2][1][-1]
    return f"{owner}.{name}"


def _failure(error: BaseException, subject: str, submission: str) -> tuple[str, str, str, str]:
    """Return status, exception, message and traceback."""
    if isinstance(error, wire.WireError):
        message = f"{subject} is not an array or a number: {error}"
        return "not-an-array", str(error), message[:MAX_MESSAGE], ""
    if isinstance(error, Missing):
        return "missing", "", str(error)[:MAX_MESSAGE], ""
    status = "missing" if isinstance(error, NotImplementedError) else "raised"
    # Even str(error) is the submission's code, and may raise.
    try:
        final = traceback.format_exception_only(type(error), error)
        frames = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename.startswith(submission + os.sep)
        ]
        heading = ["Traceback (most recent call last):\n"] if frames else []
        trace = _relative("".join([*heading, *traceback.format_list(frames), *final]), submission)
        detail = _relative(str(error), submission)
    except BaseException:  # noqa: BLE001
        detail, trace = "(it cannot be printed)", ""
    message = f"{subject} raised {type(error).__name__}" + (f": {detail}" if detail else "")
    # The end of a traceback is where the error is.
    return status, type(error).__name__, message[:MAX_MESSAGE], trace[-MAX_TRACEBACK:]


def _relative(text: str, submission: str) -> str:
    """Make the submission's paths relative to its folder, and hide where Python is installed."""
    text = text.replace(submission + os.sep, "")
    for prefix in {sys.prefix, sys.base_prefix, os.path.dirname(os.__file__)}:
        text = text.replace(prefix + os.sep, "")
    return text


def _private_streams() -> tuple[int, int]:
    """Move the protocol off the standard streams, which the submission may print to and read."""
    requests, replies = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, replies


def main() -> None:
    """Answer requests until the grader closes its end."""
    submission, *import_dirs = sys.argv[1:]
    del sys.argv[1:]
    requests, replies = _private_streams()
    sys.path[:0] = import_dirs
    send = partial(os.write, replies)
    try:
        wire.write_frame(send, wire.encode("none"))  # ready: now the submission's time counts
        while True:
            request = wire.read_frame(partial(os.read, requests))
            if request is None:
                return
            reply = answer(request, submission, import_dirs)
            if len(reply) > wire.MAX_BYTES:
                what = "not-an-array", "", f"the answer takes {len(reply)} bytes", ""
                reply = wire.encode_reply([], wire.Failure(0, 0, *what))
            wire.write_frame(send, reply)
    except OSError:
        os._exit(wire.CUT_OFF)


if __name__ == "__main__":
    main()
