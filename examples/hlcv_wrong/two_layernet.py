import matplotlib.pyplot as plt
import numpy as np


class TwoLayerNetv1:
    """Linear, rectifier, linear, softmax."""

    def __init__(self, input_size, hidden_size, output_size, std=1e-4):
        self.params = {
            "W1": std * np.random.randn(input_size, hidden_size),
            "b1": np.zeros(hidden_size),
            "W2": std * np.random.randn(hidden_size, output_size),
            "b2": np.zeros(output_size),
        }

    def forward(self, X):
        """The classes' probabilities, one row for each sample."""
        exponentials = np.exp(self.hidden(X) @ self.params["W2"] + self.params["b2"])
        return exponentials / exponentials.sum()

    def hidden(self, X):
        return np.maximum(X @ self.params["W1"] + self.params["b1"], 0)

    def log_probabilities(self, X):
        scores = self.hidden(X) @ self.params["W2"] + self.params["b2"]
        scores = scores - scores.max(axis=1, keepdims=True)
        return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


class TwoLayerNetv2(TwoLayerNetv1):
    """With its loss: the mean cross-entropy, and a penalty on the weights."""

    def compute_loss(self, X, y=None, reg=0.0):
        if y is None:
            return self.forward(X)
        data_loss = -self.log_probabilities(X)[np.arange(len(X)), y].mean()
        penalty = sum(np.sum(array**2) for array in self.params.values())
        return data_loss + reg * penalty


class TwoLayerNetv3(TwoLayerNetv2):
    """With the gradients of its parameters."""

    def back_propagation(self, X, y=None, reg=0.0):
        if y is None:
            return self.forward(X)
        W2 = self.params["W2"]
        hidden = self.hidden(X)
        residual = np.exp(self.log_probabilities(X))
        residual[np.arange(len(X)), y] -= 1
        dscores = residual / len(X)
        dhidden = dscores @ W2.T
        dhidden[dhidden < 0] = 0
        grads = {
            "W1": X.T @ dhidden,
            "b1": dhidden.mean(axis=0),
            "W2": hidden.T @ dscores + reg * W2,
            "b2": residual.sum(axis=0),
        }
        return self.compute_loss(X, y, reg), grads


class TwoLayerNetv4(TwoLayerNetv3):
    """With stochastic gradient descent."""

    def train(self, X, y, learning_rate=1e-3, reg=5e-6, num_iters=100, batch_size=200):
        losses = []
        for _ in range(num_iters):
            batch = np.random.choice(len(X), batch_size)
            loss, grads = self.back_propagation(X[batch], y[batch], reg)
            losses.append(loss)
            for name, gradient in grads.items():
                self.params[name] -= learning_rate * gradient
        return losses

    def predict(self, X):
        return self.forward(X).argmax(axis=1)


def show_training(losses):
    plt.plot(losses)
    plt.xlabel("iteration")
    plt.ylabel("loss")
    plt.show()
