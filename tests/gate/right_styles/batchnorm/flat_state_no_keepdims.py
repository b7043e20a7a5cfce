import numpy as np


class BatchNorm:
    """Works on (D,) statistics; whatever shape its state was given in is flattened on the way."""

    EPS = 1e-8

    def __init__(self, in_feature, alpha=0.9):
        self.alpha = alpha
        self.gamma, self.beta = np.ones(in_feature), np.zeros(in_feature)
        self.running_mean, self.running_var = np.zeros(in_feature), np.ones(in_feature)

    def __call__(self, x, eval=False):
        return self.forward(x, eval)

    def _blend(self, old, new):
        return self.alpha * np.ravel(old) + (1 - self.alpha) * new

    def forward(self, x, eval=False):
        if eval:
            mean, var = np.ravel(self.running_mean), np.ravel(self.running_var)
        else:
            mean = x.mean(0)
            var = ((x - mean) ** 2).mean(0)
            self.running_mean = self._blend(self.running_mean, mean)
            self.running_var = self._blend(self.running_var, var)
        self.sd = np.sqrt(var + self.EPS)
        self.z = (x - mean) / self.sd
        return np.ravel(self.gamma) * self.z + np.ravel(self.beta)

    def backward(self, delta):
        self.dgamma = (delta * self.z).sum(0)
        self.dbeta = delta.sum(0)
        n = len(delta)
        scale = np.ravel(self.gamma) / (n * self.sd)
        return scale * (n * delta - self.dbeta - self.z * self.dgamma)
