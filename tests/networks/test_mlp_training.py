"""Steps of gradient descent on document 004's perceptron, followed parameter by parameter."""

from __future__ import annotations

import numpy as np
import pytest

from backproof.catalog import find
from backproof.compare import within
from backproof.error_analysis import Rounding
from backproof.inputs.examples import Course, examples
from backproof.inputs.search import smallest
from backproof.loop import examine
from backproof.operation import scalar_symbols
from backproof.oracles.composed import ComposedOracle

DEEP = "batchnorm tanh, batchnorm sigmoid, identity"
PLAIN = "sigmoid, relu, identity"
WEIGHTS = {f"forward.weight{n}" for n in (1, 2, 3)}
BIASES = {f"forward.bias{n}" for n in (1, 2, 3)}
AFFINE = {f"forward.{name}{n}" for n in (1, 2) for name in ("gamma", "beta")}
RUNNING = {f"forward.{name}{n}" for n in (1, 2) for name in ("running_mean", "running_var")}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_passes_a_right_program(outcomes_of, hw1, dtype):
    """After every step every array lies within its bound."""
    outcomes = outcomes_of(hw1.Course(), count=40, dtype=dtype)
    assert outcomes.keys() == {"forward"} | WEIGHTS | BIASES | AFFINE | RUNNING
    assert all(seen <= {"right", "silent"} for seen in outcomes.values())


def test_passes_the_reference(operation):
    """The composed implementations agree with closed forms and torch; nothing is differentiated."""
    verdict = examine(operation, count=8)
    assert verdict.verdict == "pass"
    assert all(c.examples >= 8 for c in verdict.checks)
    says = [c.oracles for c in verdict.checks if c.oracles]
    assert says
    assert all(said == {"symbolic": "agree", "autograd": "agree"} for said in says)


def test_follows_torch_optim_sgd_and_torch_nn(operation):
    """Three steps of torch.nn modules under torch.optim.SGD give the same within the bounds."""
    torch = pytest.importorskip("torch")
    course = Course({"layers": ("batchnorm sigmoid, identity",), "momentum": (0.9,)})
    draw = smallest(
        examples(operation, course),
        lambda d: d.sizes["steps"] == 3 and d.sizes["hidden1"] > 1 and d.sizes["classes"] > 1,
        "three steps",
        60,
    )
    given = {n: torch.tensor(a.copy()) for n, a in draw.example.inputs.items()}
    linear1, linear2 = (
        torch.nn.Linear(*given[f"weight{n}"].shape, dtype=torch.float64) for n in (1, 2)
    )
    norm = torch.nn.BatchNorm1d(given["gamma1"].numel(), eps=1e-8, dtype=torch.float64)
    with torch.no_grad():
        for n, layer in enumerate((linear1, linear2), start=1):
            layer.weight.copy_(given[f"weight{n}"].T)
            layer.bias.copy_(given[f"bias{n}"])
        norm.weight.copy_(given["gamma1"])
        norm.bias.copy_(given["beta1"])
    network = torch.nn.Sequential(linear1, norm, torch.nn.Sigmoid(), linear2)
    batch, lr = draw.sizes["batch"], draw.example.parameters["lr"]
    groups = [
        {"params": [*linear1.parameters(), *linear2.parameters()], "momentum": 0.9},
        {"params": norm.parameters(), "lr": lr * batch},
    ]
    optimizer = torch.optim.SGD(groups, lr=lr)
    for x, targets in zip(given["x"], given["targets"], strict=True):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(x), targets.argmax(dim=1)).backward()
        optimizer.step()
    symbols = scalar_symbols(draw.sizes, draw.example.parameters)
    oracle = ComposedOracle(operation.composition(draw.convention))
    truth = oracle.opinion(
        Rounding.of(np.float64), draw.example.inputs, draw.example.cotangent, symbols
    )
    found = {
        "weight1": linear1.weight.T,
        "bias1": linear1.bias,
        "gamma1": norm.weight,
        "beta1": norm.bias,
        "weight2": linear2.weight.T,
        "bias2": linear2.bias,
    }
    for name, tensor in found.items():
        assert within(tensor.detach().numpy(), truth.outputs[name].value, truth.outputs[name].bound)
        moved = not np.array_equal(tensor.detach().numpy(), draw.example.inputs[name])
        assert moved == (name != "bias1")  # which normalisation takes away again


