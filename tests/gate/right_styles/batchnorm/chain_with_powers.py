import numpy as np


class BatchNorm:
    """The hand-out's equations one after the other, with negative powers of sigma squared."""

    def __init__(self, in_feature, alpha=0.9):
        self.alpha, self.eps = alpha, 1e-8
        self.gamma, self.beta = np.ones((1, in_feature)), np.zeros((1, in_feature))
        self.running_mean, self.running_var = np.zeros((1, in_feature)), np.ones((1, in_feature))

    def __call__(self, x, eval=False):
        return self.forward(x, eval)

    def forward(self, x, eval=False):
        if eval:
            return self.gamma * (x - self.running_mean) * (
                self.running_var + self.eps
            ) ** -0.5 + self.beta
        self.x = x
        self.mu = x.mean(axis=0)
        self.sigma2 = x.var(axis=0)
        self.xhat = (x - self.mu) * (self.sigma2 + self.eps) ** -0.5
        a = self.alpha
        self.running_mean = a * self.running_mean + (1 - a) * self.mu
        self.running_var = a * self.running_var + (1 - a) * self.sigma2
        return self.gamma * self.xhat + self.beta

    def backward(self, delta):
        m = delta.shape[0]
        root = (self.sigma2 + self.eps) ** -0.5
        dxhat = delta * self.gamma
        dsigma2 = -0.5 * (dxhat * (self.x - self.mu) * root**3).sum(axis=0)
        dmu = -(dxhat * root).sum(axis=0) - 2 / m * dsigma2 * (self.x - self.mu).sum(axis=0)
        self.dbeta = delta.sum(axis=0)
        self.dgamma = (delta * self.xhat).sum(axis=0)
        return dxhat * root + dsigma2 * 2 / m * (self.x - self.mu) + dmu / m
