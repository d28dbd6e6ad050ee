"""A walk over the text of a printed function that counts what running it takes, in terms of sizes.

The statements are read in their order, those of a loop once, as often as it runs; of two branches the dearer one counts.
What has a name in the text has the shape of its node, so that what a function gives has to be known within a line only.
"""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from symbackprop.emit.counting.functions import TRANSCENDENTAL, VIEWS, result_of
from symbackprop.emit.counting.paths import imported
from symbackprop.emit.counting.tally import Tally
from symbackprop.emit.counting.values import (
    NUMBER,
    UNKNOWN,
    Array,
    Span,
    arrays_in,
    broadcast,
    indexed,
    is_size,
    loop_index,
    stepped,
)
from symbackprop.ir.size import Size, maximum, minimum

__all__ = ["tally_of"]

_OPERATIONS: Mapping[type, Any] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
}
_MATHEMATICAL = ("math", "cmath")
_ARRAYS = ("numpy", "scipy")


def tally_of(source: str, name: str, arguments: Mapping[str, Any], known: Mapping[str, Array]) -> Tally:
    """Return what a call of the function `name` in `source` takes.

    Parameters
    ----------
    source : str
        A module, as it is printed.
    name : str
        The function.
    arguments : mapping
        What the leaves of its arguments are, by the names that they have in the text.
    known : mapping
        The arrays that have a name in the text.
    """
    tree = ast.parse(source)
    others = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)} - {name}
    walk = _Walk(imported(tree), dict(arguments), known, others)
    (function,) = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    walk.block(function.body)
    return walk.tally


