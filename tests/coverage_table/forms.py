"""How forms of arguments are written for functions of one kind."""

from __future__ import annotations

from coverage_table.page import PAGE

__all__ = ["AROUND", "Forms", "one", "over_axes", "reduction", "two"]

Forms = list[tuple[str, str]]
SPECIAL = PAGE["special"].split()

AROUND = {
    "any": "{}",
    "positive": "(0.3 + {}**2)",
    "inside": "(0.9*tanh({}))",
    "share": "(0.05 + 0.9*expit({}))",
    "above": "(1.5 + {}**2)",
    "negative": "(-0.3*expit({}))",
}


def one(name: str, domain: str = "any") -> Forms:
    module = "" if name == "softplus" else "special." if name in SPECIAL else "np."
    argument = AROUND[domain].format("x")
    return [
        (f"{name}({argument})", "x[n]"),
        (f"{module}{name}({argument})", "x[n,d]"),
        (f"{name}({argument}) * y", "x y[n]"),
        (f"y * {name}({argument}[::-1])[:, None]", "x[n] y[d]"),
    ]


def two(name: str, first: str = "any", second: str = "any") -> Forms:
    x, y = AROUND[first].format("x"), AROUND[second].format("y")
    return [
        (f"{name}({x}, {y})", "x[n] y[n]"),
        (f"{name}({x}, {y})", "x[n,d] y[d]"),
        (f"{name}({x}, {y})", "x[n,1] y[d]"),
        (f"{name}({x}, 1.75)", "x[n]"),
        (f"{name}(1.25, {y})", "y[n,d]"),
        (f"{name}({x}, {y})", "x y[n]"),
    ]


def reduction(name: str, *more: str, ranks: str = "x[n,d]") -> Forms:
    return [
        (f"{name}(x)", "x[n]"),
        (f"{name}(x, axis=None)", ranks),
        (f"{name}(x, axis=0)", ranks),
        (f"{name}(x, axis=-1, keepdims=True)", ranks),
        *((form, ranks) for form in more),
    ]


def over_axes(name: str, *more: str) -> Forms:
    return [
        *reduction(name, *more),
        (f"{name}(x, axis=(0, 2))", "x[2,n,d]"),
        (f"{name}(x, axis=(-1, 0), keepdims=True)", "x[2,n,d]"),
    ]
