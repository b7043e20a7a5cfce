"""Cross-entropy of the softmax of logits."""

from typing import Any

from backproof.operation import Operation
from derivations import softmax_cross_entropy as derivation
from derivations.reduction import REDUCTIONS
from implementations import softmax_cross_entropy as implementation


def reference(torch: Any, logits: Any, targets: Any, *, reduction: str, targets_as: str) -> Any:
    """The torch reference."""
    index = targets.argmax(dim=1) if targets_as == "one-hot" else targets
    return torch.nn.functional.cross_entropy(logits, index, reduction=reduction)


OPERATION = Operation(
    name="softmax_cross_entropy",
    derive=derivation.derive,
    implementation=implementation,
    torch=reference,
    outputs=("loss",),
    conventions={"reduction": REDUCTIONS, "targets_as": ("one-hot", "index")},
    values={"targets": "one-hot"},
    large=1e4,
)
