"""Scaled dot-product attention of several heads, and half its squared distance to a target."""

from __future__ import annotations

import numpy as np

from benchmarks.workloads.workload import Arguments, Workload


def data(h: int, n: int, d: int) -> Arguments:
    rng = np.random.default_rng(0)
    return {name: rng.normal(size=(h, n, d)) for name in "QKVY"}


def by_hand(Q, K, V, Y):
    scale = 1.0 / np.sqrt(Q.shape[-1])
    KT = np.swapaxes(K, 1, 2)
    A = (Q * scale) @ KT
    A -= A.max(axis=2, keepdims=True)
    np.exp(A, out=A)
    A /= A.sum(axis=2, keepdims=True)
    residual = A @ V
    residual -= Y
    value = 0.5 * np.vdot(residual, residual)
    by_V = np.swapaxes(A, 1, 2) @ residual
    by_A = residual @ np.swapaxes(V, 1, 2)
    by_A -= np.einsum("hij,hij->hi", by_A, A)[:, :, None]
    by_A *= A
    by_Q = by_A @ K
    by_Q *= scale
    by_K = np.swapaxes(by_A, 1, 2) @ Q
    by_K *= scale
    return value, (by_Q, by_K, by_V)


def value(xp, Q, K, V, Y):
    S = Q @ xp.swapaxes(K, 1, 2) / xp.sqrt(Q.shape[2])
    E = xp.exp(S - xp.max(S, axis=2, keepdims=True))
    return 0.5 * xp.sum((E / xp.sum(E, axis=2, keepdims=True) @ V - Y) ** 2)


def in_jax(xp, Q, K, V, Y):
    return 0.5 * xp.sum((xp.softmax(Q @ xp.swapaxes(K, 1, 2) / xp.sqrt(Q.shape[2]), axis=2) @ V - Y) ** 2)


def in_torch(torch, Q, K, V, Y):
    return 0.5 * ((torch.nn.functional.scaled_dot_product_attention(Q, K, V) - Y) ** 2).sum()


ATTENTION = Workload(
    kind="blas",
    sizes={
        "small": {"h": 2, "n": 6, "d": 4},
        "medium": {"h": 4, "n": 128, "d": 32},
        "large": {"h": 8, "n": 512, "d": 64},
    },
    data=data,
    wrt=("Q", "K", "V"),
    formula="""
        Q[h,n,d] K[h,n,d] V[h,n,d] Y[h,n,d] ->
        A = softmax(Q @ swapaxes(K, 1, 2)/sqrt(Q.shape[2]), axis=2)
        0.5*sum((A @ V - Y)**2)
    """,
    by_hand=by_hand,
    forms={"autograd": value, "jax": in_jax, "torch": in_torch},
)
