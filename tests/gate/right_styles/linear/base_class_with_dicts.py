import numpy as np


class Module:
    def __init__(self):
        self.params = {}
        self.grads = {}
        self.memory = {}

    def __call__(self, *inputs):
        return self.forward(*inputs)

    def __getattr__(self, name):
        # W and b live in params, dW and db in grads
        params, grads = self.__dict__["params"], self.__dict__["grads"]
        if name in params:
            return params[name]
        if name.startswith("d") and name[1:] in grads:
            return grads[name[1:]]
        raise AttributeError(name)


class Linear(Module):
    def __init__(self, in_feature, out_feature, weight_init_fn, bias_init_fn):
        super().__init__()
        self.params = {
            "W": weight_init_fn(in_feature, out_feature),
            "b": bias_init_fn(out_feature),
        }
        self.grads = {key: np.zeros_like(value) for key, value in self.params.items()}

    def forward(self, x):
        self.memory["x"] = x
        return x @ self.params["W"] + self.params["b"]

    def backward(self, delta):
        n = float(len(delta))
        self.grads["W"] = (self.memory["x"].T / n) @ delta
        self.grads["b"] = delta.sum(0, keepdims=True) / n
        return delta @ self.params["W"].T
