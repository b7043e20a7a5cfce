import numpy as np


class BatchNorm1d:
    def __init__(self, num_features, alpha=0.9):
        self.alpha = alpha
        self.eps = 1e-8

        self.BW = np.ones((1, num_features))
        self.Bb = np.zeros((1, num_features))
        self.dLdBW = np.zeros((1, num_features))
        self.dLdBb = np.zeros((1, num_features))

        self.running_M = np.zeros((1, num_features))
        self.running_V = np.ones((1, num_features))

    def forward(self, Z, eval=False):
        if eval:
            NZ = (Z - self.running_M) / np.sqrt(self.running_V + self.eps)
            return NZ * self.BW + self.Bb

        self.N = len(Z)
        M = Z.mean(axis=0, keepdims=True)
        self.D = Z - M
        V = (self.D * self.D).mean(axis=0, keepdims=True)
        self.S = np.sqrt(V + self.eps)
        self.NZ = self.D / self.S

        self.running_M = self.alpha * self.running_M + (1 - self.alpha) * M
        self.running_V = self.alpha * self.running_V + (1 - self.alpha) * V
        return self.NZ * self.BW + self.Bb

    def backward(self, dLdBZ):
        self.dLdBb = dLdBZ.sum(axis=0, keepdims=True)
        self.dLdBW = (dLdBZ * self.NZ).sum(axis=0, keepdims=True)

        dLdNZ = dLdBZ * self.BW
        dLdV = -(dLdNZ * self.D).sum(axis=0, keepdims=True) / (2 * self.S**3)
        dLdM = -dLdNZ.sum(axis=0, keepdims=True) / self.S
        dLdM -= 2 / self.N * dLdV * self.D.sum(axis=0, keepdims=True)
        return dLdNZ / self.S + 2 / self.N * dLdV * self.D + dLdM / self.N
