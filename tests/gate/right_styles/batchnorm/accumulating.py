import numpy as np


class BatchNorm:
    """Gradients add up until zero_grads() is called; there are none before its first call."""

    def __init__(self, in_feature, alpha=0.9):
        self.alpha, self.eps = alpha, 1e-8
        self.gamma, self.beta = np.ones((1, in_feature)), np.zeros((1, in_feature))
        self.running_mean = np.zeros((1, in_feature))
        self.running_var = np.ones((1, in_feature))

    def zero_grads(self):
        self.dgamma = np.zeros_like(self.gamma)
        self.dbeta = np.zeros_like(self.beta)

    def __call__(self, x, eval=False):
        return self.forward(x, eval)

    def forward(self, x, eval=False):
        if eval:
            mean, var = self.running_mean, self.running_var
        else:
            mean, var = np.mean(x, 0, keepdims=True), np.var(x, 0, keepdims=True)
            self.running_mean = self.alpha * self.running_mean + (1 - self.alpha) * mean
            self.running_var = self.alpha * self.running_var + (1 - self.alpha) * var
        self.sd = np.sqrt(var + self.eps)
        self.z = (x - mean) / self.sd
        return self.gamma * self.z + self.beta

    def backward(self, delta):
        shift, scale = delta.sum(0, keepdims=True), (delta * self.z).sum(0, keepdims=True)
        self.dbeta += shift
        self.dgamma += scale
        return self.gamma / self.sd * (delta - (shift + self.z * scale) / len(delta))
