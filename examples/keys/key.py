"""A key in Python: three claims about layer normalisation, one of them wrong on purpose."""

from derivations import layernorm
from derivations.claims import Claim, setting
from derivations.notation import array, delta, let, partial, total

of_layernorm = layernorm.derive()
x, gamma, beta = of_layernorm.inputs
(y,) = of_layernorm.primal
mean, _, variance, deviation, x_hat, *_ = of_layernorm.definitions

s, r, i, j = layernorm.s, layernorm.r, layernorm.i, layernorm.j
features = layernorm.features.size
dy = array("dy", layernorm.batch, layernorm.features)
loss = let("loss", (), total(dy[s, j] * y[s, j], s, j))
within = setting(x, gamma, beta, dy, definitions=(*of_layernorm.definitions, y, loss))

CLAIMS = (
    Claim(
        "the mean",
        r"\frac{\partial \mu_s}{\partial x_{ri}} = \frac{\delta_{rs}}{M}",
        partial(mean[s], x[r, i]),
        delta(r, s) / features,
        within,
        "layernorm",
    ),
    Claim(
        "the variance",
        r"\frac{\partial \sigma_s^2}{\partial x_{ri}} = \frac{2 \delta_{rs}}{M} (x_{si} - \mu_s)",
        partial(variance[s], x[r, i]),
        delta(r, s) * 2 / features * (x[s, i] - mean[s]),
        within,
        "layernorm",
    ),
    Claim(
        "gamma, wrong on purpose: it must be x_hat",
        r"\frac{\partial L}{\partial \gamma_j} = \sum_s \frac{\partial L}{\partial y_{sj}} x_{sj}",
        partial(loss[()], gamma[j]),
        total(dy[s, j] * x[s, j], s),
        within,
        "layernorm",
    ),
)
