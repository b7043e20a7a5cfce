"""What the runner is asked to do, written down command after command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backproof.candidates import wire
from backproof.candidates.wire import Handle


@dataclass(frozen=True)
class Watched:
    """An array that a call could have written to.

    Attributes
    ----------
    call
        The call.
    before
        The array as it was handed over, or what it was after the call before.
    after
        What it was after this call.
    """

    call: Handle
    before: np.ndarray | Handle
    after: Handle


class Script:
    """Commands for the runner; each returns a handle to its result.

    A result stays in the runner, where later commands take it by its handle. When the script is
    run, results are asked for by their handles; each is what it was when its command ended.
    Arguments are numbers, text, arrays, handles, initialisers, and tuples, lists and dicts of them.
    """

    def __init__(self) -> None:
        self.commands: list[wire.Command] = []
        self._watched: list[Watched] | None = None
        self._states: dict[Handle, np.ndarray | Handle] = {}

    def watch(self) -> list[Watched]:
        """Watch the arrays that are arguments of calls from now on, and no longer earlier ones.

        Returns
        -------
        list of Watched
            It grows with every call, by each of these arrays.
        """
        self._watched, self._states = [], {}
        return self._watched

    def create(self, module: str, name: str, *args: Any, **kwargs: Any) -> Handle:
        """Call ``module.name``: make an object of a class, or call a function."""
        return self._call((wire.CREATE, module, name), args, kwargs)

    def call(self, target: Handle, method: str | tuple[str, ...], *args: Any, **kw: Any) -> Handle:
        """Call a method; of several names, the first that the object has."""
        return self._call((wire.CALL, target.command, method), args, kw)

    def call_if_there(self, target: Handle, method: str, *args: Any, **kwargs: Any) -> Handle:
        """Call a method that a submission may do without."""
        return self._call((wire.CALL_IF_THERE, target.command, method), args, kwargs)

    def get(self, target: Handle, attribute: str) -> Handle:
        """Get an attribute."""
        return self._append(wire.GET, target.command, attribute)

    def item(self, target: Handle, key: str | int) -> Handle:
        """Get an item of a tuple, list or dict."""
        return self._append(wire.ITEM, target.command, key)

    def find(self, target: Handle, module: str, name: str) -> Handle:
        """Find the objects of the class ``module.name`` that an object holds.

        They are in the order in which its attributes, and the lists and dicts in them, hold them.
        """
        return self._append(wire.FIND, target.command, name, module)

    def set(self, target: Handle, attribute: str, value: Any) -> Handle:
        """Set an attribute."""
        return self._append(wire.SET, target.command, attribute, wire.pack(value))

    def set_item(self, target: Handle, key: str | int, value: Any) -> Handle:
        """Set an item of a list or dict."""
        return self._append(wire.SET_ITEM, target.command, key, wire.pack(value))

    def keep(self, value: Any) -> Handle:
        """Keep a value in the runner, to be handed to several calls.

        Of an earlier result's handle: that result, as it is by now.
        """
        return self._append(wire.KEEP, wire.pack(value))

    def _call(
        self, command: tuple[Any, ...], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Handle:
        if self._watched is None:
            return self._append(*command, *_packed(args, kwargs))
        args = tuple(map(self._kept, args))
        kwargs = {name: self._kept(value) for name, value in kwargs.items()}
        call = self._append(*command, *_packed(args, kwargs))
        for array, before in self._states.items():
            self._states[array] = after = self.keep(array)
            self._watched.append(Watched(call, before, after))
        return call

    def _kept(self, value: Any) -> Any:
        """Keep an array, so that it can be looked at."""
        if not isinstance(value, np.ndarray):
            return value
        array = self.keep(value)
        self._states[array] = value
        return array

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
        owner = self.spelled(Handle(fields[0]))
        if kind in {wire.ITEM, wire.SET_ITEM}:
            return f"{owner}[{fields[1]!r}]"
        name = fields[1] if isinstance(fields[1], str) else fields[1][-1]
        return f"{owner}.{name}"

    def is_call(self, result: Handle) -> bool:
        """Whether a result is what a function or method returned."""
        return self.commands[result.command][0] in {wire.CREATE, wire.CALL, wire.CALL_IF_THERE}


def _packed(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    return [wire.pack(a) for a in args], {name: wire.pack(a) for name, a in kwargs.items()}
