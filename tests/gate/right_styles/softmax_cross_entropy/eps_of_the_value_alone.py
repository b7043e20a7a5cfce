import numpy as np


class SoftmaxCrossEntropy:
    """An eps keeps the logarithm finite; the derivative is the hand-out's."""

    def __call__(self, x, y):
        return self.forward(x, y)

    def forward(self, x, y):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.y, self.p = y, e / e.sum(axis=1, keepdims=True)
        return -np.sum(y * np.log(self.p + 1e-7), axis=1)

    def derivative(self):
        return self.p - self.y
