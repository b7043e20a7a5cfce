"""Keys in Markdown: what blocks say, where equations may stand, and every error at its place."""

import json
import time

import pytest

from backproof.audit.key import LARGEST, KeyFileError
from backproof.audit.markdown_key import load
from backproof.cli import main
from derivations.claims import judge

pytestmark = pytest.mark.symbolic

KEY = r"""
# A key with everything

One sample, its letters, and a shape:

```backproof
operation = "linear"
derivative = "x"
convention = { layout = "W x + b" }
axes = { batch = 1, outputs = "n", inputs = "m" }
symbols = { A = "weight", '\delta_{out}' = "dy" }
```

$$dx = A^T \delta_{out} \in \mathbb{R}^{m}$$

The weight the other way round: say its shape.

```backproof
operation = "linear"
derivative = "weight"
axes = { batch = "S" }
shapes = { weight = ["inputs", "outputs"] }
```

- In a list, with several equalities:

  $$
  \begin{aligned}
  \frac{\partial L}{\partial W} &= X^T \frac{\partial L}{\partial Y} \\
  &= \left(\left(\frac{\partial L}{\partial Y}\right)^T X\right)^T \\
  y_{si} &= \sum_k x_{sk} W_{ki} + b_i
  \end{aligned}
  $$

> In a quote, and the mistake of a mean:
> $$G = \frac{1}{S} X^T dY$$

```backproof
operation = "softmax_cross_entropy"
derivative = "logits"
convention = { reduction = "mean" }
axes = { batch = "N" }
functions = { '\psi' = "softmax" }
where = ["sum of t = 1"]
```

Within a line, $$\frac{1}{N} (\psi(z_i) - t_i)_j = \frac{\partial L}{\partial z_{ij}}$$ and
another, $$\frac{1}{N} (\psi(z) - t)$$ with one side. What is `$$` in code, or `x` $x$, is no claim.

```backproof
operation = "batchnorm"
where = ["batch = 1"]
```

$$\hat{x}_{ni} = 0$$

```backproof
operation = "softmax"
where = ['i \neq k']
```

$$\frac{\partial y_{si}}{\partial x_{sk}} = -y_{si} y_{sk}$$

```backproof
operation = "leaky_relu"
numbers = ['\eta']
```

$$\eta x_{si} = (\eta - 1) x_{si} + \max(x_{si}, 0) - \max(-x_{si}, 0)$$
"""


@pytest.fixture
def key(tmp_path):
    """Writes a key."""

    def write(text):
        path = tmp_path / "key.md"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def run(*arguments):
    """The exit code of a command."""
    with pytest.raises(SystemExit) as ended:
        main([str(a) for a in arguments])
    return ended.value.code


def verdicts(path):
    """Of each claim, the id, the status, and what it holds under."""
    return [(j.id, j.status, j.condition) for j in map(judge, load(path))]


def test_everything_that_a_key_may_say(key):
    """Claims have the line that their equation begins on."""
    assert verdicts(key(KEY)) == [
        ("line 14", "proved", ""),
        ("line 14, shape", "proved", ""),
        ("line 29, equality 1", "proved", ""),
        ("line 29, equality 2", "proved", ""),
        ("line 31", "proved", ""),
        ("line 36", "refuted", ""),
        ("line 47", "holds-under", "the entries of targets sum to 1"),
        ("line 48", "holds-under", "the entries of targets sum to 1"),
        ("line 55", "holds-under", "batch = 1"),
        ("line 62", "holds-under", r"i \neq k"),
        ("line 69", "proved", ""),
    ]


def test_windows_line_ends_are_line_ends(key):
    """The lines are the same."""
    assert [c.id for c in load(key(KEY.replace("\n", "\r\n")))] == [c.id for c in load(key(KEY))]


def test_a_line_is_compared_with_the_first_side(key):
    """A wrong one is told once, and what is right after it is right."""
    text = f"{LINEAR}\n$$dX = dY\\, W = W\\, dY = dY\\, W + dX - dY\\, W$$"
    assert [status for _, status, _ in verdicts(key(text))] == ["proved", "refuted", "proved"]


def test_a_name_on_the_left_is_what_the_block_asks_for(key):
    """Where it is no name of something else, and something is said of it."""
    assert verdicts(key(f"{LINEAR}\n$$G = dY\\, W$$")) == [("line 7", "proved", "")]
    with pytest.raises(KeyFileError, match="6:3: G stands for nothing"):
        load(key(f"{LINEAR}$$G$$"))


