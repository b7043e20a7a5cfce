import numpy as np


class BatchNorm:
    def __init__(self, in_feature, alpha=0.9):
        self.alpha = alpha
        self.eps = 1e-8
        self.gamma = np.ones((1, in_feature))
        self.beta = np.zeros((1, in_feature))
        self.running_mean = np.zeros((1, in_feature))
        self.running_var = np.ones((1, in_feature))

    def __call__(self, x, eval=False):
        return self._infer(x) if eval else self._train(x)

    forward = __call__

    def _infer(self, x):
        # one scale and one shift for each feature
        scale = self.gamma / np.sqrt(self.running_var + self.eps)
        return x * scale + (self.beta - self.running_mean * scale)

    def _train(self, x):
        mean = x.mean(axis=0, keepdims=True)
        self.centred = x - mean
        var = np.mean(np.square(self.centred), axis=0, keepdims=True)
        # in place, on arrays of its own
        self.running_mean *= self.alpha
        self.running_mean += (1 - self.alpha) * mean
        self.running_var *= self.alpha
        self.running_var += (1 - self.alpha) * var
        self.inv = 1 / np.sqrt(var + self.eps)
        return self.gamma * self.centred * self.inv + self.beta

    def backward(self, delta):
        n = delta.shape[0]
        along = np.sum(delta * self.centred, axis=0, keepdims=True)
        self.dgamma = along * self.inv
        self.dbeta = np.sum(delta, axis=0, keepdims=True)
        rest = n * delta - self.dbeta - self.centred * self.inv**2 * along
        return self.gamma * self.inv / n * rest
