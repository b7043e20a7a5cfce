import numpy as np


class Linear:
    """Gradients add up until zero_grads() is called, as in PyTorch."""

    def __init__(self, in_feature, out_feature, weight_init_fn, bias_init_fn):
        self.W = weight_init_fn(in_feature, out_feature)
        self.b = bias_init_fn(out_feature)
        self.zero_grads()

    def zero_grads(self):
        self.dW = np.zeros_like(self.W)
        self.db = np.zeros_like(self.b)

    def __call__(self, x):
        return self.forward(x)

    def forward(self, x):
        self.x = x
        return np.matmul(x, self.W) + self.b

    def backward(self, delta):
        share = 1.0 / delta.shape[0]
        self.dW += share * np.matmul(self.x.T, delta)
        self.db += share * np.sum(delta, axis=0)
        return np.matmul(delta, self.W.T)
