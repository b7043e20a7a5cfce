"""Inverted dropout with the mask given."""

from typing import Any

from backproof.operation import Operation
from derivations import dropout as derivation
from implementations import dropout as implementation


def reference(torch: Any, x: Any, mask: Any, *, rate: float) -> Any:
    """The torch reference."""
    return x * mask / (1 - rate)


OPERATION = Operation(
    name="dropout",
    derive=derivation.derive,
    implementation=implementation,
    torch=reference,
    parameters={"rate": (0.5, 0.2, 0.0)},
    values={"mask": "mask"},
)
