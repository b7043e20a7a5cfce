import numpy as np


class Linear:
    # straight from the definition, one number after the other

    def __init__(self, in_feature, out_feature, weight_init_fn, bias_init_fn):
        self.n_in = in_feature
        self.n_out = out_feature
        self.W = weight_init_fn(in_feature, out_feature)
        self.b = bias_init_fn(out_feature)

    def __call__(self, x):
        return self.forward(x)

    def forward(self, x):
        self.x = x
        out = np.zeros((x.shape[0], self.n_out))
        for n in range(x.shape[0]):
            for o in range(self.n_out):
                total = self.b[0, o]
                for i in range(self.n_in):
                    total = total + x[n, i] * self.W[i, o]
                out[n, o] = total
        return out

    def backward(self, delta):
        n_samples = delta.shape[0]
        self.dW = np.zeros((self.n_in, self.n_out))
        self.db = np.zeros((1, self.n_out))
        dx = np.zeros((n_samples, self.n_in))
        for n in range(n_samples):
            for o in range(self.n_out):
                self.db[0, o] += delta[n, o] / n_samples
                for i in range(self.n_in):
                    self.dW[i, o] += self.x[n, i] * delta[n, o] / n_samples
                    dx[n, i] += delta[n, o] * self.W[i, o]
        return dx
