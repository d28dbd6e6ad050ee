"""What goes in and what comes out: declared inputs, labels of outputs, and how several results are nested."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from symbackprop.ir.size import Size

__all__ = ["ArgumentSpec", "Label", "Nest", "Structure", "arranged", "label_texts", "leaves_of"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ArgumentSpec:
    """A declared input.

    Parameters
    ----------
    name : str
        Its name in the formula.
    shape : tuple of sizes, or None
        None is "...": any one shape, elementwise.
    dtype : str
        ``"float64"``, ``"float32"``, ``"int64"`` or ``"bool"``.
    role : str
        ``"tangent"`` of an input, ``"cotangent"`` of a value, ``"table"`` of integers that the compiler found; empty for
        what the formula itself declares.
    of : str
        What has this tangent: the name of an input.
    """

    name: str
    shape: tuple[Size, ...] | None
    dtype: str
    role: str = ""
    of: str = ""


class Label(NamedTuple):
    """What an output is: the value with number `value`, or its derivative with respect to the input `wrt`.

    Or, where it `tells` something, whether all derivatives are ``"finite"``. Of a derivative that is no gradient, `form`
    says which it is: the ``"tangent"`` of the value; the ``"cotangent"`` of an input, which all values make together; the
    ``"product"`` of the Hessian and a vector; the ``"jacobian"``; the ``"hessian"``, a block of which is with respect to
    `second` too; the ``"derivative"`` of an `order`, with respect to `wrt` or along directions; the ``"laplacian"`` of the
    value, or the ``"divergence"`` that all values have together, `over` some inputs. Or the ``"curvature"``, a product with
    a matrix J^T G J, where the `metric` G is that of a distribution, of the loss as a function of named ``"outputs"``, or 1.
    One that is `sparse` is a matrix of SciPy's, with a row for each entry of the value. What is returned in factors has an
    output for each, numbered by `part`. A value that is `auxiliary` is returned beside those that are differentiated.
    """

    value: int = 0
    wrt: str | None = None
    tells: str = ""
    form: str = ""
    second: str | None = None
    order: int = 0
    over: tuple[str, ...] = ()
    sparse: bool = False
    metric: str = ""
    part: int | None = None
    auxiliary: bool = False

    @property
    def whole(self) -> Label:
        """The label of what a factor is a part of; of all else its own."""
        return self._replace(part=None)


def label_texts(labels: Sequence[Label]) -> list[str]:
    """Return labels as words, which number the values only where there are several."""
    if any(label.tells for label in labels):
        plain = iter(label_texts([label for label in labels if not label.tells]))
        return [label.tells or next(plain) for label in labels]
    if any(label.auxiliary for label in labels):
        return _texts_with_auxiliary(labels)
    if any(label.form for label in labels):
        return _texts_of_forms(labels)
    several = any(label.value for label in labels)
    values = [f"value[{label.value}]" if several else "value" for label in labels]
    outer = [f"d{value}" if several else "d" for value in values]
    return [
        value if label.wrt is None else f"{top}/d{label.wrt}"
        for label, value, top in zip(labels, values, outer, strict=True)
    ]


def _texts_of_forms(labels: Sequence[Label]) -> list[str]:
    """Return the labels of values, and of derivatives that are no gradients."""
    several = any(label.value for label in labels)

    def text(label: Label) -> str:
        number = f"[{label.value}]" if several else ""
        top = f"dvalue{number}" if several else "d"
        if label.form == "cotangent":
            return f"cotangent of {label.wrt}"
        if label.form == "hessian":
            below = f"d{label.wrt}^2" if label.wrt == label.second else f"(d{label.wrt} d{label.second})"
            return f"d^2{top[1:]}/{below}"
        if label.form == "derivative":
            power = "" if label.order == 1 else f"^{label.order}"
            return f"d{power}{top[1:]}/d{label.wrt or 't'}{power}"
        if label.form == "curvature":
            return f"({'Fisher' if label.metric not in ('', 'outputs') else 'Gauss-Newton'} @ v) of {label.wrt}"
        if label.form == "product":
            return f"(Hessian{number} @ v) of {label.wrt}"
        return f"{label.form or 'value'}{number}" if label.wrt is None else f"{top}/d{label.wrt}"

    return [text(label) for label in labels]


def _texts_with_auxiliary(labels: Sequence[Label]) -> list[str]:
    """Return the labels of values, derivatives, and what is auxiliary, which is numbered by itself."""
    plain = iter(label_texts([label for label in labels if not label.auxiliary]))
    count = sum(label.auxiliary for label in labels)
    numbers = iter(range(count))
    return [next(plain) if not label.auxiliary else f"aux[{next(numbers)}]" if count > 1 else "aux" for label in labels]


@dataclass(frozen=True, slots=True)
class Nest:
    """Several results, in a tuple or a list.

    Parameters
    ----------
    kind : type
        ``tuple`` or ``list``.
    items : tuple
        What is in it: nests, and None for each result; for `ir.results` other things that hold results too.
    """

    kind: type
    items: tuple[Any, ...]


Structure = Nest | None


def leaves_of(value: Any) -> Iterator[Any]:
    """Yield the results in nested tuples, lists and dicts, from left to right."""
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, (tuple, list)):
            stack.extend(reversed(item))
        elif isinstance(item, dict):
            stack.extend(reversed(item.values()))
        else:
            yield item


def arranged(structure: Structure, leaves: Iterator[T], gather: Callable[[type, list[T]], T]) -> T:
    """Return `leaves` nested as `structure` says; `gather` makes a nest of a kind from what is in it.

    Nests are as deep as a person writes them (the reader sets a limit), so this may recurse.
    """
    if structure is None:
        return next(leaves)
    return gather(structure.kind, [arranged(item, leaves, gather) for item in structure.items])
