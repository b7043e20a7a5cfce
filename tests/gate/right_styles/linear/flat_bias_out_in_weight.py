import numpy as np


class Linear:
    """Keeps the weight as (out, in) and the bias flat; W and dW are views in the hand-out's layout."""

    def __init__(self, in_feature, out_feature, weight_init_fn, bias_init_fn):
        self.weight = weight_init_fn(in_feature, out_feature).T
        self.b = bias_init_fn(out_feature).ravel()
        self.dweight = np.zeros((out_feature, in_feature))
        self.db = np.zeros(out_feature)

    @property
    def W(self):
        return self.weight.T

    @property
    def dW(self):
        return self.dweight.T

    def __call__(self, x):
        return self.forward(x)

    def forward(self, x):
        self.x = x
        return (self.weight @ x.T).T + self.b

    def backward(self, delta):
        self.dweight = delta.T @ self.x / len(delta)
        self.db = np.average(delta, axis=0)
        return (self.weight.T @ delta.T).T
