import numpy as np


class BatchNorm:
    def __init__(self, in_feature, alpha=0.9):
        self.alpha = alpha
        self.eps = 1e-8

        self.gamma = np.ones((1, in_feature))
        self.beta = np.zeros((1, in_feature))
        self.dgamma = np.zeros((1, in_feature))
        self.dbeta = np.zeros((1, in_feature))

        self.running_mean = np.zeros((1, in_feature))
        self.running_var = np.ones((1, in_feature))

    def __call__(self, x, eval=False):
        return self.forward(x, eval)

    def forward(self, x, eval=False):
        if eval:
            norm = (x - self.running_mean) / np.sqrt(self.running_var + self.eps)
            return self.gamma * norm + self.beta

        mean = x.mean(axis=0, keepdims=True)
        var = x.var(axis=0, keepdims=True)
        self.running_mean = self.alpha * self.running_mean + (1 - self.alpha) * mean
        self.running_var = self.alpha * self.running_var + (1 - self.alpha) * var

        self.centred = x - mean
        self.std = np.sqrt(var + self.eps)
        self.norm = self.centred / self.std
        return self.gamma * self.norm + self.beta

    def backward(self, delta):
        m = len(delta)
        self.dgamma = (delta * self.norm).sum(axis=0, keepdims=True)
        self.dbeta = delta.sum(axis=0, keepdims=True)

        dnorm = delta * self.gamma
        dvar = -0.5 * (dnorm * self.centred).sum(axis=0, keepdims=True) / self.std**3
        return dnorm / self.std + dvar * 2 / m * self.centred
