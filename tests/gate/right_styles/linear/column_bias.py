import numpy as np


class Linear:
    """The bias is a column: (W^T x + b) for samples as columns."""

    def __init__(self, in_feature, out_feature, weight_init_fn, bias_init_fn):
        self.W = weight_init_fn(in_feature, out_feature)
        self.b = bias_init_fn(out_feature).reshape(-1, 1)
        self.momentum_W = np.zeros(self.W.shape)
        self.momentum_b = np.zeros(self.b.shape)

    def forward(self, x):
        self.columns = x.T
        return (self.W.T @ self.columns + self.b).T

    def __call__(self, x):
        return self.forward(x)

    def backward(self, delta):
        self.dW = self.columns @ delta / len(delta)
        self.db = delta.T.mean(axis=1, keepdims=True)
        return (self.W @ delta.T).T
