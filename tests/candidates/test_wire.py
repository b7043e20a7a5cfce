"""The wire carries arrays as they are, and refuses what could harm the side that reads."""

from __future__ import annotations

import os
import struct
import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from backproof.candidates import wire

DTYPES = [np.bool_, np.int32, np.int64, np.float32, np.float64, np.longdouble]


def array_header(
    *shape: int, size: int, dtype: int = 4, layout: int = 0, ndim: int | None = None
) -> bytes:
    """Forge an array's header."""
    ndim = len(shape) if ndim is None else ndim
    return (
        b"A"
        + struct.pack("<BBBQ", dtype, layout, ndim, size)
        + struct.pack(f"<{len(shape)}Q", *shape)
    )


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -(2**63),
        0.1,
        "häufig",
        (1, [2.5, (None,)]),
        {"stride": 2, "pad": (0, 1)},
        wire.Handle(3),
    ],
    ids=repr,
)
def test_values_come_back_as_they_were(value: object) -> None:
    """Value and type survive the way there and back."""
    decoded = wire.decode(wire.encode(value))
    assert decoded == value
    assert type(decoded) is type(value)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (1,), (4, 3), (2, 3, 4)])
def test_arrays_keep_dtype_shape_and_every_bit(dtype: type, shape: tuple[int, ...]) -> None:
    """An array comes back bit by bit, in memory of its own."""
    array: np.ndarray = (np.arange(np.prod(shape, dtype=int)) % 5 / 3).reshape(shape).astype(dtype)
    decoded = wire.decode(wire.encode(array))
    assert decoded.dtype == array.dtype
    assert decoded.shape == shape
    assert decoded.tobytes() == array.tobytes()
    assert decoded.flags.writeable


@pytest.mark.parametrize("value", [np.float32(0.1), np.int64(3), np.bool_(1)], ids=repr)
def test_numpy_scalars_arrive_as_arrays_without_axes(value: np.generic) -> None:
    """A scalar's dtype matters to the error bound, so it is not turned into a Python number."""
    decoded = wire.decode(wire.encode(value))
    assert decoded.shape == ()
    assert decoded.dtype == value.dtype
    assert decoded == value


def plain(array: np.ndarray) -> np.ndarray:
    """Keep the array."""
    return array


def read_only(array: np.ndarray) -> np.ndarray:
    """Forbid writing."""
    array.flags.writeable = False
    return array


def strided(array: np.ndarray) -> np.ndarray:
    """Take every second element of a larger buffer."""
    return np.repeat(array, 2, axis=-1)[..., ::2]


@pytest.mark.parametrize("layout", [plain, np.asfortranarray, read_only, strided])
def test_memory_layouts_arrive(layout: Callable[[np.ndarray], np.ndarray]) -> None:
    """Flags and strides are rebuilt on the other side."""
    array = layout(np.arange(12.0).reshape(4, 3))
    decoded = wire.decode(wire.encode(array))
    assert np.array_equal(decoded, array)
    assert decoded.strides == array.strides
    assert decoded.flags.writeable == array.flags.writeable
    assert decoded.flags.c_contiguous == array.flags.c_contiguous
    assert decoded.flags.f_contiguous == array.flags.f_contiguous


class Subclass(np.ndarray):
    """An array whose operators could be its own."""


class Real(float):
    """A float that could compare equal to anything."""


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (np.array([1, "a"], dtype=object), "object"),
        (np.array([b"a"]), r"\|S1"),
        (np.zeros(2, "float16"), "float16"),
        (np.zeros(2, np.dtype("float64").newbyteorder()), "f8"),
        (np.zeros(2).view(Subclass), "Subclass"),
        (np.ma.array([1.0]), "MaskedArray"),
        (np.zeros((1,) * 9), "9 axes"),
        (Real(1.0), "Real"),
        (2**63, "64 bits"),
        ({1: 2.0}, "no str"),
        (object(), "object"),
    ],
)
def test_refuses_what_is_no_plain_value(value: Any, named: str) -> None:
    """Only exact types are sent: a subclass can change what its bytes mean."""
    with pytest.raises(wire.WireError, match=named):
        wire.decode(wire.encode(value))


def test_refuses_a_list_that_holds_itself() -> None:
    """An endless value ends with an error, not with the stack."""
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(wire.WireError, match="deeply"):
        wire.encode(endless)