def test_rejects_a_momentum_of_the_wrong_sign(wrong_in, hw1):
    """Momentum pulls on in the old direction; without momentum, or at the first step, none does."""

    class Network(hw1.MLP):
        def step(self, lr, momentum):
            super().step(lr, -momentum)

    wrong = hw1.Course(Network)
    assert {"forward"} | WEIGHTS | BIASES <= wrong_in(wrong, layers=PLAIN, momentum=0.9)
    assert wrong_in(wrong, layers=PLAIN, momentum=0.0) == set()


def test_rejects_gradients_that_pile_up_from_step_to_step(wrong_in, hw1):
    """A step follows the gradients of its own batch: zero_grads stands between two."""

    class Network(hw1.MLP):
        def backward(self, delta, batch):
            before = [
                (layer[0].dW, layer[0].db) for layer in self.layers if hasattr(layer[0], "dW")
            ]
            super().backward(delta, batch)
            for (linear, *_), (old_weight, old_bias) in zip(self.layers, before, strict=False):
                linear.dW, linear.db = linear.dW + old_weight, linear.db + old_bias

    found = wrong_in(hw1.Course(Network), layers=PLAIN, momentum=0.0)
    assert found == {"forward"} | WEIGHTS | BIASES


def test_rejects_a_step_by_the_velocity_of_the_step_before(wrong_in, hw1):
    """The velocity is updated first and then followed."""

    class Network(hw1.MLP):
        def step(self, lr, momentum):
            for linear, *_ in self.layers:
                linear.W += linear.momentum_W
                linear.momentum_W = momentum * linear.momentum_W - lr * linear.dW
                linear.b += linear.momentum_b
                linear.momentum_b = momentum * linear.momentum_b - lr * linear.db

    assert {"forward"} | WEIGHTS | BIASES <= wrong_in(hw1.Course(Network), layers=PLAIN)


def test_rejects_biases_that_are_never_updated(wrong_in, hw1):
    """The weights of the first step are still right, the biases are not."""

    class Network(hw1.MLP):
        def step(self, lr, momentum):
            before = [linear.b.copy() for linear, *_ in self.layers]
            super().step(lr, momentum)
            for (linear, *_), bias in zip(self.layers, before, strict=True):
                linear.b = bias

    assert wrong_in(hw1.Course(Network), layers=PLAIN) >= BIASES | {"forward"}


def test_rejects_an_evaluation_in_training_mode(wrong_in, hw1):
    """After training the running statistics normalise; what the steps made is right."""

    class Network(hw1.MLP):
        def forward(self, x):
            evaluation, self.train_mode = not self.train_mode, True
            running = self.read(*hw1.RUNNING)
            y = super().forward(x)
            for n, (_, norm, _) in enumerate(self.layers, start=1):
                if evaluation and norm:
                    norm.running_mean = running[f"running_mean{n}"]
                    norm.running_var = running[f"running_var{n}"]
            return y

    assert wrong_in(hw1.Course(Network), layers=DEEP) == {"forward"}


def test_rejects_momentum_for_scale_and_shift(wrong_in, hw1):
    """004 keeps momentum to the linear layers; from the second step on gamma and beta show it."""

    class Network(hw1.MLP):
        def step(self, lr, momentum):
            super().step(lr, momentum)
            for _, norm, _ in self.layers:
                for name in ("gamma", "beta") if norm else ():
                    old = getattr(norm, f"momentum_{name}", 0)
                    setattr(norm, name, getattr(norm, name) + momentum * old)
                    new = momentum * old - lr * getattr(norm, f"d{name}")
                    setattr(norm, f"momentum_{name}", new)

    found = wrong_in(hw1.Course(Network), layers=DEEP, momentum=0.9)
    assert found & AFFINE
    assert wrong_in(hw1.Course(Network), layers=DEEP, momentum=0.0) == set()


def test_rejects_one_entry_off_by_a_millionth(wrong_in, hw1):
    """A relative error of 1e-6 in the last entry alone is seen in its own check."""

    class Wrong(hw1.Course):
        def forward(self, x, targets, x_evaluation, **given):
            (logits, *state), _ = super().forward(x, targets, x_evaluation, **given)
            last = [name for name in given if name not in {"layers", "lr", "momentum"}].index(
                "beta2"
            )
            state[last][-1] *= 1 + 1e-6
            return (logits, *state), None

    assert wrong_in(Wrong(), layers=DEEP) == {"forward.beta2"}


def test_what_it_rests_on_is_proved_elsewhere():
    """A network's claims to prove are its operations', each once."""
    names = [derivation.name for _, derivation in find("mlp_training").derivations()]
    assert sorted(set(names)) == [
        *("batchnorm", "identity", "linear", "relu"),
        *("sigmoid", "softmax_cross_entropy", "tanh"),
    ]
    assert names.count("batchnorm") == 2
    assert names.count("linear") == 1
