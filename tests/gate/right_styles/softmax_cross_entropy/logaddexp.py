import numpy as np


def log_softmax(x):
    return x - np.logaddexp.reduce(x, axis=1, keepdims=True)


class SoftmaxCrossEntropy:
    def __init__(self):
        self._answer = lambda: None

    def __call__(self, x, y):
        return self.forward(x, y)

    def forward(self, x, y):
        logs = log_softmax(x)
        self._answer = lambda: np.exp(logs) - y
        return -np.einsum("nc,nc->n", y, logs)

    def derivative(self):
        return self._answer()
