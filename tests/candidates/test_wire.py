"""The wire carries arrays as they are, and refuses what could harm the side that reads."""

from __future__ import annotations

import ast
import os
import struct
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backproof.candidates import wire

DTYPES = [np.bool_, np.int32, np.int64, np.float32, np.float64, np.longdouble]


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


def read_only_and_strided(array: np.ndarray) -> np.ndarray:
    """Both."""
    return read_only(strided(array))


def replied(value: Any) -> Any:
    """Send a value from the runner to the grader."""
    return wire.decode(wire.encode(value))


def requested(value: Any, *results: Any) -> Any:
    """Send a value from the grader to the runner, which has these results so far."""
    (((command,), _),) = wire.decode_request(
        wire.encode_request([([(wire.KEEP, wire.pack(value))], [])])
    )
    return wire.unpack(command[1], results)


BOTH_WAYS = pytest.mark.parametrize("sent", [requested, replied])


# --- values --------------------------------------------------------------------------------------


@BOTH_WAYS
@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -(2**63),
        0.1,
        float("inf"),
        "häufig",
        (),
        (1, [2.5, (None, [])]),
        {"stride": 2, "pad": (0, 1), "more": {"mode": "train"}},
    ],
    ids=repr,
)
def test_values_come_back_as_they_were(sent: Callable[..., Any], value: object) -> None:
    """Value and type survive."""
    received = sent(value)
    assert received == value
    assert type(received) is type(value)


@BOTH_WAYS
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (1,), (4, 3), (2, 3, 4)])
def test_arrays_keep_dtype_shape_and_every_bit(
    sent: Callable[..., Any], dtype: type, shape: tuple[int, ...]
) -> None:
    """An array comes back bit by bit, in memory of its own."""
    array: np.ndarray = (np.arange(np.prod(shape, dtype=int)) % 5 / 3).reshape(shape).astype(dtype)
    received = sent(array)
    assert received.dtype == array.dtype
    assert received.shape == shape
    assert received.tobytes() == array.tobytes()
    assert received.flags.writeable


@BOTH_WAYS
@pytest.mark.parametrize(
    "layout", [plain, np.asfortranarray, read_only, strided, read_only_and_strided]
)
def test_memory_layouts_arrive(
    sent: Callable[..., Any], layout: Callable[[np.ndarray], np.ndarray]
) -> None:
    """Flags and strides are rebuilt on the other side."""
    array = layout(np.arange(12.0).reshape(4, 3))
    received = sent(array)
    assert np.array_equal(received, array)
    assert received.strides == array.strides
    assert received.flags.writeable == array.flags.writeable
    assert received.flags.c_contiguous == array.flags.c_contiguous
    assert received.flags.f_contiguous == array.flags.f_contiguous


class Subclass(np.ndarray):
    """An array whose operators could be its own."""


class Real(float):
    """A float that could compare equal to anything."""


@BOTH_WAYS
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
        (1j, "complex"),
        ({1, 2}, "set"),
        ([object()], "object"),
    ],
)
def test_refuses_what_is_no_plain_value(sent: Callable[..., Any], value: Any, named: str) -> None:
    """Only exact types are sent: a subclass can change what its bytes mean."""
    with pytest.raises(wire.WireError, match=named):
        sent(value)


# --- requests ------------------------------------------------------------------------------------


def test_a_handle_stands_for_the_object_itself() -> None:
    """At any depth of an argument."""
    layer, other = object(), object()
    assert requested(wire.Handle(1), other, layer) is layer
    received = requested({"layers": [wire.Handle(0), (wire.Handle(1),)]}, other, layer)
    assert received == {"layers": [other, (layer,)]}


def test_an_initialiser_gives_a_copy_of_its_own_each_time() -> None:
    """Whatever it is called with, and in the array's layout."""
    array = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    initialise = requested(wire.Initialiser(array))
    first = initialise(2, 3)
    first += 1
    second = initialise(shape=(2, 3))
    assert np.array_equal(second, array)
    assert second.flags.f_contiguous


def test_an_initialiser_of_several_arrays_gives_the_one_of_the_sizes_it_is_asked_for() -> None:
    """The first of its own otherwise."""
    first, second, row = np.ones((2, 3)), np.zeros((3, 4)), np.zeros((1, 5))
    initialise = requested(wire.Initialiser(first, (second, row)))
    for sizes, expected in {(3, 4): second, (5,): row, (2, 3): first, (7,): first}.items():
        assert np.array_equal(initialise(*sizes), expected)
    assert np.array_equal(initialise(), first)


@pytest.mark.parametrize("number", [np.float32(0.5), np.int64(3), np.bool_(1)], ids=repr)
def test_numpy_scalars_arrive_in_the_runner_as_plain_numbers(number: np.generic) -> None:
    """A hyper-parameter must not promote a layer's arrays."""
    received = requested(number)
    assert received == number
    assert type(received) in {float, int, bool}


def test_refuses_a_number_that_python_does_not_have() -> None:
    """It would be rounded on its way."""
    if np.finfo(np.longdouble).eps == np.finfo(np.float64).eps:
        assert requested(np.longdouble(2)) == 2
    else:
        with pytest.raises(wire.WireError, match=np.longdouble.__name__):
            requested(np.longdouble(2))


