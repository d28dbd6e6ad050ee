"""Convolution and correlation of vectors; each is made of the other's adjoints.

The parameter `size` is that of the result. In the modes ``"same"`` and ``"valid"`` the first vector is at least as long
as the second: words of the vocabulary see to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symbackprop.errors import ShapeError
from symbackprop.ir.node import Apply, Node, Shape, constant, make_input
from symbackprop.ir.size import Size, shape_text
from symbackprop.ops.cumulative import reversed_along
from symbackprop.ops.declare import Primitive, Style, Text, custom
from symbackprop.ops.layout import concatenate

__all__ = ["convolve", "correlate"]


def _infer(args: tuple[Node, ...], params: Mapping[str, object]) -> tuple[Shape, str]:
    a, v = args
    if a.rank != 1 or v.rank != 1:
        raise ShapeError(f"vectors are needed, not shapes {shape_text(a.shape)} and {shape_text(v.shape)}")
    return (params["size"],), a.dtype  # type: ignore[return-value]


def _text(name: str, default: str) -> Text:
    def text(node: Apply, style: Style) -> str:
        mode = node.param("mode")
        return f"np.{name}({{0}}, {{1}}{'' if mode == default else f', mode={mode!r}'})"

    return text


def _jvp(tangents: Sequence[Node | None], out: Apply) -> Node | None:
    (a, v), (ta, tv), op = out.args, tangents, out.op
    assert isinstance(op, Primitive)
    params = dict(out.params)
    parts = [op(ta, v, **params) if ta is not None else None, op(a, tv, **params) if tv is not None else None]
    live = [part for part in parts if part is not None]
    return live[0] + live[1] if len(live) == 2 else live[0] if live else None


def _whole(g: Node, out: Apply) -> Node:
    """Return the cotangent of the full result, of which ``"same"`` is the middle."""
    if out.param("mode") == "full":
        return g
    (m,) = out.args[1].shape
    before: Size = (m - 1) // 2
    zeros = [constant(0, (width,), g.dtype) for width in (before, m - 1 - before)]
    return concatenate(zeros[0], g, zeros[1], axis=0)


def _convolve_vjp(g: Node, out: Apply) -> list[Node | None]:
    a, v = out.args
    (n,), (m,) = a.shape, v.shape
    if out.param("mode") == "valid":
        back = reversed_along(correlate(a, g, mode="valid", size=m), 0)
        return [correlate(g, v, mode="full", size=n), back]
    whole = _whole(g, out)
    return [correlate(whole, v, mode="valid", size=n), correlate(whole, a, mode="valid", size=m)]


def _correlate_vjp(g: Node, out: Apply) -> list[Node | None]:
    a, v = out.args
    (n,), (m,) = a.shape, v.shape
    if out.param("mode") == "valid":
        return [convolve(g, v, mode="full", size=n), correlate(a, g, mode="valid", size=m)]
    whole = _whole(g, out)
    back = reversed_along(correlate(whole, a, mode="valid", size=m), 0)
    return [convolve(whole, v, mode="valid", size=n), back]


def _vector(index: int, size: int) -> Node:
    return make_input(index, (size,), "float64")


def _samples(primitive: Primitive) -> list[Node]:
    return [
        primitive(_vector(0, n), _vector(1, m), mode=mode, size=size)
        for n, m, mode, size in [
            (5, 3, "full", 7),
            (2, 4, "full", 5),
            (5, 3, "same", 5),
            (5, 2, "same", 5),
            (4, 4, "same", 4),
            (5, 2, "valid", 4),
            (3, 3, "valid", 1),
        ]
    ]


convolve: Primitive = custom(
    "convolve",
    arity=2,
    numpy=_text("convolve", "full"),
    infer=_infer,
    vjp=_convolve_vjp,
    jvp=_jvp,
    samples=lambda: _samples(convolve),
    flops=10,
    public=False,
    derivative="the correlation of the cotangent with the other vector",
    source="bilinear: the sum of a[i]*v[k - i]",
)

correlate: Primitive = custom(
    "correlate",
    arity=2,
    numpy=_text("correlate", "valid"),
    infer=_infer,
    vjp=_correlate_vjp,
    jvp=_jvp,
    samples=lambda: _samples(correlate),
    flops=10,
    public=False,
    derivative="the convolution of the cotangent with v; the correlation of a with the cotangent",
    source="bilinear: the sum of a[i + k]*v[i]",
)
