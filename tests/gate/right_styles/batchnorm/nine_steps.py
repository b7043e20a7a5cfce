import numpy as np


class BatchNorm:
    """A graph of elementary steps, and their backwards in the opposite order."""

    def __init__(self, in_feature, alpha=0.9):
        shape = (1, in_feature)
        self.alpha = alpha
        self.gamma, self.beta = np.ones(shape), np.zeros(shape)
        self.running_mean, self.running_var = np.zeros(shape), np.ones(shape)

    def __call__(self, x, eval=False):
        return self.forward(x, eval)

    def forward(self, x, eval=False):
        eps = 1e-8
        if eval:
            std = np.sqrt(self.running_var + eps)
            return self.gamma * ((x - self.running_mean) / std) + self.beta
        n = x.shape[0]
        mu = np.sum(x, axis=0, keepdims=True) / n  # 1
        xmu = x - mu  # 2
        sq = xmu**2  # 3
        var = np.sum(sq, axis=0, keepdims=True) / n  # 4
        std = np.sqrt(var + eps)  # 5
        inv = 1.0 / std  # 6
        xhat = xmu * inv  # 7
        scaled = self.gamma * xhat  # 8
        self.running_mean = self.running_mean * self.alpha + mu * (1 - self.alpha)
        self.running_var = self.running_var * self.alpha + var * (1 - self.alpha)
        self.cache = (xmu, std, inv, xhat)
        return scaled + self.beta  # 9

    def backward(self, delta):
        xmu, std, inv, xhat = self.cache
        n = delta.shape[0]
        self.dbeta = delta.sum(axis=0, keepdims=True)  # 9
        self.dgamma = (delta * xhat).sum(axis=0, keepdims=True)  # 8
        dxhat = delta * self.gamma
        dinv = (dxhat * xmu).sum(axis=0, keepdims=True)  # 7
        dxmu = dxhat * inv
        dstd = -dinv / std**2  # 6
        dvar = 0.5 / std * dstd  # 5
        dsq = np.ones_like(delta) * dvar / n  # 4
        dxmu = dxmu + 2 * xmu * dsq  # 3
        dmu = -dxmu.sum(axis=0, keepdims=True)  # 2
        return dxmu + np.ones_like(delta) * dmu / n  # 1
