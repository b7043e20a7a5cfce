"""Requests and replies as bytes, between the grader and the runner.

A frame is eight bytes of length, then its content. A request is made by the grader, who is
trusted, so the interpreter's own `marshal` carries it. A reply comes from a process that a
submission shares, so nothing that reads it can run code or claim more memory than it brought: one
byte of tag for each value, then its content.

Both sides load this file, the runner by its path: it needs the standard library and NumPy alone,
and keeps to the syntax of Python 3.8, as a course may pin an old NumPy.
"""

from __future__ import annotations

import marshal
import math
import struct
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Tuple  # noqa: UP035 - evaluated, for Python 3.8

import numpy as np

MAX_BYTES = 256 * 2**20
"""The largest frame, and so the largest array, in bytes."""

MAX_VALUES = 1_000_000
"""The most values in a frame: a ``None`` is one byte here and dozens in Python."""

MAX_DEPTH = 12
"""The deepest nesting of tuples, lists and dicts; also what ends a list that holds itself."""

MAX_NDIM = 8

MAX_MESSAGE = 500
MAX_TRACEBACK = 4000

CUT_OFF = 70
"""The exit status of a runner that finds its streams closed."""

# A dtype's code is its place. On platforms whose long double is a double, the two are equal
# and the earlier code stands for both.
_DTYPES = tuple(
    np.dtype(kind) for kind in (np.bool_, np.int32, np.int64, np.float32, np.float64, np.longdouble)
)
_CODES = {dtype: code for code, dtype in reversed(list(enumerate(_DTYPES)))}

_FORTRAN, _READ_ONLY, _STRIDED = 1, 2, 4

_CHUNK = 64 * 1024  # what a pipe holds

_MARSHAL = 2  # the version that every Python reads alike

_LENGTH = struct.Struct("<Q")
_COUNT = struct.Struct("<I")
_INT = struct.Struct("<q")
_FLOAT = struct.Struct("<d")
_ARRAY = struct.Struct("<BBBQ")  # dtype, layout, ndim, bytes
_SHAPES = tuple(struct.Struct(f"<{ndim}Q") for ndim in range(MAX_NDIM + 1))

Value = Any
"""None, bool, int, float, str, array, or a tuple, list or dict of these."""


class WireError(Exception):
    """A value that the wire does not carry, or bytes that are no value."""


class Handle(NamedTuple):
    """Stands for the result of an earlier command of the same script, counted from 0."""

    command: int


class Initialiser(NamedTuple):
    """Stands for a function that returns a copy of ``array``, whatever it is called with.

    It returns the first of ``others`` whose last axes have the sizes that it is called with, where
    there is one.
    """

    array: np.ndarray
    others: Tuple[np.ndarray, ...] = ()  # noqa: UP006


CREATE, CALL, CALL_IF_THERE, GET, ITEM, SET, SET_ITEM, KEEP, FIND = range(9)
"""What a command does: its first field. `backproof.candidates.script` writes the others."""

Command = Tuple[Any, ...]  # noqa: UP006 - evaluated, and 3.8 has no generic tuple


class Failure(NamedTuple):
    """Why a request ended early.

    Attributes
    ----------
    status
        ``"raised"``, ``"missing"`` (the code is not there) or ``"not-an-array"``.
    message
        One line for a person, of at most `MAX_MESSAGE` characters.
    traceback
        The submission's own frames, `MAX_TRACEBACK` characters at most.
    """

    status: str
    message: str
    traceback: str


# --- requests: from the grader, whom the runner trusts -------------------------------------------


def encode_request(scripts: Sequence[tuple[Sequence[Command], Sequence[int]]]) -> bytes:
    """Encode scripts, each with the numbers of the commands whose results are wanted.

    Raises
    ------
    WireError
        Where a value is none that the wire carries, or all together are more than `MAX_BYTES`.
    """
    packed = tuple(
        (tuple(tuple(map(_packed, command)) for command in commands), tuple(wanted))
        for commands, wanted in scripts
    )
    request = marshal.dumps(packed, _MARSHAL)
    if len(request) > MAX_BYTES:
        raise WireError(f"a request of {len(request)} bytes")
    return request


