import numpy as np


class SoftmaxCrossEntropy:
    """One-hot labels turned into class numbers, whose entry is picked out."""

    def __call__(self, x, y):
        return self.forward(x, y)

    def forward(self, x, y):
        self.true_class = np.argmax(y, axis=1)[:, np.newaxis]
        z = x - np.amax(x, axis=1)[:, np.newaxis]
        self.log_p = z - np.log(np.exp(z).sum(axis=1))[:, np.newaxis]
        return -np.take_along_axis(self.log_p, self.true_class, axis=1).squeeze(axis=1)

    def derivative(self):
        gradient = np.exp(self.log_p)
        picked = np.take_along_axis(gradient, self.true_class, axis=1)
        np.put_along_axis(gradient, self.true_class, picked - 1, axis=1)
        return gradient
