import numpy as np


class LinearModule:
    """An affine map of each row: x W^T + b, with W of shape (out, in)."""

    def __init__(self, in_features, out_features, input_layer=False):
        # He's initialisation halves the variance that a rectifier takes away; the first layer
        # has no rectifier before it.
        variance = (1 if input_layer else 2) / in_features
        weight = np.sqrt(variance) * np.random.randn(out_features, in_features)
        bias = np.zeros(out_features)
        self.params = {"weight": weight, "bias": bias}
        self.grads = {"weight": np.zeros_like(weight), "bias": np.zeros_like(bias)}
        self.clear_cache()

    def forward(self, x):
        self.x = x
        return x @ self.params["weight"].T + self.params["bias"]

    def backward(self, dout):
        self.grads["weight"] = dout.T @ self.x
        self.grads["bias"] = dout.sum(axis=0)
        return dout @ self.params["weight"]

    def clear_cache(self):
        self.x = None


class ELUModule:
    """x above 0, alpha (e^x - 1) below."""

    def __init__(self, alpha):
        self.alpha = alpha
        self.clear_cache()

    def forward(self, x):
        self.x = x
        # exp only sees what it is wanted for, so that it cannot overflow.
        return np.where(x > 0, x, self.alpha * np.expm1(np.minimum(x, 0)))

    def backward(self, dout):
        return dout * np.where(self.x > 0, 1, self.alpha * np.exp(np.minimum(self.x, 0)))

    def clear_cache(self):
        self.x = None


class SoftMaxModule:
    """Each row becomes a distribution."""

    def __init__(self):
        self.clear_cache()

    def forward(self, x):
        exponentials = np.exp(x - x.max(axis=1, keepdims=True))
        self.out = exponentials / exponentials.sum(axis=1, keepdims=True)
        return self.out

    def backward(self, dout):
        # diag(p) - p p^T, times dout, without the matrix.
        inner = (dout * self.out).sum(axis=1, keepdims=True)
        return self.out * (dout - inner)

    def clear_cache(self):
        self.out = None


class CrossEntropyModule:
    """The mean over the batch of -log of the true class's probability."""

    def forward(self, x, y):
        return -np.log(x[np.arange(len(y)), y]).mean()

    def backward(self, x, y):
        rows = np.arange(len(y))
        dx = np.zeros_like(x)
        dx[rows, y] = -1 / (len(y) * x[rows, y])
        return dx
