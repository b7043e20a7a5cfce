"""The affine map in its three layouts."""

from typing import Any

from backproof.operation import Operation
from derivations import linear as derivation
from implementations import linear as implementation


def reference(torch: Any, x: Any, weight: Any, bias: Any, *, layout: str) -> Any:
    """The torch reference."""
    if layout == "W x + b":
        return weight @ x + bias[:, None]
    return torch.nn.functional.linear(x, weight if layout == "x W^T + b" else weight.T, bias)


OPERATION = Operation(
    name="linear",
    derive=derivation.derive,
    implementation=implementation,
    torch=reference,
    conventions={"layout": derivation.LAYOUTS},
)