def test_another_derivative_than_the_block_asks_for_is_told(key):
    """Though the equation holds."""
    text = LINEAR.replace('"x"', '"weight"').replace("}", ', inputs = "M", outputs = "M" }')
    found = verdicts(key(f"{text}\n$$dX = dY\\, W$$"))
    assert found == [("line 7, left-hand side", "refuted", ""), ("line 7", "proved", "")]


LINEAR = """```backproof
operation = "linear"
derivative = "x"
axes = { batch = "B" }
```
"""
NESTED = r"\frac{1}{1 + "
RELU = '```backproof\noperation = "relu"\n```\n'

BROKEN = {
    "a key that no block has": ('```backproof\noperation = "relu"\nsymbol = {}\n```', ":3: unkn"),
    "an operation": ('\n```backproof\noperation = "rely"\n```', ":3: no operation 'rely'"),
    "an operation of networks in time": ('```backproof\noperation = "mlp_training"\n```', ":2: "),
    "no operation": ('```backproof\nderivative = "x"\n```', ":2: 'operation' is missing"),
    "no TOML": ("```backproof\noperation = linear\n```", ":2:13: not TOML"),
    "an axis": (LINEAR.replace("batch", "bach"), ":4: no axis 'bach'; there are: batch, inputs"),
    "an axis of one": (LINEAR.replace("batch", "bach").replace('"B"', "1"), ":4: no axis 'bach'"),
    "a symbol": (f'{LINEAR[:-4]}symbols = {{ V = "wait" }}\n```', ":5: no 'wait' in linear; it"),
    "a letter": (f"{LINEAR[:-4]}symbols = {{ '1 +' = \"x\" }}\n```", ":5: '1 +' is no LaTeX"),
    "a function": (f'{LINEAR[:-4]}functions = {{ f = "linear" }}\n```', ":5: no function 'linear'"),
    "a number": (f'{LINEAR[:-4]}numbers = ["2+"]\n```', ":5: '2+' is no LaTeX name"),
    "an intermediate": (f'{LINEAR[:-4]}held = ["x"]\n```', ":5: no intermediate 'x'"),
    "a derivative": (LINEAR.replace('"x"', '"z"'), ":3: no array 'z' to differentiate by"),
    "a convention": (
        f'{LINEAR[:-4]}convention = {{ order = "C" }}\n```',
        ":5: linear has no convention 'order'; it has: layout",
    ),
    "a convention's value": (
        f'{LINEAR[:-4]}convention = {{ layout = "b + W x" }}\n```',
        ":5: layout of linear is one of",
    ),
    "an array": (f"{LINEAR[:-4]}shapes = {{ z = [] }}\n```", ":5: no array 'z'"),
    "a shape": (f"{LINEAR[:-4]}shapes = {{ x = [] }}\n```", ":5: x has the axes batch, inputs"),
    "no distribution": (f'{LINEAR[:-4]}where = ["sum of q = 1"]\n```', ":5: 'sum of q = 1': q is"),
    "no relation": (f'{LINEAR[:-4]}where = ["i is j"]\n```\n$$dX = dY W$$', "is"),
    "no block": ("Some text.\n\n$$a = b$$", ":3:3: an equation before any ```backproof block"),
    "no equation": (f"{LINEAR}Text.\n\n{RELU}$$y = x$$", ":1: a block with no equation after it"),
    "no equation at the end": (f"{LINEAR}$$dX = dY W$$\n\n{RELU}", ":8: a block with no equation"),
    "no claim": ("Text.", "no equation: a key has some between $$ and $$"),
    "an open display": (f"{LINEAR}Here\n $$x = y\n", ":7:2: $$: nothing closes it"),
    "an open one behind another": (f"{LINEAR}A $$dX = dY W$$ and $$x", ":6:21: $$: nothing closes"),
    "one side": (f"{RELU}$$x_{{ni}}$$", ":4:3: one side only"),
    "a third line in a list": (
        f"{LINEAR}\n- here:\n  $$dX\n  = dY W\n  = \\foo W$$",
        r":10:5: \foo is not read",
    ),
    "a third line in a quote": (
        f"{LINEAR}\n> > $$\n> > dX\n> > = dY W +\n> > $$",
        "ends too early",
    ),
    "a second display in a line": (
        f"{LINEAR}A $$dX = dY W$$, $$dX = dZ W$$",
        ":6:25: d stands for",
    ),
    "an index on nothing": (f"{RELU}$$y_{{ni}} = x_{{ni}} q_n$$", ":4:19: q stands for nothing"),
    "too many indices": (f"{RELU}$$y_{{nij}} = 1$$", ":4:3: y: has 2 axes, and not 3"),
    "open braces": (f"{RELU}$$y_{{ni = 1$$", ":4:"),
    "a macro": (f"{RELU}$$\\newcommand{{\\x}}{{\\x\\x}} \\x$$", r":4:3: \newcommand is not read"),
    "a recursion": (f"{RELU}$$\\def\\x{{\\x}} y = \\x$$", r":4:3: \def is not read"),
    "an input": (f"{RELU}$$\\input{{/etc/passwd}}$$", r":4:3: \input is not read"),
    "nested brackets": (f"{RELU}$$y = {'(' * 5000}x{')' * 5000}$$", "more than 100 things within"),
    "open braces without end": (f"{RELU}$$y = {'{' * 5000}$$", "ends too early"),
    "nested fractions": (
        rf"{RELU}$$y = {NESTED * 500}x{'}' * 500}$$",
        "more than 100 things within each other",
    ),
    "a long display": (f"{RELU}$$y = {'x + ' * 6000} x$$", "longer than 20,000 characters"),
    "a large power": (f"{RELU}$$y = x^{{99999999}}$$", ":4:10: a power above 100"),
    "a tower": (
        f"{RELU}$$y = ((9^{{99}})^{{99}})^{{99}} x$$",
        "a number of more than 1,000 digits",
    ),
    "sums without end": (
        f"{RELU}$$y = \\sum_{{i=1}}^{{999}} \\sum_{{j=1}}^{{999}} \\sum_{{k=1}}^{{999}} i j k$$",
        "sums over more than",
    ),
    "no text": (b"\xff\xfe\x00", "not UTF-8 text"),
    "too large": (b"$$ x $$\n" * 1_300_000, f"a key may have {LARGEST:,}: split it"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_key_is_told_in_one_line_at_its_place(key, capsys, what):
    """Exit code 2, without a traceback, within seconds."""
    text, said = BROKEN[what]
    begun = time.monotonic()
    assert run("audit", key(text)) == 2
    assert time.monotonic() - begun < 10
    error = capsys.readouterr().err
    assert said in error.replace("\\\\", "\\")
    assert error.count("\n") == 1


def test_braces_mean_nothing_however_deep(key):
    """Five thousand of them around a name are that name."""
    text = f"{RELU}$$y = {'{' * 5000}y{'}' * 5000}$$"
    assert verdicts(key(text)) == [("line 4", "proved", "")]


UNDECIDED = r"$$\max(0, \eta x_{si}) = \eta \max(0, x_{si})$$"
GIVEN_UP = r"$$y_{si} = y_{si} + 0^{x_{si}}$$"
PAIRS = "ab", "cd", "fg", "hj", "km", "np", "qr"
SLOW = " ".join(rf"\sum_{{{pair}}} e^{{y_{{{pair}}}}}" for pair in PAIRS)
HOLDS = r"$$y_{si} = \max(0, x_{si})$$"


def test_what_nothing_decides_is_undecided(key, capsys):
    """Beside it, what is decided keeps its verdict; the exit code is 3.

    The first holds of the numbers that are tried, as they are positive, but not of all. Nobody
    knows what 0 to the power of a negative number is. The sums have seven pairs of indices.
    """
    block = RELU.replace("\n```\n", "\nnumbers = ['\\eta']\n```\n", 1)
    path = key("\n\n".join([block, UNDECIDED, GIVEN_UP, f"$${SLOW} = {SLOW}$$", HOLDS]))
    begun = time.monotonic()
    assert run("audit", path, "--claim-budget", "3", "--json", "-") == 3
    assert time.monotonic() - begun < 30
    claims = json.loads(capsys.readouterr().out)["claims"]
    assert [c["status"] for c in claims] == ["undecided", "undecided", "undecided", "proved"]
    assert "within 3 s" in claims[2]["why"]


def test_the_record_is_the_same_twice(key, capsys):
    """With one process and with two, to the byte."""
    path, said = key(KEY), []
    for workers in ("1", "2"):
        assert run("audit", path, "--workers", workers, "--json", "-") == 1
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]
    wrong = next(c for c in json.loads(said[0])["claims"] if c["id"] == "line 36")
    assert wrong["counterexample"]["expected"] != wrong["counterexample"]["claimed"]
    assert wrong["correction"]
