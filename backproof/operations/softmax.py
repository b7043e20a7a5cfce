"""Softmax over each row."""

from typing import Any

from backproof.operation import Operation
from derivations import softmax as derivation
from implementations import softmax as implementation


def reference(torch: Any, x: Any) -> Any:
    """The torch reference."""
    return torch.softmax(x, dim=1)


OPERATION = Operation(
    name="softmax",
    derive=derivation.derive,
    implementation=implementation,
    torch=reference,
    large=1e4,
)
