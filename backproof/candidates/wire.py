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


def encode_request(scripts: list[tuple[list[Command], list[int]]]) -> bytes:
    """Encode scripts, each with the numbers of the commands whose results are wanted.

    Raises
    ------
    WireError
        Where all together are more than `MAX_BYTES`.
    """
    request = marshal.dumps(scripts, _MARSHAL)
    if len(request) > MAX_BYTES:
        raise WireError(f"a request of {len(request)} bytes")
    return request


def decode_request(data: bytes) -> Any:
    """Decode what `encode_request` wrote; the values in it are packed still: see `unpack`."""
    return marshal.loads(data)


_PLAIN = frozenset({int, str, float, bool, type(None)})


def pack(value: Value) -> Any:
    """Turn a value into plain data: all but numbers, text and None become tuples led by a tag.

    Raises
    ------
    WireError
        Where the value is none that the wire carries.
    """
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is np.ndarray:
        return ("A", *_header(value), value.shape, value.tobytes())
    if kind is Handle:
        return "H", value.command
    if kind is tuple:
        return "T", tuple(map(pack, value))
    if kind is list:
        return "L", tuple(map(pack, value))
    if kind is dict:
        return "D", tuple(value), tuple(map(pack, value.values()))
    if kind is Initialiser:
        return "W", pack(value.array), pack(value.others)
    if isinstance(value, np.generic) and type(value.item()) in _PLAIN:
        return value.item()
    raise WireError(_type_name(kind))


def unpack(packed: Any, results: Sequence[Any]) -> Any:
    """Turn plain data back into a value, with objects of this process in the place of handles."""
    if type(packed) is not tuple:
        return packed
    tag = packed[0]
    if tag == "A":
        _, code, layout, shape, data = packed
        return _laid_out(np.ndarray(shape, _DTYPES[code], data), layout)
    if tag == "H":
        return results[packed[1]]
    if tag == "T":
        return tuple([unpack(item, results) for item in packed[1]])
    if tag == "L":
        return [unpack(item, results) for item in packed[1]]
    if tag == "D":
        return {k: unpack(v, results) for k, v in zip(packed[1], packed[2])}  # noqa: B905 - 3.8
    return _initialiser(*[unpack(item, results) for item in packed[1:]])


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
    try:
        value, end = _read(data, 0, 0, [MAX_VALUES])
    except (IndexError, struct.error):
        raise WireError("a value that ends too early") from None
    if end != len(data):
        raise WireError("bytes after the value, or too few")
    return value


def _read(data: bytes, at: int, depth: int, room: list[int]) -> tuple[Value, int]:
    """Read the value that begins at a byte; return it and where the next one begins.

    Python and `struct` themselves refuse to read past the end. `room` holds how many more values
    there may be.
    """
    tag, at = data[at], at + 1
    if tag == _TAG_ARRAY:
        return _read_array(data, at)
    if tag in (_TAG_LIST, _TAG_TUPLE):
        items, at = _read_items(data, at, depth, room)
        return (items if tag == _TAG_LIST else tuple(items)), at
    if tag == _TAG_NONE:
        return None, at
    if tag == _TAG_BOOL:
        return data[at] != 0, at + 1
    if tag == _TAG_INT:
        return _INT.unpack_from(data, at)[0], at + 8
    if tag == _TAG_FLOAT:
        return _FLOAT.unpack_from(data, at)[0], at + 8
    if tag == _TAG_STR:
        start = at + 4
        end = start + _COUNT.unpack_from(data, at)[0]
        return data[start:end].decode("utf-8", "replace"), end
    if tag == _TAG_DICT:
        items, at = _read_items(data, at, depth, room)
        if len(items) % 2 or any(type(key) is not str for key in items[::2]):
            raise WireError("a key that is no str")
        return dict(zip(items[::2], items[1::2])), at  # noqa: B905 - 3.8 has no strict
    raise WireError(f"an unknown tag {tag}")


_TAG_ARRAY, _TAG_LIST, _TAG_TUPLE, _TAG_DICT = b"ALTD"
_TAG_NONE, _TAG_BOOL, _TAG_INT, _TAG_FLOAT, _TAG_STR = b"NBIFS"


def _read_items(data: bytes, at: int, depth: int, room: list[int]) -> tuple[list[Value], int]:
    count = _COUNT.unpack_from(data, at)[0]
    room[0] -= count
    if room[0] < 0:
        raise WireError("too many values in one frame")
    if depth >= MAX_DEPTH:
        raise WireError("a value nested too deeply")
    at += 4
    items = []
    for _ in range(count):
        item, at = _read(data, at, depth + 1, room)
        items.append(item)
    return items, at


def _read_array(data: bytes, at: int) -> tuple[np.ndarray, int]:
    code, layout, ndim, size = _ARRAY.unpack_from(data, at)
    if code >= len(_DTYPES) or ndim > MAX_NDIM:
        raise WireError("an array header outside the limits")
    at += _ARRAY.size
    shape = _SHAPES[ndim].unpack_from(data, at)
    dtype = _DTYPES[code]
    if math.prod(shape) * dtype.itemsize != size:
        raise WireError("an array whose shape and bytes disagree")
    # An axis of length 0 hides the others from the product.
    if size > MAX_BYTES or (not size and math.prod(filter(None, shape)) > MAX_BYTES):
        raise WireError("an array larger than the limit")
    at += 8 * ndim
    end = at + size
    if end > len(data):
        raise WireError("an array that ends too early")
    if code == 0:  # bool: a byte but 0 and 1 is no bool, and NumPy would trust it
        array = np.ndarray(shape, np.uint8, data, at).astype(np.bool_)
    else:
        array = np.ndarray(shape, dtype, data, at)
    return _laid_out(array, layout), end


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
    return bytes(received[_LENGTH.size :])


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