@pytest.mark.parametrize(
    ("forged", "reason"),
    [
        (array_header(2**32, size=2**35), "larger than the limit"),
        (array_header(0, 2**40, size=0), "larger than the limit"),
        (array_header(2**33, 2**33, size=0), "disagree"),
        (array_header(4, size=8) + bytes(8), "disagree"),
        (array_header(4, size=32) + bytes(31), "too early"),
        (array_header(1, size=8, dtype=6) + bytes(8), "outside the limits"),
        (array_header(*[1] * 9, size=8) + bytes(8), "outside the limits"),
        (array_header(1, size=8, ndim=2) + bytes(8), "disagree"),
        (b"L" + b"\xff" * 4, "too many"),
        (b"L\2\0\0\0N", "too early"),
        (b"I1234567", "too early"),
        (b"B", "too early"),
        (b"L\1\0\0\0" * 20 + b"N", "deeply"),
        (b"S" + b"\xff" * 4, "too few"),
        (b"D\2\0\0\0NN", "no str"),
        (b"D\1\0\0\0" + wire.encode("pad"), "no str"),
        (b"WN", "initialiser"),
        (b"NN", "after the value"),
        (b"c", "unknown tag"),
        (b"", "too early"),
    ],
)
def test_refuses_forged_bytes_before_it_allocates(forged: bytes, reason: str) -> None:
    """A header is checked before memory is claimed for it: this one asks for 32 GiB."""
    tracemalloc.start()
    try:
        with pytest.raises(wire.WireError, match=reason):
            wire.decode(forged)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_refuses_more_values_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many small values are bounded too: each costs more in Python than on the wire."""
    monkeypatch.setattr(wire, "MAX_VALUES", 100)
    assert wire.decode(wire.encode([None] * 100)) == [None] * 100
    for many in ([None] * 101, [[None] * 50, [None] * 50]):
        with pytest.raises(wire.WireError, match="too many"):
            wire.decode(wire.encode(many))


def test_reads_a_bool_as_a_bool() -> None:
    """NumPy trusts a bool's byte to be 0 or 1, so a 7 is made 1 on arrival."""
    decoded = wire.decode(array_header(3, size=3, dtype=0) + bytes([0, 7, 1]))
    assert decoded.view(np.uint8).tolist() == [0, 1, 1]


def through_a_pipe(data: bytes) -> bytes | None:
    """Read one frame from these bytes and the end of the stream after them."""
    readable, writable = os.pipe()
    try:
        os.write(writable, data)
        os.close(writable)
        return wire.read_frame(partial(os.read, readable))
    finally:
        os.close(readable)


def test_a_frame_holds_what_was_written() -> None:
    """Content survives a stream that gives single bytes."""
    stream = iter(struct.pack("<Q", 3) + b"abc")
    assert wire.read_frame(lambda size: bytes([next(stream)][:size])) == b"abc"
    assert through_a_pipe(struct.pack("<Q", 0)) == b""
    assert through_a_pipe(b"") is None


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (struct.pack("<Q", 2**35) + b"x", "a frame of 34359738368 bytes"),
        (struct.pack("<Q", 4) + b"abc", "cut off"),
        (b"\1\0", "cut off"),
        (struct.pack("<Q", 1) + b"ab", "bytes after the frame"),
    ],
)
def test_refuses_a_frame_that_is_too_large_or_cut_off(data: bytes, reason: str) -> None:
    """The frame's own length is not believed either."""
    with pytest.raises(wire.WireError, match=reason):
        through_a_pipe(data)


def test_requests_come_back_as_commands() -> None:
    """Each command survives, its defaults too."""
    batch: list[wire.Command] = [
        wire.Create("linear", "Linear", (3, 2), {"alpha": 0.5}),
        wire.Set(wire.Handle(0), "W", 1.0),
        wire.Call(wire.Handle(0), ("__call__", "forward"), (2.0,)),
        wire.Get(wire.Handle(0), "dW"),
    ]
    assert wire.decode_request(wire.encode_request([batch, []])) == [batch, []]


@pytest.mark.parametrize(
    "forged",
    [
        None,
        [[]],
        [[], None],
        [[[1.0]], None],
        [[[1.0, 2.0, 3.0]], None],
        [[1.0], None],
        [[], (0, 0, "raised")],
        [[], (0, 0, "raised", "E", "m", 5)],
    ],
    ids=repr,
)
def test_refuses_a_reply_that_does_not_answer_every_command(forged: object) -> None:
    """A missing or additional result is never taken for an answer."""
    batch: list[wire.Command] = [wire.Get(wire.Handle(0), "dW"), wire.Get(wire.Handle(0), "db")]
    with pytest.raises(wire.WireError):
        wire.decode_reply(wire.encode(forged), [batch])
