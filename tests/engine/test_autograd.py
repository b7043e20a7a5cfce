"""The torch oracle: known derivatives, unused inputs, whole numbers, several outputs, precision."""

import numpy as np

from backproof.operation import Input, Operation
from backproof.oracles.autograd import differentiate

X = np.array([[1.0, 2.0], [3.0, 4.0]])
ROWS = ("rows", "columns")


def operation(torch, *names, **more):
    """An operation that has nothing but a torch reference."""
    inputs = tuple(Input(n, ROWS) for n in names)
    return Operation(name="by hand", inputs=inputs, output_axes=ROWS, torch=torch, **more)


def test_a_polynomial_is_differentiated_exactly():
    """Whole numbers stay whole: the gradient of x^3 weighted with 2 is 6 x^2."""
    cube = operation(lambda torch, x: x**3, "x")
    outputs, gradients = differentiate(cube, {"x": X}, {}, np.full((2, 2), 2.0), ("x",))
    assert outputs["y"].tolist() == (X**3).tolist()
    assert gradients["x"].tolist() == (6 * X**2).tolist()


def test_the_cotangent_weighs_each_entry():
    """A cotangent of a single 1 leaves a single row of the Jacobian."""
    squares = operation(lambda torch, x: x**2, "x")
    single = np.array([[0.0, 0.0], [1.0, 0.0]])
    _, gradients = differentiate(squares, {"x": X}, {}, single, ("x",))
    assert gradients["x"].tolist() == [[0, 0], [6, 0]]


def test_an_unused_input_has_a_gradient_of_zeros():
    """What the output does not depend on is answered with zeros in the input's shape."""
    first = operation(lambda torch, x, unused: 1 * x, "x", "unused")
    inputs = {"x": X, "unused": np.ones((2, 3))}
    _, gradients = differentiate(first, inputs, {}, np.ones((2, 2)), ("x", "unused"))
    assert gradients["unused"].tolist() == np.zeros((2, 3)).tolist()


def test_whole_numbers_stay_whole():
    """Class indices are not turned into floating point."""
    pick = operation(lambda torch, x, index: x[:, index], "x", "index")
    inputs = {"x": X, "index": np.array([1, 0])}
    outputs, gradients = differentiate(pick, inputs, {}, np.ones((2, 2)), ("x",))
    assert outputs["y"].tolist() == X[:, ::-1].tolist()
    assert gradients["x"].tolist() == np.ones((2, 2)).tolist()


def test_the_first_output_is_the_one_differentiated():
    """Further outputs are values only, each under its name."""
    both = operation(lambda torch, x: (2 * x, 5 * x), "x", outputs=("y", "twice"))
    outputs, gradients = differentiate(both, {"x": X}, {}, np.ones((2, 2)), ("x",))
    assert outputs["twice"].tolist() == (5 * X).tolist()
    assert gradients["x"].tolist() == np.full((2, 2), 2.0).tolist()


def test_single_precision_is_coarser_and_comes_back_as_double():
    """A third has fewer digits in single precision; the answer is float64 all the same."""
    third = operation(lambda torch, x: x / 3, "x")
    asked = third, {"x": X}, {}, np.ones((2, 2)), ("x",)
    (fine, _), (coarse, _) = differentiate(*asked), differentiate(*asked, single=True)
    assert fine["y"].dtype == coarse["y"].dtype == np.float64
    assert fine["y"][0, 0] == 1 / 3
    assert coarse["y"][0, 0] == np.float64(np.float32(1) / np.float32(3))


def test_strided_and_read_only_inputs_are_left_alone():
    """The oracle copies: an array that is not to be written to is a fine question."""
    strided = np.arange(8.0).reshape(2, 4)[:, ::2]
    strided.flags.writeable = False
    cube = operation(lambda torch, x: x**2, "x")
    _, gradients = differentiate(cube, {"x": strided}, {}, np.ones((2, 2)), ("x",))
    assert gradients["x"].tolist() == (2 * strided).tolist()
