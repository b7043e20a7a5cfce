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
from collections.abc import Callable
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


def perform(command: wire.Command, results: list[Any], import_dirs: list[str]) -> Any:
    """Do what one command says, given the results of those before it in the batch."""
    if isinstance(command, wire.Create):
        made = _attribute(_module(command.module, import_dirs), command.name)
        return made(*_arguments(command.args, results), **_keywords(command.kwargs, results))
    target = results[command.target.command]
    if isinstance(command, wire.Set):
        return setattr(target, command.attribute, _argument(command.value, results))
    if isinstance(command, wire.Get):
        return _attribute(target, command.attribute)
    names = (command.method,) if isinstance(command.method, str) else command.method
    method = _attribute(target, *names)
    return method(*_arguments(command.args, results), **_keywords(command.kwargs, results))


def _module(name: str, import_dirs: list[str]) -> Any:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        # One that the submission itself imports in vain is its own error.
        if error.name and f"{name}.".startswith(f"{error.name}."):
            raise Missing(f"there is no module {name}") from None
        raise
    path = getattr(module, "__file__", None)
    if path is not None and os.path.dirname(path) not in import_dirs:
        raise Missing(f"there is no module {name}")  # only an installed one of that name
    return module


def _attribute(target: Any, *names: str) -> Any:
    """Return the first of the attributes that the target has."""
    for name in names:
        try:
            return getattr(target, name)
        except AttributeError:
            continue
    owner = getattr(target, "__name__", type(target).__name__)
    raise Missing(f"{owner} has no {' or '.join(names)}")


def _argument(value: Any, results: list[Any]) -> Any:
    """Put objects of this process in the place of what stands for them."""
    kind = type(value)
    if kind is wire.Handle:
        return results[value.command]
    if kind is wire.Initialiser:
        return _initialiser(value.array)
    if kind is tuple or kind is list:
        return kind(_argument(item, results) for item in value)
    if kind is dict:
        return {key: _argument(item, results) for key, item in value.items()}
    return value


def _arguments(args: tuple[Any, ...], results: list[Any]) -> list[Any]:
    return [_argument(value, results) for value in args]


def _keywords(kwargs: Any, results: list[Any]) -> dict[str, Any]:
    return {key: _argument(value, results) for key, value in (kwargs or {}).items()}


def _initialiser(array: Any) -> Callable[..., Any]:
    def initialise(*_args: Any, **_kwargs: Any) -> Any:
        return array.copy(order="K")

    return initialise


def answer(request: bytes, submission: str, import_dirs: list[str]) -> bytes:
    """Perform a request's commands, up to the first that fails, and encode the reply."""
    encoded: list[list[bytes]] = []
    for batch in wire.decode_request(request):
        results: list[Any] = []
        encoded.append([])
        for command in batch:
            try:
                results.append(perform(command, results, import_dirs))
                kept = isinstance(command, wire.Create)
                encoded[-1].append(wire.encode(None if kept else results[-1]))
            except BaseException as error:  # noqa: BLE001 - sys.exit() too is the submission's
                where = len(encoded) - 1, len(results) - isinstance(error, wire.WireError)
                what = _failure(error, _subject(command, results), submission)
                return wire.encode_reply(encoded, wire.Failure(*where, *what))
    return wire.encode_reply(encoded, None)


def _subject(command: wire.Command, results: list[Any]) -> str:
    """Name what a command was about, as a person would."""
    if isinstance(command, wire.Create):
        return command.name if command.module in sys.modules else f"importing {command.module}"
    owner = type(results[command.target.command]).__name__
    if not isinstance(command, wire.Call):
        return f"{owner}.{command.attribute}"
    method = command.method if isinstance(command.method, str) else command.method[-1]
    return f"{owner}.{method}"


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
    try:
        wire.write_frame(replies, wire.encode(None))  # ready: now the submission's time counts
        while True:
            request = wire.read_frame(partial(os.read, requests))
            if request is None:
                return
            reply = answer(request, submission, import_dirs)
            if len(reply) > wire.MAX_BYTES:
                what = "not-an-array", "", f"the answer takes {len(reply)} bytes", ""
                reply = wire.encode_reply([], wire.Failure(0, 0, *what))
            wire.write_frame(replies, reply)
    except OSError:
        os._exit(wire.CUT_OFF)


if __name__ == "__main__":
    main()