def decode_request(data: bytes) -> Any:
    """Decode what `encode_request` wrote, but for the arguments: see `argument`."""
    return marshal.loads(data)


_PLAIN = frozenset({int, str, float, bool, type(None)})


def _packed(value: Value) -> Any:
    """The value as plain data; all but numbers, text and None become tuples led by a tag."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is np.ndarray:
        return ("A", *_header(value), value.shape, value.tobytes())
    if kind is Handle:
        return "H", value.command
    if kind is tuple:
        return "T", tuple(map(_packed, value))
    if kind is list:
        return "L", tuple(map(_packed, value))
    if kind is dict:
        return "D", tuple(value), tuple(map(_packed, value.values()))
    if kind is Initialiser:
        return "W", _packed(value.array), _packed(value.others)
    if isinstance(value, np.generic) and type(value.item()) in _PLAIN:
        return value.item()
    raise WireError(_type_name(kind))


def argument(packed: Any, results: Sequence[Any]) -> Any:
    """Unpack a value of a request, with objects of this process in the place of handles."""
    if type(packed) is not tuple:
        return packed
    tag = packed[0]
    if tag == "A":
        _, code, layout, shape, data = packed
        return _laid_out(np.frombuffer(data, _DTYPES[code]).reshape(shape), layout)
    if tag == "H":
        return results[packed[1]]
    if tag == "T":
        return tuple([argument(item, results) for item in packed[1]])
    if tag == "L":
        return [argument(item, results) for item in packed[1]]
    if tag == "D":
        return {k: argument(v, results) for k, v in zip(packed[1], packed[2])}  # noqa: B905 - 3.8
    return _initialiser(*[argument(item, results) for item in packed[1:]])


def _initialiser(array: Any, others: Any) -> Callable[..., Any]:
    def initialise(*sizes: Any, **_kwargs: Any) -> Any:
        fitting = [other for other in others if other.shape[-len(sizes) :] == sizes]
        return (fitting or [array])[0].copy(order="K")

    return initialise


# --- replies: from the runner, whom the grader does not trust ------------------------------------


def encode(value: Value) -> bytes:
    """Turn a value into bytes.

    Raises
    ------
    WireError
        Where the value, or a part of it, is of a type that the wire does not carry. Types count
        exactly: a subclass can override what its bytes mean.
    """
    parts: list[bytes] = []
    _write(value, parts, 0)
    return b"".join(parts)


def _write(value: Value, parts: list[bytes], depth: int) -> None:  # noqa: C901 - by type
    if depth > MAX_DEPTH:
        raise WireError("a value nested too deeply")
    kind = type(value)
    if kind is np.ndarray:
        header = _header(value)
        parts += (
            b"A",
            _ARRAY.pack(*header, value.ndim, value.nbytes),
            _SHAPES[value.ndim].pack(*value.shape),
            value.tobytes(),
        )
    elif value is None:
        parts.append(b"N")
    elif kind is bool:
        parts.append(b"B\1" if value else b"B\0")
    elif kind is int:
        if not -(2**63) <= value < 2**63:
            raise WireError("an int beyond 64 bits")
        parts.append(b"I" + _INT.pack(value))
    elif kind is float:
        parts.append(b"F" + _FLOAT.pack(value))
    elif kind is str:
        data = value.encode("utf-8", "replace")
        parts += (b"S", _COUNT.pack(len(data)), data)
    elif kind is tuple or kind is list:
        parts += (b"T" if kind is tuple else b"L", _COUNT.pack(len(value)))
        for item in value:
            _write(item, parts, depth + 1)
    elif kind is dict:
        parts += (b"D", _COUNT.pack(2 * len(value)))
        for key, item in value.items():
            _write(key, parts, depth + 1)
            _write(item, parts, depth + 1)
    elif isinstance(value, np.generic) and kind.__module__ == "numpy":
        _write(np.array(value), parts, depth)
    else:
        raise WireError(_type_name(kind))


def _type_name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}".replace("builtins.", "")


def _header(array: np.ndarray) -> tuple[int, int]:
    """The codes of an array's dtype and layout."""
    code = _CODES.get(array.dtype)
    if code is None:
        raise WireError(f"array of dtype {array.dtype}")
    if array.ndim > MAX_NDIM:
        raise WireError(f"array of {array.ndim} axes")
    if array.nbytes > MAX_BYTES:
        raise WireError(f"array of {array.nbytes} bytes")
    flags = array.flags
    layout = 0 if flags.writeable else _READ_ONLY
    if not flags.c_contiguous:
        layout |= _FORTRAN if flags.f_contiguous else _STRIDED
    return code, layout


