"""The operations there are: an operation exists because it stands here."""

from backproof.networks import batchnorm_mlp, mlp, mlp_training, two_layer_net
from backproof.operation import Operation
from backproof.operations import (
    batchnorm,
    conv2d,
    cross_entropy,
    dropout,
    elu,
    gelu,
    groupnorm,
    identity,
    l2_penalty,
    layernorm,
    leaky_relu,
    linear,
    max_pool2d,
    mse,
    relu,
    sigmoid,
    softmax,
    softmax_cross_entropy,
    spatial_batchnorm,
    svm_loss,
    tanh,
)

OPERATIONS: tuple[Operation, ...] = (
    identity.OPERATION,
    relu.OPERATION,
    leaky_relu.OPERATION,
    elu.OPERATION,
    gelu.OPERATION,
    sigmoid.OPERATION,
    tanh.OPERATION,
    softmax.OPERATION,
    cross_entropy.OPERATION,
    softmax_cross_entropy.OPERATION,
    svm_loss.OPERATION,
    mse.OPERATION,
    linear.OPERATION,
    l2_penalty.OPERATION,
    batchnorm.OPERATION,
    spatial_batchnorm.OPERATION,
    layernorm.OPERATION,
    groupnorm.OPERATION,
    conv2d.OPERATION,
    max_pool2d.OPERATION,
    dropout.OPERATION,
)

NETWORKS: tuple[Operation, ...] = (
    two_layer_net.OPERATION,
    mlp.OPERATION,
    batchnorm_mlp.OPERATION,
    mlp_training.OPERATION,
)
"""Operations that are composed of those above."""


def find(name: str) -> Operation:
    """The operation or network called `name`.

    Raises
    ------
    LookupError
        Where there is none; the message lists those there are.
    """
    for operation in (*OPERATIONS, *NETWORKS):
        if operation.name == name:
            return operation
    known = ", ".join(o.name for o in (*OPERATIONS, *NETWORKS))
    raise LookupError(f"no operation {name!r}; there are: {known}")
