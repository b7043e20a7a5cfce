import numpy as np


class BatchNorm:
    """Features first: every array is (D, N) or (D, 1) inside."""

    def __init__(self, in_feature, alpha=0.9):
        self.keep, self.take = alpha, 1 - alpha
        self.gamma = np.ones((1, in_feature))
        self.beta = np.zeros((1, in_feature))
        self.running_mean = np.zeros((1, in_feature))
        self.running_var = np.ones((1, in_feature))

    def __call__(self, x, eval=False):
        return self.forward(x, eval)

    def forward(self, x, eval=False):
        columns = x.T
        if eval:
            centre, spread = self.running_mean.T, self.running_var.T
        else:
            centre = np.array([[np.average(c)] for c in columns])
            spread = np.array([[np.std(c) ** 2] for c in columns])
            self.running_mean = self.keep * self.running_mean + self.take * centre.T
            self.running_var = self.keep * self.running_var + self.take * spread.T
        self.away = columns - centre
        self.sigma = np.sqrt(spread + 1e-8)
        return (self.gamma.T * self.away / self.sigma + self.beta.T).T

    def backward(self, delta):
        up = delta.T
        n = up.shape[1]
        self.dbeta = up.sum(axis=1)
        self.dgamma = (up * self.away / self.sigma).sum(axis=1)
        g = up * self.gamma.T
        dvar = (-0.5 * g * self.away / self.sigma**3).sum(axis=1, keepdims=True)
        dmean = (-g / self.sigma).sum(axis=1, keepdims=True)
        return (g / self.sigma + 2 * dvar * self.away / n + dmean / n).T