class _Walk:
    def __init__(
        self, paths: Mapping[str, str], values: dict[str, Any], known: Mapping[str, Array], others: Container[str]
    ) -> None:
        self.tally = Tally()
        self._others = others
        self._paths = paths
        self._values = values
        self._leaves = frozenset(values)
        self._known = known
        self._times: Size = 1
        self._loops = 0

    # --- statements ---------------------------------------------------------------------------------------------------

    def block(self, statements: Sequence[ast.stmt]) -> None:
        """Count what statements take."""
        for statement in statements:
            read = getattr(self, f"_{type(statement).__name__.lower()}", None)
            if read is not None:
                read(statement)
            else:
                for part in ast.iter_child_nodes(statement):
                    if isinstance(part, ast.expr):
                        self._value(part)

    def _assign(self, statement: ast.Assign) -> None:
        value = self._value(statement.value)
        for target in statement.targets:
            self._bind(target, value)

    def _bind(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            if value is UNKNOWN and target.id in self._leaves:
                return  # an argument that is taken out of a structure
            vague = value is UNKNOWN or (isinstance(value, Array) and value.shape is None)
            if vague and target.id in self._known:
                value = self._known[target.id]
                vague = False
            if vague:
                self.tally.unknown.append(ast.unparse(target))
            self._values[target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            parts = value if isinstance(value, tuple) and len(value) == len(target.elts) else None
            if isinstance(value, Array) and value.shape and value.shape[0] == len(target.elts):
                parts = (indexed(value, (0,))[0],) * len(target.elts)
                for _ in parts:
                    self._called(0)
            for position, element in enumerate(target.elts):
                self._bind(element, UNKNOWN if parts is None else parts[position])
        elif isinstance(target, ast.Subscript):
            self._put(target, value)

    def _put(self, target: ast.Subscript, value: Any) -> None:
        """Count what writing into a part of an array takes."""
        array, index = self._value(target.value), self._index(target.slice)
        if isinstance(array, Array):
            part = indexed(array, index)[0]
            self._called(part.bytes if isinstance(part, Array) else array.item, *arrays_in((value, index)))

    def _augassign(self, statement: ast.AugAssign) -> None:
        value = self._value(statement.value)
        current = self._value(statement.target)
        result = self._combined(statement.op, current, value)
        if isinstance(statement.target, ast.Subscript):
            self._put(statement.target, current if isinstance(current, Array) else result)
        elif isinstance(statement.target, ast.Name) and not isinstance(current, Array):
            self._values[statement.target.id] = result

    def _for(self, statement: ast.For) -> None:
        count, step = self._runs(statement.iter)
        self._loops += 1
        self._bind(statement.target, step if count != 1 else self._first(statement.iter, step))
        with self._repeated(count):
            self.block(statement.body)

    def _while(self, statement: ast.While) -> None:
        self._value(statement.test)
        self.tally.unknown.append(f"while {ast.unparse(statement.test)}")  # it counts as one run
        self.block(statement.body)

    def _if(self, statement: ast.If) -> None:
        self._either(statement.test, lambda: self.block(statement.body), lambda: self.block(statement.orelse))

    def _either(self, test: ast.expr, first: Any, second: Any) -> None:
        """Count what one of two ways takes: the dearer one, unless the other is known to be taken."""
        known = self._known_condition(test)
        if known is not None:
            (first if known else second)()
            return
        self._value(test)
        self._dearer(first, second)

    def _known_condition(self, test: ast.expr) -> bool | None:
        """Return a condition about sizes, or about whether memory is given, where its value is known."""
        if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
            return False if any(self._known_condition(part) is False for part in test.values) else None
        if not isinstance(test, ast.Compare) or not isinstance(test.ops[0], (ast.Is, ast.Lt, ast.Eq)):
            return None
        outer, self.tally = self.tally, Tally()  # nothing is computed here
        left, right = self._value(test.left), self._value(test.comparators[0])
        self.tally = outer
        if isinstance(test.ops[0], ast.Is):
            return False if isinstance(left, tuple) and right is None else None
        is_same = is_size(left) and is_size(right) and left == right
        return isinstance(test.ops[0], ast.Eq) if is_same else None

    def _with(self, statement: ast.With) -> None:
        self.block(statement.body)

    def _delete(self, statement: ast.Delete) -> None:
        """Count nothing."""

    def _functiondef(self, statement: ast.FunctionDef) -> None:
        """Count nothing: what is defined runs elsewhere."""

    @contextmanager
    def _repeated(self, count: Size) -> Iterator[None]:
        outer, self._times = self._times, self._times * count
        yield
        self._times = outer

    def _dearer(self, first: Any, second: Any) -> None:
        outer = self.tally
        self.tally = one = Tally()
        first()
        self.tally = other = Tally()
        second()
        one.dearer(other)
        outer.add(one)
        self.tally = outer

    def _runs(self, iterable: ast.expr) -> tuple[Size, Any]:
        """Return how often a loop runs, and what it counts."""
        if isinstance(iterable, ast.Call) and isinstance(iterable.func, ast.Name):
            if iterable.func.id == "reversed":
                return self._runs(iterable.args[0])
            bounds = [self._value(arg) for arg in iterable.args]
            if iterable.func.id == "range" and all(map(is_size, bounds)):
                start, stop, step = {1: (0, *bounds, 1), 2: (*bounds, 1), 3: (*bounds,)}[len(bounds)]
                return stepped(start, stop, step), loop_index(self._loops)
        value = self._value(iterable)
        if isinstance(value, Array) and value.shape:
            return value.shape[0], indexed(value, (0,))[0]
        if isinstance(value, tuple):
            return len(value), UNKNOWN
        self.tally.unknown.append(f"for ... in {ast.unparse(iterable)}")
        return 1, UNKNOWN

    def _first(self, iterable: ast.expr, step: Any) -> Any:
        """Return what a loop counts that runs once."""
        starts = isinstance(iterable, ast.Call) and ast.unparse(iterable).startswith("range(0, ")
        return 0 if starts else step

    # --- expressions --------------------------------------------------------------------------------------------------

    def _called(self, written: Size, *read: Array) -> None:
        """Count one call of NumPy, and the bytes that it moves."""
        self.tally.calls[self._times] += 1
        moved = written
        for array in read:
            moved = moved + array.bytes
            if array.shape is None:
                self.tally.unknown.append("an array")
        if moved != 0:
            self.tally.moved[moved * self._times] += 1

    def _transcendental(self, result: Any) -> None:
        entries = result.entries if isinstance(result, Array) else 1
        self.tally.transcendental[entries * self._times] += 1

    def _value(self, node: ast.expr) -> Any:
        """Return what is known of an expression, and count what it takes."""
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, (int, str, type(None), type(...))) else NUMBER
        if isinstance(node, ast.Name):
            return self._values.get(node.id, UNKNOWN if node.id not in self._paths else NUMBER)
        if isinstance(node, ast.BinOp):
            return self._combined(node.op, self._value(node.left), self._value(node.right))
        if isinstance(node, ast.UnaryOp):
            return self._of_one(node)
        if isinstance(node, ast.Compare):
            return self._compared(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.Subscript):
            return self._subscript(node)
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, (ast.Tuple, ast.List)):
            return tuple([self._value(element) for element in node.elts])
        if isinstance(node, ast.IfExp):
            found: list[Any] = []
            ways = [lambda part=part: found.append(self._value(part)) for part in (node.body, node.orelse)]
            self._either(node.test, *ways)
            return found[0] if isinstance(found[0], Array) else NUMBER
        for part in ast.iter_child_nodes(node):
            if isinstance(part, ast.expr):
                self._value(part)
        return NUMBER

    def _combined(self, op: ast.operator, left: Any, right: Any) -> Any:
        arrays = [*arrays_in((left, right))]
        if not arrays:
            if is_size(left) and is_size(right) and type(op) in _OPERATIONS:
                return _OPERATIONS[type(op)](left, right)
            if isinstance(op, ast.Pow) and not is_size(right):
                self._transcendental(NUMBER)
            return NUMBER
        is_mask = len(arrays) < 2 and arrays[0].item == 1 and not isinstance(op, (ast.BitAnd, ast.BitOr, ast.BitXor))
        item = 8 if is_mask else None  # a mask times a number
        result = (
            result_of("matmul", (left, right), {}) if isinstance(op, ast.MatMult) else broadcast([left, right], item)
        )
        self._called(_bytes(result), *arrays)
        if isinstance(op, ast.Pow) and not is_size(right):
            self._transcendental(result)
        return result

    def _of_one(self, node: ast.UnaryOp) -> Any:
        value = self._value(node.operand)
        if isinstance(value, Array):
            self._called(value.bytes, value)
            return Array(value.shape, value.item)
        return -value if isinstance(node.op, ast.USub) and is_size(value) else NUMBER

    def _compared(self, node: ast.Compare) -> Any:
        values = [self._value(part) for part in (node.left, *node.comparators)]
        result = broadcast(values, item=1)
        if isinstance(result, Array):
            self._called(result.bytes, *arrays_in(values))
        return result

    def _attribute(self, node: ast.Attribute) -> Any:
        if self._path(node) is not None:
            return self._path(node)
        value = self._value(node.value)
        if isinstance(value, Array):
            if node.attr == "T":
                return Array(None if value.shape is None else value.shape[::-1], value.item)
            if node.attr == "shape":
                return UNKNOWN if value.shape is None else value.shape
            return value if node.attr == "real" else NUMBER
        return UNKNOWN if value is UNKNOWN else NUMBER

    def _subscript(self, node: ast.Subscript) -> Any:
        value, index = self._value(node.value), self._index(node.slice)
        if isinstance(value, tuple):
            is_known = isinstance(index[0], int) and -len(value) <= index[0] < len(value)
            return value[index[0]] if is_known else UNKNOWN  # a list that is filled later is empty here
        if not isinstance(value, Array):
            return value
        chosen, is_copy = indexed(value, index)
        self._called(2 * _bytes(chosen) if is_copy else 0, *arrays_in(index))
        return chosen

    def _index(self, node: ast.expr) -> tuple[Any, ...]:
        parts = node.elts if isinstance(node, ast.Tuple) else [node]
        return tuple([self._span(part) if isinstance(part, ast.Slice) else self._value(part) for part in parts])

    def _span(self, node: ast.Slice) -> Span:
        return Span(*(None if part is None else self._value(part) for part in (node.lower, node.upper, node.step)))

    # --- calls --------------------------------------------------------------------------------------------------------

    def _path(self, node: ast.expr) -> str | None:
        """Return the path that names with dots stand for, where the first of them is imported."""
        names: list[str] = []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id in self._values or node.id not in self._paths:
            return None
        return ".".join([self._paths[node.id], *reversed(names)])

    def _call(self, node: ast.Call) -> Any:
        path = self._path(node.func)
        receiver = self._value(node.func.value) if path is None and isinstance(node.func, ast.Attribute) else None
        args = [self._value(arg) for arg in node.args]
        named = {keyword.arg: self._value(keyword.value) for keyword in node.keywords if keyword.arg}
        if path is not None:
            return self._imported_call(path, args, named)
        if isinstance(receiver, Array) and isinstance(node.func, ast.Attribute):
            shape = [receiver, tuple(args)] if node.func.attr == "reshape" and len(args) > 1 else [receiver, *args]
            return self._array_call(node.func.attr, shape, named, is_special=False)
        if isinstance(node.func, ast.Attribute) and node.func.attr == "append":
            return self._append(node.func.value, receiver, args)
        return self._builtin(node.func.id if isinstance(node.func, ast.Name) else "", args)

    def _append(self, target: ast.expr, items: Any, added: list[Any]) -> Any:
        """Note what a list holds that is filled by statements which run once."""
        if isinstance(target, ast.Name) and isinstance(items, tuple) and self._times == 1:
            self._values[target.id] = (*items, *added)
        return NUMBER

    def _builtin(self, name: str, args: list[Any]) -> Any:
        if name in ("max", "min") and all(map(is_size, args)):
            return maximum(*args) if name == "max" else minimum(*args)
        if name == "slice":
            return Span(*([None, *args] if len(args) == 1 else args))
        if name == "len" and isinstance(args[0], Array) and args[0].shape:
            return args[0].shape[0]
        if name == "len" and isinstance(args[0], tuple):
            return len(args[0])
        return UNKNOWN if name in self._others else NUMBER

    def _imported_call(self, path: str, args: list[Any], named: dict[str, Any]) -> Any:
        module, _, name = path.rpartition(".")
        if module in _MATHEMATICAL:
            if name in TRANSCENDENTAL:
                self._transcendental(NUMBER)
            return NUMBER
        if path.startswith(_ARRAYS):
            return self._array_call(name, args, named, is_special=module == "scipy.special")
        self.tally.unknown.append(path)
        return UNKNOWN

    def _array_call(self, name: str, args: list[Any], named: dict[str, Any], *, is_special: bool) -> Any:
        if name in ("float64", "float32", "float16", "bfloat16", "int64", "bool_"):  # a number of that dtype
            return NUMBER
        result = result_of(name, args, named)
        if name in VIEWS:
            self._called(0)
        elif name == "at":  # entries are read, added to and written
            self._called(2 * _bytes(args[-1]), *arrays_in(args[1:]))
        else:
            read = [value for key, value in named.items() if key != "out"]
            self._called(_bytes(result), *arrays_in((*args, *read)))
        if name in TRANSCENDENTAL or is_special:
            self._transcendental(result)
        return result


def _bytes(value: Any) -> Size:
    return sum((array.bytes for array in arrays_in((value,))), start=0)
