import numpy as np


class SoftmaxCrossEntropy:
    """Takes the log of a probability, but of one near 0 only through its logit."""

    def __call__(self, x, y):
        return self.forward(x, y)

    def forward(self, x, y):
        self.y = y
        shifted = x - np.max(x, axis=1, keepdims=True)
        e = np.exp(shifted)
        total = np.sum(e, axis=1, keepdims=True)
        self.p = e / total
        safe = self.p > 0.1
        log_p = shifted - np.log(total)
        log_p[safe] = np.log(self.p[safe])
        return -np.sum(log_p * y, axis=1)

    def derivative(self):
        return self.p - self.y
