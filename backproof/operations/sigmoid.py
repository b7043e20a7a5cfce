"""The logistic function."""

from typing import Any

from backproof.operation import Operation
from derivations import sigmoid as derivation
from implementations import sigmoid as implementation


def reference(torch: Any, x: Any) -> Any:
    """The torch reference."""
    return torch.sigmoid(x)


OPERATION = Operation(
    name="sigmoid",
    derive=derivation.derive,
    implementation=implementation,
    torch=reference,
    large=1e3,
)
