import numpy as np


class SoftmaxCrossEntropy:
    """Two layers in one: the logarithm's derivative, pulled back through the softmax."""

    def __call__(self, x, y):
        return self.forward(x, y)

    def forward(self, x, y):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.y, self.p = y, e / e.sum(axis=1, keepdims=True)
        return -np.sum(y * np.log(self.p + 1e-10), axis=1)

    def derivative(self):
        up = -self.y / (self.p + 1e-10)
        return self.p * (up - (up * self.p).sum(axis=1, keepdims=True))
