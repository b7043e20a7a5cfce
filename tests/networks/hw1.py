"""Document 004's perceptron as a student would write it: objects that keep what they saw."""

from __future__ import annotations

import numpy as np


class Linear:
    """A linear layer; its gradients are divided by `batch`, its cotangent is not."""

    def __init__(self, weight, bias):
        self.W, self.b = weight.copy(), bias.copy()
        self.momentum_W, self.momentum_b = np.zeros_like(weight), np.zeros_like(bias)

    def forward(self, x):
        self.x = x
        return np.dot(x, self.W) + self.b

    def backward(self, delta, batch):
        self.dW, self.db = np.dot(self.x.T, delta) / batch, np.sum(delta, axis=0) / batch
        return np.dot(delta, self.W.T)


class BatchNorm:
    """Batch normalisation by the chain through variance and mean (004 eq. 20, 27, 37)."""

    def __init__(self, gamma, beta, running_mean, running_var):
        self.gamma, self.beta = gamma.copy(), beta.copy()
        self.running_mean, self.running_var = running_mean, running_var

    def forward(self, x, evaluation):
        self.evaluation = evaluation
        mean, var = np.mean(x, axis=0), np.var(x, axis=0)
        if evaluation:
            mean, var = self.running_mean, self.running_var
        else:
            self.running_mean = 0.9 * self.running_mean + 0.1 * mean
            self.running_var = 0.9 * self.running_var + 0.1 * var
        self.centred, self.sigma = x - mean, np.sqrt(var + 1e-8)
        self.norm = self.centred / self.sigma
        return self.gamma * self.norm + self.beta

    def backward(self, delta):
        m = len(delta)
        self.dgamma, self.dbeta = np.sum(delta * self.norm, axis=0), np.sum(delta, axis=0)
        delta = delta * self.gamma
        if self.evaluation:
            return delta / self.sigma
        dvar = -np.sum(delta * self.centred, axis=0) / (2 * self.sigma**3)
        dmean = -np.sum(delta, axis=0) / self.sigma - 2 * dvar * np.mean(self.centred, axis=0)
        return delta / self.sigma + (2 * dvar * self.centred + dmean) / m


class Activation:
    """An activation whose derivative is taken of its output, the `state`."""

    def __init__(self, name):
        self.name = name

    def forward(self, x):
        forms = {
            "sigmoid": lambda: 1 / (1 + np.exp(-x)),
            "tanh": lambda: np.tanh(x),
            "relu": lambda: x * (x > 0),
            "identity": lambda: x,
        }
        self.state = forms[self.name]()
        return self.state

    def derivative(self):
        forms = {
            "sigmoid": lambda s: s * (1 - s),
            "tanh": lambda s: 1 - s * s,
            "relu": lambda s: (s > 0).astype(s.dtype),
            "identity": lambda s: s.dtype.type(1),
        }
        return forms[self.name](self.state)


class MLP:
    """The network: linear, batch normalisation where there is one, activation."""

    batch_norm = BatchNorm

    def __init__(self, layers, given):
        self.train_mode = True
        self.layers = []
        for n, names in enumerate(layers.split(", "), start=1):
            linear = Linear(given[f"weight{n}"], given[f"bias{n}"])
            arrays = ("gamma", "beta", "running_mean", "running_var")
            normalised = names.startswith("batchnorm")
            norm = self.batch_norm(*(given[a + str(n)] for a in arrays)) if normalised else None
            self.layers.append((linear, norm, Activation(names.split()[-1])))

    def forward(self, x):
        for linear, norm, activation in self.layers:
            x = linear.forward(x)
            if norm:
                x = norm.forward(x, not self.train_mode)
            x = activation.forward(x)
        return x

    def losses(self, logits, labels):
        """Log-sum-exp minus the true logit, and softmax minus the target."""
        exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
        mass = exponents.sum(axis=1)
        losses = np.log(mass) + logits.max(axis=1) - np.sum(logits * labels, axis=1)
        return losses, exponents / mass[:, None] - labels

    def backward(self, delta, batch):
        for linear, norm, activation in reversed(self.layers):
            delta = delta * activation.derivative()
            if norm:
                delta = norm.backward(delta)
            delta = linear.backward(delta, batch)

    def step(self, lr, momentum):
        for linear, norm, _ in self.layers:
            linear.momentum_W = momentum * linear.momentum_W - lr * linear.dW
            linear.momentum_b = momentum * linear.momentum_b - lr * linear.db
            linear.W += linear.momentum_W
            linear.b += linear.momentum_b
            if norm:
                norm.gamma = norm.gamma - lr * norm.dgamma
                norm.beta = norm.beta - lr * norm.dbeta

    def read(self, *pairs):
        """Attributes of every layer, by the operation's names: ``("weight", "W")``."""
        found = {}
        for n, (linear, norm, _) in enumerate(self.layers, start=1):
            for name, attribute in pairs:
                owner = linear if name in {"weight", "bias"} else norm
                if owner:
                    found[f"{name}{n}"] = getattr(owner, attribute)
        return found


RUNNING = ("running_mean", "running_mean"), ("running_var", "running_var")
GRADIENTS = ("weight", "dW"), ("bias", "db"), ("gamma", "dgamma"), ("beta", "dbeta")


class OnePass:
    """One forward and one backward of an `MLP`, as `batchnorm_mlp` asks for them."""

    def __init__(self, network=MLP):
        self.network = network

    def forward(self, x, targets, *, layers, reduction, mode, **given):
        network = self.network(layers, given)
        network.train_mode = mode == "training"
        logits = network.forward(x)
        losses, delta = network.losses(logits, targets)
        loss = {"none": losses, "sum": losses.sum(), "mean": losses.mean()}[reduction]
        running = network.read(*RUNNING).values()
        return (np.asarray(loss), logits, *running), (network, delta, reduction)

    def backward(self, cotangent, cache):
        network, delta, reduction = cache
        rows = cotangent[:, None] if reduction == "none" else cotangent
        share = len(delta) if reduction == "mean" else 1
        network.backward(delta * rows / delta.dtype.type(share), 1)
        return network.read(*GRADIENTS)


class Course:
    """Steps of an `MLP` and an evaluation, as `mlp_training` asks for them."""

    def __init__(self, network=MLP):
        self.network = network

    def forward(self, x, targets, x_evaluation, *, layers, lr, momentum, **given):
        network = self.network(layers, given)
        number = x.dtype.type
        for samples, labels in zip(x, targets, strict=True):
            _, delta = network.losses(network.forward(samples), labels)
            network.backward(delta, number(len(samples)))
            network.step(number(lr), number(momentum))
        network.train_mode = False
        logits = network.forward(x_evaluation)
        state = network.read(
            ("weight", "W"), ("bias", "b"), ("gamma", "gamma"), ("beta", "beta"), *RUNNING
        )
        return (logits, *(state[name] for name in given)), None

    def backward(self, cotangent, _):
        return {}
