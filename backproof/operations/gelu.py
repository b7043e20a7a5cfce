"""The Gaussian error linear unit."""

from typing import Any

from backproof.operation import Operation
from derivations import gelu as derivation
from implementations import gelu as implementation


def reference(torch: Any, x: Any) -> Any:
    """The torch reference."""
    return torch.nn.functional.gelu(x)


OPERATION = Operation(
    name="gelu",
    derive=derivation.derive,
    implementation=implementation,
    torch=reference,
    large=16.0,
)
