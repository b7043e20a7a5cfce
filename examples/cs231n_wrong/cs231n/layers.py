import numpy as np


def affine_forward(x, w, b):
    """x (N, d_1, ..., d_k) is flattened to (N, D); then x w + b."""
    out = x.reshape(len(x), -1) @ w + b
    return out, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    dx = dout @ w.T
    dw = x.reshape(len(x), -1).T @ dout
    return dx, dw, dout.mean(axis=0)


def relu_forward(x):
    return np.maximum(x, 0), x


def relu_backward(dout, cache):
    return np.where(cache > 0, dout, 0)


def softmax_loss(x, y):
    """The mean of -log softmax(x)[y], and its gradient."""
    rows = np.arange(len(x))
    x -= x.max(axis=1, keepdims=True)
    log_total = np.log(np.exp(x).sum(axis=1, keepdims=True))
    log_probabilities = x - log_total
    dx = np.exp(log_probabilities)
    dx[rows, y] -= 1
    return -log_probabilities[rows, y].mean(), dx


def svm_loss(x, y):
    """The mean of the hinges of the wrong classes, with margin 1, and its gradient."""
    rows = np.arange(len(x))
    margins = np.maximum(0, x - x[rows, y][:, None] + 1)
    margins[rows, y] = 0
    dx = (margins > 0).astype(x.dtype)
    dx[rows, y] = -1
    return margins.sum() / len(x), dx / len(x)


def batchnorm_forward(x, gamma, beta, bn_param):
    """Normalise each feature over the batch, or in test mode by the running statistics."""
    eps = bn_param.get("eps", 1e-5)
    momentum = bn_param.get("momentum", 0.9)
    running_mean = bn_param.get("running_mean", np.zeros(x.shape[1], x.dtype))
    running_var = bn_param.get("running_var", np.zeros(x.shape[1], x.dtype))
    if bn_param["mode"] == "test":
        return gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta, None
    mean, var = x.mean(axis=0), x.var(axis=0)
    std = np.sqrt(var + eps)
    x_hat = (x - mean) / std
    bn_param["running_mean"] = momentum * running_mean + (1 - momentum) * mean
    bn_param["running_var"] = (1 - momentum) * running_var + momentum * var
    return gamma * x_hat + beta, (x_hat, std, gamma)


def batchnorm_backward(dout, cache):
    """Back through the graph, node by node."""
    x_hat, std, gamma = cache
    centred = x_hat * std
    dx_hat = dout * gamma
    dstd = -(dx_hat * centred).sum(axis=0) / std**2
    dvar = dstd / (2 * std)
    dcentred = dx_hat / std + 2 * dvar * centred / len(dout)
    dx = dcentred - dcentred.mean(axis=0)
    return dx, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


def batchnorm_backward_alt(dout, cache):
    """The same, simplified on paper."""
    x_hat, std, gamma = cache
    dgamma, dbeta = (dout * x_hat).sum(axis=0), dout.sum(axis=0)
    dx = gamma / std * (dout - x_hat * dgamma / len(dout))
    return dx, dgamma, dbeta


def layernorm_forward(x, gamma, beta, ln_param):
    """Normalise each sample over its features."""
    std = np.sqrt(x.var(axis=1, keepdims=True) + ln_param.get("eps", 1e-5))
    x_hat = (x - x.mean(axis=1, keepdims=True)) / std
    return gamma * x_hat + beta, (x_hat, std, gamma)


def layernorm_backward(dout, cache):
    x_hat, std, gamma = cache
    dx_hat = dout * gamma
    along = (dx_hat * x_hat).mean(axis=1, keepdims=True)
    dx = (dx_hat - dx_hat.mean(axis=0, keepdims=True) - x_hat * along) / std
    return dx, (dout * x_hat).sum(axis=0), dout.sum(axis=0)


def dropout_forward(x, dropout_param):
    """Inverted dropout: in training keep each neuron output with probability p."""
    p, mode = dropout_param["p"], dropout_param["mode"]
    if "seed" in dropout_param:
        np.random.seed(dropout_param["seed"])
    if mode == "test":
        return x, (mode, None)
    mask = ((np.random.rand(*x.shape) > p) / p).astype(x.dtype)
    return x * mask, (mode, mask)


def dropout_backward(dout, cache):
    mode, mask = cache
    return dout if mode == "test" else dout * mask