def test_a_request_holds_scripts_with_what_is_wanted_of_them() -> None:
    """Commands keep their order and their fields."""
    commands = [
        (wire.CREATE, "linear", "Linear", (3, 2), {"alpha": 0.5}),
        (wire.CALL, 0, ("__call__", "forward"), [wire.pack(wire.Handle(0))], {}),
    ]
    scripts = [(commands, [1]), ([], [])]
    assert wire.decode_request(wire.encode_request(scripts)) == scripts


def test_refuses_a_request_that_fits_no_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """The arrays of one request together, too."""
    monkeypatch.setattr(wire, "MAX_BYTES", 1000)
    with pytest.raises(wire.WireError, match="array of 1008 bytes"):
        requested(np.zeros(126))
    with pytest.raises(wire.WireError, match="a request of 1"):
        requested([np.zeros(100), np.zeros(100)])


# --- replies -------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [np.float32(0.1), np.int64(3), np.bool_(1)], ids=repr)
def test_numpy_scalars_arrive_in_the_grader_as_arrays_without_axes(value: np.generic) -> None:
    """A scalar's dtype matters to the error bound, so it is not turned into a Python number."""
    decoded = replied(value)
    assert decoded.shape == ()
    assert decoded.dtype == value.dtype
    assert decoded == value


@pytest.mark.parametrize(("value", "named"), [(2**63, "64 bits"), ({1: 2.0}, "no str")])
def test_refuses_a_result_beyond_the_limits(value: Any, named: str) -> None:
    """Some things Python has and a reply has not."""
    with pytest.raises(wire.WireError, match=named):
        replied(value)


def test_refuses_a_list_that_holds_itself() -> None:
    """An endless value ends with an error, not with the stack."""
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(wire.WireError, match="deeply"):
        wire.encode(endless)


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
    assert replied([None] * 100) == [None] * 100
    for many in ([None] * 101, [[None] * 50, [None] * 50]):
        with pytest.raises(wire.WireError, match="too many"):
            replied(many)


def test_reads_a_bool_as_a_bool() -> None:
    """NumPy trusts a bool's byte to be 0 or 1, so a 7 is made 1 on arrival."""
    decoded = wire.decode(array_header(3, size=3, dtype=0) + bytes([0, 7, 1]))
    assert decoded.view(np.uint8).tolist() == [0, 1, 1]


def test_a_reply_holds_one_list_of_results_for_each_script() -> None:
    """Each result encoded on its own, at its own time."""
    reply = wire.encode_reply([[wire.encode(1.0), wire.encode("two")], []], None)
    assert wire.decode_reply(reply, [2, 0]) == ([[1.0, "two"], []], None)


FAILURE = wire.Failure("raised", "Layer.forward raised E", "Traceback")


def test_a_failure_stands_in_the_place_of_all_results() -> None:
    """Whatever was found before it."""
    reply = wire.encode_reply([[wire.encode(1.0)]], FAILURE)
    assert wire.decode_reply(reply, [1]) == ([], FAILURE)


def test_a_failure_s_words_are_cut_to_what_a_runner_may_say() -> None:
    """A submission that forges one floods no report. The end of a traceback is what matters."""
    forged = wire.Failure("raised", "m" * 10**6, "a" * 10**6 + "z")
    _, failure = wire.decode_reply(wire.encode_reply([], forged), [1])
    assert failure is not None
    assert len(failure.message) == wire.MAX_MESSAGE
    assert len(failure.traceback) == wire.MAX_TRACEBACK
    assert failure.traceback.endswith("z")


@pytest.mark.parametrize(
    "forged",
    [
        None,
        1.0,
        [],
        {},
        [[1.0, 2.0]],
        [[1.0], [3.0]],
        [[1.0, 2.0, 3.0], [3.0]],
        [[1.0, 2.0], [3.0], []],
        [[1.0, 2.0], []],
        [[1.0, 2.0], (3.0,)],
        [[1.0, 2.0], {"a": 3.0}],
        [[1.0, 2.0], "3"],
        ([1.0, 2.0], [3.0]),
        (),
        ("raised", "message"),
        ("raised", "message", None),
        ("raised", "message", 0),
        ("raised", ["message"], ""),
        ("raised", "message", "", ""),
        [[1.0, 2.0], ("raised", "message", "")],
    ],
    ids=repr,
)
def test_refuses_a_reply_without_a_result_for_each_that_is_wanted(forged: object) -> None:
    """A missing or additional one is never taken for an answer."""
    with pytest.raises(wire.WireError, match=r"malformed failure|one result for each"):
        wire.decode_reply(wire.encode(forged), [2, 1])


# --- frames --------------------------------------------------------------------------------------


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


def test_a_frame_is_written_to_its_end() -> None:
    """To a stream that takes a few bytes at a time, too."""
    written = bytearray()

    def write(content: Any) -> int:
        written.extend(content[:3])
        return len(content[:3])

    wire.write_frame(write, b"content")
    assert through_a_pipe(bytes(written)) == b"content"


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


# --- what an old Python loads --------------------------------------------------------------------


@pytest.mark.parametrize("name", ["wire.py", "runner.py"])
def test_what_the_runner_loads_keeps_to_the_syntax_of_python_3_8(name: str) -> None:
    """A course may pin an old NumPy, and with it an old Python."""
    source = Path(wire.__file__).with_name(name).read_text("utf-8")
    ast.parse(source, feature_version=(3, 8))
    with pytest.raises(SyntaxError):
        ast.parse(f"{source}\nmatch 1:\n    case _: pass\n", feature_version=(3, 8))
