"""The process in which a submission runs: ``python runner.py HOW SUBMISSION IMPORT_DIR...``.

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
    from backproof.candidates import imports, sandbox, wire
else:

    def _beside(name: str) -> Any:
        # By its path and under a private name: a submission may have a wire.py.
        path = os.path.join(HERE, f"{name}.py")
        spec = importlib.util.spec_from_file_location(f"_backproof_{name}", path)
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        return module

    imports, sandbox, wire = map(_beside, ("imports", "sandbox", "wire"))


class Missing(Exception):
    """The submission has no such module, class, method or attribute."""


def perform(command: Any, results: list[Any], import_dirs: list[str]) -> Any:
    """Do what one command says, given the results of those before it in the script."""
    kind = command[0]
    if kind == wire.KEEP:
        return wire.unpack(command[1], results)
    if kind == wire.CREATE:
        _, module, name, args, kwargs = command
        made = _attribute(_module(module, import_dirs), name)
        return _called(made, args, kwargs, results)
    target = results[command[1]]
    if kind in (wire.CALL, wire.CALL_IF_THERE):
        *_, names, args, kwargs = command
        names = (names,) if isinstance(names, str) else names
        if kind == wire.CALL_IF_THERE and not hasattr(target, names[0]):
            return None
        return _called(_attribute(target, *names), args, kwargs, results)
    if kind == wire.GET:
        return _attribute(target, command[2])
    if kind == wire.ITEM:
        return _item(target, command[2])
    if kind == wire.FIND:
        *_, name, module = command
        return _held(target, _attribute(_module(module, import_dirs), name), set())
    value = wire.unpack(command[3], results)
    if kind == wire.SET:
        return setattr(target, command[2], value)
    target[command[2]] = value
    return None


def _called(function: Any, args: Any, kwargs: Any, results: list[Any]) -> Any:
    unpack = wire.unpack
    return function(
        *[unpack(a, results) for a in args], **{k: unpack(a, results) for k, a in kwargs.items()}
    )


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
        raise Missing
    try:
        return target[key]
    except (KeyError, IndexError):
        raise Missing from None


def _held(holder: Any, kind: type, seen: set[int]) -> list[Any]:
    """Return the objects of a class among the attributes of an object, at any depth."""
    if id(holder) in seen:
        return []
    seen.add(id(holder))
    if isinstance(holder, kind):
        return [holder]
    if isinstance(holder, (list, tuple)):
        parts = list(holder)
    elif isinstance(holder, dict):
        parts = list(holder.values())
    elif type(holder).__module__ == "builtins":  # a module, a class, a function
        parts = []
    else:
        parts = list(getattr(holder, "__dict__", {}).values())
    return [found for part in parts for found in _held(part, kind, seen)]


def answer(request: bytes, submission: str, import_dirs: list[str]) -> bytes:
    """Perform a request's scripts, up to the first command that fails, and encode the reply."""
    replies: list[list[bytes]] = []
    for commands, wanted in wire.decode_request(request):
        results: list[Any] = []
        encoded: dict[int, bytes] = {}
        try:
            for place, command in enumerate(commands):
                results.append(perform(command, results, import_dirs))
                # At once, as a later command may write to the same array.
                if place in wanted:
                    encoded[place] = wire.encode(results[place])
        except BaseException as error:  # noqa: BLE001 - sys.exit() too is the submission's
            return wire.encode_reply([], _failure(error, _subject(commands, place), submission))
        replies.append([encoded[place] for place in wanted])
    return wire.encode_reply(replies, None)


def _subject(commands: Any, place: int) -> str:
    """Name what a command is about, as a person would; `Script.spelled` does the same."""
    kind, *fields = commands[place]
    if kind == wire.KEEP:
        return "an argument"
    if kind == wire.CREATE:
        module, name = fields[:2]
        return str(name) if module in sys.modules else f"importing {module}"
    owner, what = fields[:2]
    if kind in (wire.ITEM, wire.SET_ITEM):
        return f"{_subject(commands, owner)}[{what!r}]"
    name = what if isinstance(what, str) else what[-1]
    return f"{_subject(commands, owner)}.{name}"


def _failure(error: BaseException, subject: str, submission: str) -> wire.Failure:
    if isinstance(error, wire.WireError):
        message = f"{subject} is not an array or a number: {error}"
        return wire.Failure("not-an-array", message[: wire.MAX_MESSAGE], "")
    if isinstance(error, Missing):
        message = str(error) or f"{subject} is not there"
        return wire.Failure("missing", message[: wire.MAX_MESSAGE], "")
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
    return wire.Failure(status, message[: wire.MAX_MESSAGE], trace[-wire.MAX_TRACEBACK :])


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
    how, submission, *import_dirs = sys.argv[1:]
    del sys.argv[1:]
    requests, replies = _private_streams()
    imports.install(import_dirs)
    if how == "trusted":
        confinement = sandbox.NOT_ASKED_FOR
    else:
        confinement = sandbox.enter(
            submission, imports.FORBIDDEN, bubblewrapped=how == "bubblewrapped"
        )
    sys.path[:0] = import_dirs
    send = partial(os.write, replies)
    try:
        wire.write_frame(
            send, wire.encode([confinement.tier, *confinement.missing])
        )  # ready: now the submission's time counts
        while True:
            request = wire.read_frame(partial(os.read, requests))
            if request is None:
                return
            reply = answer(request, submission, import_dirs)
            if len(reply) > wire.MAX_BYTES:
                what = f"the answer takes {len(reply)} bytes"
                reply = wire.encode_reply([], wire.Failure("not-an-array", what, ""))
            wire.write_frame(send, reply)
    except OSError:
        os._exit(wire.CUT_OFF)


if __name__ == "__main__":
    main()