def windows(height, width, size, stride):
    """Each place of a sliding window: its row and column, and the slices that it covers."""
    tall, wide = size
    for i, top in enumerate(range(0, height - tall + 1, stride)):
        for j, left in enumerate(range(0, width - wide + 1, stride)):
            yield i, j, (..., slice(top, top + tall), slice(left, left + wide))


def conv_forward_naive(x, w, b, conv_param):
    """Cross-correlate x (N, C, H, W) with each of the filters w (F, C, HH, WW)."""
    stride, pad = conv_param["stride"], conv_param["pad"]
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    height, width = padded.shape[2:]
    shape = 1 + (height - w.shape[2]) // stride, 1 + (width - w.shape[3]) // stride
    out = np.empty((len(x), len(w), *shape), x.dtype)
    for i, j, window in windows(height, width, w.shape[2:], stride):
        out[:, :, i, j] = np.tensordot(padded[window], w, ([1, 2, 3], [1, 2, 3])) + b
    return out, (padded, w, conv_param)


def conv_backward_naive(dout, cache):
    padded, w, conv_param = cache
    stride, pad = conv_param["stride"], conv_param["pad"]
    height, width = padded.shape[2:]
    dpadded, dw = np.zeros_like(padded), np.zeros_like(w)
    for i, j, window in windows(height, width, w.shape[2:], stride):
        slope = dout[:, :, i, j]
        dpadded[window] += np.tensordot(slope, w, 1)
        dw += np.tensordot(slope.T, padded[window], 1)
    dx = dpadded[:, :, pad:-pad, pad:-pad]
    return dx, dw, dout.sum(axis=(0, 2, 3))


def max_pool_forward_naive(x, pool_param):
    """The largest entry of each window."""
    size = pool_param["pool_height"], pool_param["pool_width"]
    stride = pool_param["stride"]
    height, width = x.shape[2:]
    shape = 1 + (height - size[0]) // stride, 1 + (width - size[1]) // stride
    out = np.empty((*x.shape[:2], *shape), x.dtype)
    for i, j, window in windows(height, width, size, stride):
        out[:, :, i, j] = x[window].max(axis=(2, 3))
    return out, (x, pool_param)


def max_pool_backward_naive(dout, cache):
    x, pool_param = cache
    size = pool_param["pool_height"], pool_param["pool_width"]
    dx = np.zeros_like(x)
    for i, j, window in windows(*x.shape[2:], size, pool_param["stride"]):
        largest = x[window] == x[window].max(axis=(2, 3), keepdims=True)
        dx[window] = largest * dout[:, :, i, j][:, :, None, None]
    return dx


def spatial_batchnorm_forward(x, gamma, beta, bn_param):
    """Every pixel is a sample of its channels."""
    samples, channels, height, width = x.shape
    flat = x.reshape(-1, channels)
    out, cache = batchnorm_forward(flat, gamma, beta, bn_param)
    return out.reshape(samples, channels, height, width), cache


def spatial_batchnorm_backward(dout, cache):
    samples, channels, height, width = dout.shape
    flat = dout.reshape(-1, channels)
    dx, dgamma, dbeta = batchnorm_backward(flat, cache)
    return dx.reshape(samples, channels, height, width), dgamma, dbeta


def spatial_groupnorm_forward(x, gamma, beta, G, gn_param):
    """Normalise each sample over groups of its channels; gamma and beta are (1, C, 1, 1)."""
    grouped = x.reshape(len(x), G, -1)
    std = np.sqrt(grouped.var(axis=2, keepdims=True) + gn_param.get("eps", 1e-5))
    x_hat = ((grouped - grouped.mean(axis=2, keepdims=True)) / std).reshape(x.shape)
    return gamma * x_hat + beta, (x_hat, std, gamma, G)


def spatial_groupnorm_backward(dout, cache):
    x_hat, std, gamma, G = cache
    slope = (dout * gamma).reshape(len(dout), G, -1)
    hat = x_hat.reshape(slope.shape)
    along = (slope * hat).mean(axis=2, keepdims=True)
    dx = (slope - slope.mean(axis=2, keepdims=True) - hat * along) / std
    pixels = 0, 2, 3
    dgamma = (dout * x_hat).sum(axis=pixels, keepdims=True)
    return dx.reshape(dout.shape), dgamma, dout.sum(axis=pixels, keepdims=True)
