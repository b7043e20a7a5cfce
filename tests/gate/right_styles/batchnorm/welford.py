import numpy as np


class BatchNorm:
    """Mean and variance in one pass over the samples, by Welford's recurrence."""

    def __init__(self, in_feature, alpha=0.9):
        self.alpha = alpha
        self.eps = 1e-8
        self.gamma = np.ones((1, in_feature))
        self.beta = np.zeros((1, in_feature))
        self.running_mean = np.zeros((1, in_feature))
        self.running_var = np.ones((1, in_feature))

    def __call__(self, x, eval=False):
        return self.forward(x, eval)

    @staticmethod
    def statistics(x):
        mean, scatter = np.zeros(x.shape[1]), np.zeros(x.shape[1])
        for count, row in enumerate(x, start=1):
            step = row - mean
            mean = mean + step / count
            scatter = scatter + step * (row - mean)
        return mean, scatter / len(x)

    def forward(self, x, eval=False):
        if eval:
            mean, var = self.running_mean, self.running_var
        else:
            mean, var = self.statistics(x)
            self.running_mean = self.alpha * self.running_mean + (1 - self.alpha) * mean
            self.running_var = self.alpha * self.running_var + (1 - self.alpha) * var
        self.sigma = np.sqrt(var + self.eps)
        self.xhat = (x - mean) / self.sigma
        return self.gamma * self.xhat + self.beta

    def backward(self, delta):
        self.dgamma = (delta * self.xhat).sum(axis=0, keepdims=True)
        self.dbeta = delta.sum(axis=0, keepdims=True)
        correction = self.dbeta + self.xhat * self.dgamma
        return self.gamma * (delta - correction / len(delta)) / self.sigma
