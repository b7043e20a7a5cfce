import numpy as np


class Linear:
    """Allocates once and writes into its own arrays: parameters' gradients keep their identity."""

    def __init__(self, in_feature, out_feature, weight_init_fn, bias_init_fn):
        self.W = np.ascontiguousarray(weight_init_fn(in_feature, out_feature))
        self.b = np.ascontiguousarray(bias_init_fn(out_feature)).reshape(1, out_feature)
        self.dW = np.empty((in_feature, out_feature))
        self.db = np.empty((1, out_feature))
        self.momentum_W = np.zeros((in_feature, out_feature))
        self.momentum_b = np.zeros((1, out_feature))
        self._x = np.empty((0, in_feature))

    def __call__(self, x):
        return self.forward(x)

    def forward(self, x):
        if self._x.shape != x.shape:
            self._x = np.empty(x.shape)
        np.copyto(self._x, x)
        y = np.empty((x.shape[0], self.W.shape[1]))
        np.matmul(self._x, self.W, out=y)
        y += self.b
        return y

    def backward(self, delta):
        np.matmul(self._x.T, delta, out=self.dW)
        self.dW /= delta.shape[0]
        np.sum(delta, axis=0, keepdims=True, out=self.db)
        self.db /= delta.shape[0]
        return np.matmul(delta, self.W.T)
