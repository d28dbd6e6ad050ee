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
    r, f, k1, k2 = C[:3], C[6], C[9], C[10]
    theta = np.sqrt(np.einsum("in,in->n", r, r))
    k = r / theta
    p = X.T - C[3:6]
    cos, sin = np.cos(theta), np.sin(theta)
    half = np.sin(0.5 * theta)
    rest = 2.0 * half * half  # 1 - cos(theta)
    q = _cross(k, p)
    q *= sin
    q += p * cos
    q += k * (np.einsum("in,in->n", k, p) * rest)
    depth = 1.0 / q[2]
    xy = q[:2] * depth
    s = np.einsum("in,in->n", xy, xy)
    stretch = 1.0 + s * (k1 + s * k2)
    off = xy * (f * stretch)
    off += C[7:9]
    off -= seen.T
    by_w[:] = off.T
    errors[:] = (w * off).T
    wf = w * f
    ws = w * stretch
    by_cam[:, :, 6] = (xy * ws).T
    by_cam[:, :, 7:9] = 0.0
    by_cam[:, 0, 7] = by_cam[:, 1, 8] = w
    radial = xy * (wf * s)
    by_cam[:, :, 9] = radial.T
    by_cam[:, :, 10] = (radial * s).T
    # m[i, j]: the derivative of error j in component i of q, the point as the camera sees it
    wf *= depth
    m = np.empty((3, *xy.shape))
    np.multiply(xy, (2.0 * wf) * (k1 + 2.0 * k2 * s), out=m[2])
    np.multiply(m[2], xy[0], out=m[0])
    np.multiply(m[2], xy[1], out=m[1])
    wf *= stretch
    m[0, 0] += wf
    m[1, 1] += wf
    np.multiply(m[0], -xy[0], out=m[2])
    m[2] -= m[1] * xy[1]
    # g: in the point, which is m turned back; h: in the angles, were the rotation none
    k = k[:, None]
    g = _cross(m, k)
    g *= sin
    g += m * cos
    g += k * (np.einsum("ijn,ijn->jn", k, m) * rest)
    h = _cross(p[:, None], g)
    inclination = sin / theta
    turned = _cross(k, h)
    turned *= rest / theta
    turned += h * inclination
    turned += k * (np.einsum("ijn,ijn->jn", k, h) * (1.0 - inclination))
    by_X[:] = g.transpose(2, 1, 0)
    by_cam[:, :, :3] = turned.transpose(2, 1, 0)
    np.negative(by_X, out=by_cam[:, :, 3:6])


def _cross(a, b):
    """Return the cross products along the first axis."""
    found = np.empty(np.broadcast_shapes(a.shape, b.shape))
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        np.multiply(a[j], b[k], out=found[i])
        found[i] -= a[k] * b[j]
    return found


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
