"""The Jacobian blocks of the reprojection errors of bundle adjustment, an observation a row.

A camera is a rotation vector (3), a centre (3), a focal length, a principal point (2) and two coefficients of radial
distortion; errors are weighted. The problem of F. Srajer, Z. Kukelova, A. Fitzgibbon, A benchmark of selected algorithmic
differentiation tools on some problems in computer vision and machine learning, Optimization Methods and Software 33
(2018); the derivative of a rotation as in G. Gallego, A. Yezzi, A compact formula for the derivative of a 3-D rotation in
exponential coordinates, Journal of Mathematical Imaging and Vision 51 (2015).
"""

from __future__ import annotations

import numpy as np

from benchmarks.workloads.workload import ROWS, Arguments, Workload

BLOCK = 4096  # observations whose intermediates stay in the processor's cache


def data(n: int) -> Arguments:
    rng = np.random.default_rng(0)
    rotation, centre = 0.3 * rng.normal(size=(n, 3)), rng.normal(size=(n, 3))
    lens = np.column_stack([rng.uniform(0.8, 1.2, n), 0.1 * rng.normal(size=(n, 2)), 0.1 * rng.normal(size=(n, 2))])
    return {
        "cam": np.hstack([rotation, centre, lens]),
        "X": rng.normal(size=(n, 3)) + np.array([0.0, 0.0, 8.0]),
        "w": rng.uniform(0.5, 1.5, size=n),
        "seen": 0.1 * rng.normal(size=(n, 2)),
    }


def by_hand(cam, X, w, seen):
    n = len(w)
    errors, by_cam = np.empty((n, 2)), np.empty((n, 2, 11))
    by_X, by_w = np.empty((n, 2, 3)), np.empty((n, 2))
    for start in range(0, n, BLOCK):
        part = slice(start, start + BLOCK)
        _block(cam[part], X[part], w[part], seen[part], errors[part], by_cam[part], by_X[part], by_w[part])
    return errors, (by_cam, by_X, by_w)


def _block(cam, X, w, seen, errors, by_cam, by_X, by_w):
    """Write the errors and their derivatives; components are rows here, so that each is contiguous."""
    C = np.ascontiguousarray(cam.T)
    r, (f, x0, y0, k1, k2) = C[:3], C[6:]
    theta = np.sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2])
    k = r / theta
    p = X.T - C[3:6]
    cos, sin = np.cos(theta), np.sin(theta)
    half = np.sin(0.5 * theta)
    rest = 2.0 * half * half  # 1 - cos(theta)
    q = p * cos
    q += _cross(k, p) * sin
    q += k * (_dot(k, p) * rest)
    depth = 1.0 / q[2]
    u, v = q[0] * depth, q[1] * depth
    s = u * u + v * v
    stretch = 1.0 + s * (k1 + s * k2)
    by_s = k1 + 2.0 * k2 * s
    wf = w * f
    by_w[:, 0] = f * stretch * u + x0 - seen[:, 0]
    by_w[:, 1] = f * stretch * v + y0 - seen[:, 1]
    np.multiply(by_w, w[:, None], out=errors)
    # the derivative of the errors in q, that is in the point as the camera sees it
    wf_depth = wf * depth
    twice = 2.0 * wf_depth * by_s
    straight = wf_depth * stretch
    uu, uv, vv = straight + twice * u * u, twice * u * v, straight + twice * v * v
    inclination = sin / theta
    lean = rest / theta
    bends = ((uu, uv, u), (uv, vv, v))
    for i, (in_u, in_v, at) in enumerate(bends):
        m = np.stack([in_u, in_v, -(in_u * u + in_v * v)])
        g = m * cos
        g -= _cross(k, m) * sin
        g += k * (_dot(k, m) * rest)
        h = _cross(p, g)
        turned = h * inclination
        turned += k * (_dot(k, h) * (1.0 - inclination))
        turned -= _cross(h, k) * lean
        by_X[:, i] = g.T
        rows = by_cam[:, i]
        rows[:, :3] = turned.T
        np.negative(g.T, out=rows[:, 3:6])
        rows[:, 6] = w * stretch * at
        rows[:, 7 + i] = w
        rows[:, 8 - i] = 0.0
        radial = wf * at * s
        rows[:, 9] = radial
        rows[:, 10] = radial * s


def _dot(a, b):
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _cross(a, b):
    return np.stack([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


def value(xp, cam, X, w, seen):
    r, p = cam[:, :3], X - cam[:, 3:6]
    theta = xp.sqrt(xp.sum(r * r, axis=1, keepdims=True))
    k = r / theta
    along = xp.sum(k * p, axis=1, keepdims=True)
    q = p * xp.cos(theta) + xp.cross(k, p) * xp.sin(theta) + k * along * (1 - xp.cos(theta))
    xy = q[:, :2] / q[:, 2:]
    s = xp.sum(xy * xy, axis=1, keepdims=True)
    distorted = xy * (1 + cam[:, 9:10] * s + cam[:, 10:11] * s**2)
    return w[:, None] * (cam[:, 6:7] * distorted + cam[:, 7:9] - seen)


def in_torch(torch, cam, X, w, seen):
    r, p = cam[:, :3], X - cam[:, 3:6]
    theta = torch.linalg.vector_norm(r, dim=1, keepdim=True)
    k = r / theta
    along = (k * p).sum(1, keepdim=True)
    q = p * torch.cos(theta) + torch.linalg.cross(k, p) * torch.sin(theta) + k * along * (1 - torch.cos(theta))
    xy = q[:, :2] / q[:, 2:]
    s = (xy * xy).sum(1, keepdim=True)
    distorted = xy * (1 + cam[:, 9:10] * s + cam[:, 10:11] * s**2)
    return w[:, None] * (cam[:, 6:7] * distorted + cam[:, 7:9] - seen)


BUNDLE_ADJUSTMENT = Workload(
    kind="arrays",
    sizes={"small": {"n": 20}, "medium": {"n": 2_000}, "large": {"n": 50_000}},
    data=data,
    wrt=("cam", "X", "w"),
    formula="""
        cam[11] X[3] w seen[2] ->
        r = cam[:3]
        theta = sqrt(sum(r*r))
        k = r/theta
        p = X - cam[3:6]
        q = p*cos(theta) + cross(k, p)*sin(theta) + k*(k @ p)*(1 - cos(theta))
        xy = q[:2]/q[2]
        s = sum(xy*xy)
        w*(cam[6]*xy*(1 + cam[9]*s + cam[10]*s**2) + cam[7:9] - seen)
    """,
    options={"batch": dict.fromkeys(("cam", "X", "w", "seen"), 0), "with_value": True},
    by_hand=by_hand,
    forms={"autograd": value, "jax": value, "torch": in_torch},
    derivative=ROWS,
)
