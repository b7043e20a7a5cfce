import numpy as np


class Linear(object):
    def __init__(self, in_feature, out_feature, weight_init_fn, bias_init_fn):
        self.W, self.b = weight_init_fn(in_feature, out_feature), bias_init_fn(out_feature)
        self.dW, self.db = None, None
        self.xT = None

    def forward(self, x):
        # only the transpose is needed later on
        self.xT = np.transpose(x)
        return np.add(np.dot(x, self.W), self.b)

    __call__ = forward

    def backward(self, delta):
        self.dW = np.divide(np.dot(self.xT, delta), delta.shape[0])
        self.db = np.mean(delta, axis=0, keepdims=True)
        return np.dot(delta, np.transpose(self.W))
