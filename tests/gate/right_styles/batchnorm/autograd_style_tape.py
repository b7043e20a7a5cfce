import numpy as np


class BatchNorm:
    """The forward leaves a list of pull-backs, and backward walks through it from the end."""

    def __init__(self, in_feature, alpha=0.9):
        self.alpha = alpha
        self.gamma = np.ones((1, in_feature))
        self.beta = np.zeros((1, in_feature))
        self.running_mean = np.zeros((1, in_feature))
        self.running_var = np.ones((1, in_feature))

    def __call__(self, x, eval=False):
        return self.forward(x, eval)

    def forward(self, x, eval=False):
        if eval:
            sigma = np.sqrt(self.running_var + 1e-8)
            return (x - self.running_mean) / sigma * self.gamma + self.beta
        mean = x.mean(axis=0, keepdims=True)
        centred = x - mean
        var = (centred * centred).mean(axis=0, keepdims=True)
        sigma = np.sqrt(var + 1e-8)
        hat = centred / sigma
        self.running_mean = self.alpha * self.running_mean + (1 - self.alpha) * mean
        self.running_var = self.alpha * self.running_var + (1 - self.alpha) * var

        def affine(d):
            self.dgamma = (d * hat).sum(axis=0, keepdims=True)
            self.dbeta = d.sum(axis=0, keepdims=True)
            return d * self.gamma

        def divide(d):
            dsigma = -(d * centred).sum(axis=0, keepdims=True) / sigma**2
            return d / sigma + dsigma / sigma * centred / len(d)

        def centre(d):
            return d - d.mean(axis=0, keepdims=True)

        self.tape = [centre, divide, affine]
        return hat * self.gamma + self.beta

    def backward(self, delta):
        for pull_back in reversed(self.tape):
            delta = pull_back(delta)
        return delta
