"""The answer key: one operation per file, in NumPy.

Every module has the same two functions: ``forward(inputs, *, parameters)`` returns the value and a
``Cache``; ``backward(cotangent, cache)`` returns ``Gradients``, one field per differentiable input.

Activations
    identity, relu, leaky_relu, elu, gelu, sigmoid, tanh, softmax
Losses
    cross_entropy, softmax_cross_entropy, svm_loss, mse
Penalties
    l2_penalty
Layers
    linear, conv2d, max_pool2d, dropout
Normalisations
    batchnorm, spatial_batchnorm, layernorm, groupnorm

Nothing here imports the derivations or the engine: that independence is what makes an agreement
with them evidence. No function changes its arguments; every result has its inputs' dtype.
"""

from implementations import (
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

__all__ = [
    "batchnorm",
    "conv2d",
    "cross_entropy",
    "dropout",
    "elu",
    "gelu",
    "groupnorm",
    "identity",
    "l2_penalty",
    "layernorm",
    "leaky_relu",
    "linear",
    "max_pool2d",
    "mse",
    "relu",
    "sigmoid",
    "softmax",
    "softmax_cross_entropy",
    "spatial_batchnorm",
    "svm_loss",
    "tanh",
]
