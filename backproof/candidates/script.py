"""What the runner is asked to do, written down command after command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backproof.candidates import wire
from backproof.candidates.wire import Handle


@dataclass(frozen=True)
class Watched:
    """An array that was handed to a call, to be compared with what is left of it afterwards."""

    handle: Handle
    array: np.ndarray
    call: Handle


class Script:
    """Commands for the runner; each returns a handle to its result.

    A result stays in the runner, where later commands take it by its handle, unless it is asked for
    by name when the script is run. Arguments are numbers, text, arrays, handles, initialisers, and
    tuples, lists and dicts of them.

    Attributes
    ----------
    watched
        Where `watch` was called, the arrays that were handed to calls since.
    """

    def __init__(self) -> None:
        self.commands: list[wire.Command] = []
        self.watched: list[Watched] = []
        self._watching = False

    def watch(self) -> None:
        """From now on keep the arrays that are handed to calls, as `watched`."""
        self._watching = True

    def create(self, module: str, name: str, *args: Any, **kwargs: Any) -> Handle:
        """Call ``module.name``: make an object of a class, or call a function."""
        kept, args = self._seen(args)
        return self._called(kept, wire.CREATE, module, name, args, kwargs)

    def call(self, target: Handle, method: str | tuple[str, ...], *args: Any, **kw: Any) -> Handle:
        """Call a method; of several names, the first that the object has."""
        kept, args = self._seen(args)
        return self._called(kept, wire.CALL, target, method, args, kw)

    def call_if_there(self, target: Handle, method: str, *args: Any, **kwargs: Any) -> Handle:
        """Call a method that a submission may do without."""
        return self._append(wire.CALL_IF_THERE, target, method, args, kwargs)

    def get(self, target: Handle, attribute: str) -> Handle:
        """Get an attribute."""
        return self._append(wire.GET, target, attribute)

    def item(self, target: Handle, key: str | int) -> Handle:
        """Get an item of a tuple, list or dict."""
        return self._append(wire.ITEM, target, key)

    def set(self, target: Handle, attribute: str, value: Any) -> Handle:
        """Set an attribute."""
        return self._append(wire.SET, target, attribute, value)

    def set_item(self, target: Handle, key: str | int, value: Any) -> Handle:
        """Set an item of a list or dict."""
        return self._append(wire.SET_ITEM, target, key, value)

    def keep(self, value: Any) -> Handle:
        """Keep a value in the runner, to be handed to several calls and asked for afterwards."""
        return self._append(wire.KEEP, value)

    def _seen(self, args: tuple[Any, ...]) -> tuple[list[tuple[Handle, np.ndarray]], Any]:
        """Keep the arrays among the arguments, where they are watched."""
        if not self._watching:
            return [], args
        kept = [(self.keep(a), a) if isinstance(a, np.ndarray) else (None, a) for a in args]
        return [k for k in kept if k[0] is not None], tuple(a if h is None else h for h, a in kept)

    def _called(self, kept: list[tuple[Handle, np.ndarray]], *command: Any) -> Handle:
        call = self._append(*command)
        self.watched += [Watched(handle, array, call) for handle, array in kept]
        return call

    def _append(self, *command: Any) -> Handle:
        self.commands.append(command)
        return Handle(len(self.commands) - 1)

    def spelled(self, result: Handle) -> str:
        """What a person calls the source of a result: ``Linear.forward``, ``Linear.dW``."""
        kind, *fields = self.commands[result.command]
        if kind == wire.CREATE:
            return str(fields[1])
        if kind == wire.KEEP:
            return "an argument"
        owner = self.spelled(fields[0])
        if kind in {wire.ITEM, wire.SET_ITEM}:
            return f"{owner}[{fields[1]!r}]"
        name = fields[1] if isinstance(fields[1], str) else fields[1][-1]
        return f"{owner}.{name}"

    def is_call(self, result: Handle) -> bool:
        """Whether a result is what a function or method returned."""
        return self.commands[result.command][0] in {wire.CREATE, wire.CALL, wire.CALL_IF_THERE}
