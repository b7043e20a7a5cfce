"""The squared error."""

from typing import Any

from backproof.operation import Operation
from derivations import mse as derivation
from implementations import mse as implementation


def reference(torch: Any, prediction: Any, target: Any, *, reduction: str) -> Any:
    """The torch reference."""
    if reduction == derivation.OVER_ENTRIES:
        return torch.nn.functional.mse_loss(prediction, target)
    loss = ((prediction - target) ** 2).sum(dim=1)
    return {"sum": loss.sum(), "mean": loss.mean(), "none": loss}[reduction]


OPERATION = Operation(
    name="mse",
    derive=derivation.derive,
    implementation=implementation,
    torch=reference,
    outputs=("loss",),
    conventions={"reduction": derivation.REDUCTIONS},
)
