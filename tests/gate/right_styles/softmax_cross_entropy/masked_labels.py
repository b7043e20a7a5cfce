import numpy as np


class SoftmaxCrossEntropy:
    """The labels are a mask that selects one logit from every row."""

    def __call__(self, x, y):
        return self.forward(x, y)

    def forward(self, x, y):
        self.mask = y.astype(bool)
        self.z = x - x.max(axis=-1, keepdims=True)
        self.e = np.exp(self.z)
        self.s = self.e.sum(axis=-1)
        return np.log(self.s) - self.z[self.mask]

    def derivative(self):
        return np.where(self.mask, -1.0, 0.0) + self.e / self.s[:, None]
