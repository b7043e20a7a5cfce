import numpy as np


class BatchNorm:
    def __init__(self, in_feature, alpha=0.9):
        self.d = in_feature
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
        out = np.zeros(x.shape)
        self.xhat, self.std = np.zeros(x.shape), np.zeros(self.d)
        for j in range(self.d):
            column = x[:, j]
            if eval:
                m, v = self.running_mean[0, j], self.running_var[0, j]
            else:
                m = sum(column) / len(column)
                v = sum((c - m) ** 2 for c in column) / len(column)
                self.running_mean[0, j] = self.alpha * self.running_mean[0, j] + (1 - self.alpha) * m
                self.running_var[0, j] = self.alpha * self.running_var[0, j] + (1 - self.alpha) * v
            self.std[j] = (v + self.eps) ** 0.5
            self.xhat[:, j] = (column - m) / self.std[j]
            out[:, j] = self.gamma[0, j] * self.xhat[:, j] + self.beta[0, j]
        return out

    def backward(self, delta):
        dx = np.zeros(delta.shape)
        for j in range(self.d):
            g, h = delta[:, j], self.xhat[:, j]
            self.dgamma[0, j] = g @ h
            self.dbeta[0, j] = g.sum()
            rest = g - g.mean() - h * (g * h).mean()
            dx[:, j] = self.gamma[0, j] * rest / self.std[j]
        return dx
