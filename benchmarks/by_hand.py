"""Gradients as an expert writes them, the reference limit of every timing."""

from __future__ import annotations

import math

import numpy as np


def black_scholes(S, K, r, sigma, T):
    """Price of a call and its derivatives with respect to S, K, r, sigma and T."""
    root = math.sqrt(T)
    spread = sigma * root
    growth = r * T
    d1 = (math.log(S / K) + growth) / spread + 0.5 * spread
    d2 = d1 - spread
    N1 = 0.5 * (1.0 + math.erf(d1 * 0.7071067811865476))
    N2 = 0.5 * (1.0 + math.erf(d2 * 0.7071067811865476))
    discount = math.exp(-growth)
    owed = K * discount
    vega = S * 0.3989422804014327 * math.exp(-0.5 * d1 * d1) * root
    rate = r * owed * N2
    return S * N1 - owed * N2, (N1, -discount * N2, T * owed * N2, vega, vega * sigma / (2.0 * T) + rate)


def logistic_regression(X, w, y):
    """Mean log-loss of labels -1 and 1, and its gradient in w."""
    margin = y * (X @ w)
    decay = np.exp(-np.abs(margin))
    value = np.mean(np.log1p(decay) + np.maximum(-margin, 0.0))
    share = np.where(margin > 0, decay, 1.0) / (1.0 + decay)
    return value, -(X.T @ (share * y)) / len(y)


def perceptron(W1, b1, W2, b2, W3, b3, X, Y):
    """Mean softmax cross-entropy of a perceptron with two tanh layers; examples are rows, Y is one-hot."""
    m = X.shape[0]
    A1 = np.tanh(X @ W1 + b1)
    A2 = np.tanh(A1 @ W2 + b2)
    Z3 = A2 @ W3 + b3
    Z3 = Z3 - Z3.max(axis=1, keepdims=True)
    E = np.exp(Z3)
    S = E.sum(axis=1, keepdims=True)
    value = -np.vdot(Y, Z3 - np.log(S)) / m
    D3 = (E / S - Y) / m
    D2 = (D3 @ W3.T) * (1.0 - A2 * A2)
    D1 = (D2 @ W2.T) * (1.0 - A1 * A1)
    return value, (X.T @ D1, D1.sum(axis=0), A1.T @ D2, D2.sum(axis=0), A2.T @ D3, D3.sum(axis=0))