def decode(data: bytes) -> Value:
    """Turn bytes back into a value; arrays arrive in the memory layout that they had.

    Raises
    ------
    WireError
        Where the bytes are not exactly one value within the limits.
    """
    reader = _Reader(data)
    try:
        value = reader.value()
    except KeyError as error:
        raise WireError(f"an unknown tag {error}") from None
    except (IndexError, struct.error):
        raise WireError("a value that ends too early") from None
    if reader.position != len(data):
        raise WireError("bytes after the value, or too few")
    return value


class _Reader:
    """Walks through one frame. Python and `struct` themselves refuse to read past its end."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0
        self.values = 0
        self.depth = 0

    def value(self) -> Value:
        tag = self.data[self.position]
        self.position += 1
        return _READERS[tag](self)

    def read_bool(self) -> bool:
        self.position += 1
        return self.data[self.position - 1] != 0

    def read_int(self) -> int:
        self.position += 8
        return int(_INT.unpack_from(self.data, self.position - 8)[0])

    def read_float(self) -> float:
        self.position += 8
        return float(_FLOAT.unpack_from(self.data, self.position - 8)[0])

    def count(self) -> int:
        self.position += 4
        return int(_COUNT.unpack_from(self.data, self.position - 4)[0])

    def read_str(self) -> str:
        size = self.count()
        start = self.position
        self.position += size
        return self.data[start : self.position].decode("utf-8", "replace")

    def read_list(self) -> list[Value]:
        count = self.count()
        self.values += count
        self.depth += 1
        if self.values > MAX_VALUES:
            raise WireError("too many values in one frame")
        if self.depth > MAX_DEPTH:
            raise WireError("a value nested too deeply")
        items = [self.value() for _ in range(count)]
        self.depth -= 1
        return items

    def read_dict(self) -> dict[str, Value]:
        items = self.read_list()
        if len(items) % 2 or any(type(key) is not str for key in items[::2]):
            raise WireError("a key that is no str")
        return dict(zip(items[::2], items[1::2]))  # noqa: B905 - 3.8 has no strict

    def array(self) -> np.ndarray:
        code, layout, ndim, size = _ARRAY.unpack_from(self.data, self.position)
        if code >= len(_DTYPES) or ndim > MAX_NDIM:
            raise WireError("an array header outside the limits")
        shape = _SHAPES[ndim].unpack_from(self.data, self.position + _ARRAY.size)
        dtype = _DTYPES[code]
        elements = math.prod(shape)
        if elements * dtype.itemsize != size:
            raise WireError("an array whose shape and bytes disagree")
        # An axis of length 0 hides the others from the product.
        if size > MAX_BYTES or (not size and math.prod(filter(None, shape)) > MAX_BYTES):
            raise WireError("an array larger than the limit")
        start = self.position + _ARRAY.size + 8 * ndim
        self.position = start + size
        if self.position > len(self.data):
            raise WireError("an array that ends too early")
        if not size:
            array = np.empty(0, dtype)
        elif code == 0:  # bool: a byte but 0 and 1 is no bool, and NumPy would trust it
            array = np.frombuffer(self.data, np.uint8, elements, start).astype(np.bool_)
        else:
            array = np.frombuffer(self.data, dtype, elements, start)
        return _laid_out(array.reshape(shape), layout)


_READERS: dict[int, Callable[[_Reader], Value]] = {
    ord("N"): lambda _: None,
    ord("B"): _Reader.read_bool,
    ord("I"): _Reader.read_int,
    ord("F"): _Reader.read_float,
    ord("S"): _Reader.read_str,
    ord("T"): lambda reader: tuple(reader.read_list()),
    ord("L"): _Reader.read_list,
    ord("D"): _Reader.read_dict,
    ord("A"): _Reader.array,
}


def _laid_out(values: np.ndarray, layout: int) -> np.ndarray:
    """Copy into fresh memory of the given layout."""
    if not layout:
        return values.copy()
    if layout & _STRIDED and values.ndim:
        twice = np.zeros((*values.shape[:-1], 2 * values.shape[-1]), values.dtype)
        array = twice[..., ::2]
        array[...] = values
    else:
        array = values.copy(order="F" if layout & _FORTRAN else "C")
    if layout & _READ_ONLY:
        array.flags.writeable = False
    return array


def encode_reply(results: Sequence[Sequence[bytes]], failure: Failure | None) -> bytes:
    """Encode the wanted results, each encoded already, or why there are none."""
    if failure is not None:
        return encode(tuple(failure))
    lists = [b"".join([b"L", _COUNT.pack(len(found)), *found]) for found in results]
    return b"".join([b"L", _COUNT.pack(len(lists)), *lists])


def decode_reply(data: bytes, wanted: Sequence[int]) -> tuple[list[list[Value]], Failure | None]:
    """Decode the reply to a request, trusting nothing.

    Parameters
    ----------
    data
        The content of a frame.
    wanted
        How many results each script asked for.

    Raises
    ------
    WireError
        Where it is not one result for each that is wanted, or a well-formed failure.
    """
    reply = decode(data)
    if type(reply) is tuple:
        if [type(field) for field in reply] != [str, str, str]:
            raise WireError("a malformed failure")
        status, message, traceback = reply
        # The end of a traceback is where the error is.
        return [], Failure(status, message[:MAX_MESSAGE], traceback[-MAX_TRACEBACK:])
    if (
        type(reply) is not list
        or any(type(found) is not list for found in reply)
        or [len(found) for found in reply] != list(wanted)
    ):
        raise WireError("a reply without one result for each that is wanted")
    return reply, None


# --- frames --------------------------------------------------------------------------------------


def read_frame(read: Callable[[int], bytes]) -> bytes | None:
    """Read one frame's content.

    Parameters
    ----------
    read
        Returns between one and so many bytes, or none at the end, as `os.read` does.

    Returns
    -------
    bytes or None
        None at the end of the stream.

    Raises
    ------
    WireError
        Where the frame is larger than `MAX_BYTES` or is cut off.
    """
    received: Any = read(_CHUNK)
    if not received:
        return None
    while len(received) < _LENGTH.size:
        received = _more(read, received)
    end = _LENGTH.size + _LENGTH.unpack_from(received)[0]
    if end > _LENGTH.size + MAX_BYTES:
        raise WireError(f"a frame of {end - _LENGTH.size} bytes")
    if len(received) < end:
        received = bytearray(received)
        while len(received) < end:
            received = _more(read, received)
    # Each side waits for the other, so nothing can rightly follow.
    if len(received) > end:
        raise WireError("bytes after the frame")
    return bytes(memoryview(received)[_LENGTH.size :])


def _more(read: Callable[[int], bytes], received: Any) -> Any:
    chunk = read(_CHUNK)
    if not chunk:
        raise WireError("a frame that is cut off")
    received += chunk
    return received


def write_frame(write: Callable[[Any], int], content: bytes) -> None:
    """Write one frame, of at most `MAX_BYTES`.

    Parameters
    ----------
    write
        Writes some of the bytes and returns how many, as `os.write` does.

    Raises
    ------
    OSError
        Where the other side is gone.
    """
    frame = _LENGTH.pack(len(content)) + content
    sent = write(frame)
    if sent < len(frame):
        rest = memoryview(frame)
        while sent < len(frame):
            sent += write(rest[sent:])
