"""What a function is called with: shapes, examples or annotations, for each parameter or inside its structure."""

from __future__ import annotations

import dataclasses
import inspect
import keyword
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from symbackprop.errors import ArgumentError, SymbackpropError, UnknownNameError, UnsupportedError, nearest_names
from symbackprop.ir.packing import Pack, Packed, accessor
from symbackprop.ir.signature import ArgumentSpec
from symbackprop.ir.size import Size, named, names
from symbackprop.read.from_numpy.annotations import declared_by
from symbackprop.read.from_numpy.arrays import TracedArray
from symbackprop.read.from_numpy.expressions import MODULES
from symbackprop.read.shapes import read_declarations

__all__ = ["Arguments", "Parameter", "arguments_of"]

_LETTERS = ("n", "m", "k", "p", "q", "r", "s")
_MISSING = inspect.Parameter.empty


@dataclass(frozen=True)
class Parameter:
    """A parameter of the function.

    Parameters
    ----------
    name : str
    packed : Packed
        The leaves in it, None if its value is fixed.
    value : object
        The example or declaration, in whose structure leaves are given; or the fixed value.
    keyword_only : bool
    default : object
        A number, or `inspect.Parameter.empty`.
    left_out : bool
        Whether it need not be passed, as the function has a default for it.
    """

    name: str
    packed: Packed
    value: Any
    keyword_only: bool
    default: Any = _MISSING
    left_out: bool = False


@dataclass(frozen=True)
class Arguments:
    """The parameters of a function, the leaves in them, and the numbers of the sizes that examples have."""

    parameters: tuple[Parameter, ...]
    specs: tuple[ArgumentSpec, ...]
    numbers: Mapping[str, int]

    def call_of(
        self, leaves: Mapping[str, Any], seen: Callable[..., Any] = lambda value, name=None: value
    ) -> tuple[list[Any], dict[str, Any]]:
        """Return the positional and the keyword arguments that hold `leaves`, by name, in their structures.

        Parameters
        ----------
        leaves : mapping of str to object
        seen : callable
            Gives what stands for a fixed value, ``seen(value, name)``, and for the class of a record, ``seen(kind)``.
        """
        positional: list[Any] = []
        named: dict[str, Any] = {}
        given = [i for i, p in enumerate(self.parameters) if not (p.left_out or p.keyword_only)]
        last = given[-1] if given else -1
        for position, parameter in enumerate(self.parameters):
            if parameter.left_out and position > last:
                continue
            if parameter.packed is None:
                value = seen(parameter.value, parameter.name)
            else:
                value = _filled(parameter.packed, parameter.value, leaves, seen)
            if parameter.keyword_only:
                named[parameter.name] = value
            else:
                positional.append(value)
        return positional, named


# Structures are as deep as a person writes them, so this may recurse.
def _filled(packed: Packed, value: Any, leaves: Mapping[str, Any], seen: Callable[..., Any]) -> Any:
    """Return a structure like `value` that holds `leaves`."""
    if not isinstance(packed, Pack):
        return leaves[str(packed)]
    inside = _children(value)
    assert inside is not None
    items = [_filled(inner, item, leaves, seen) for inner, (_, item) in zip(packed.items, inside[1], strict=True)]
    named = dict(zip(packed.keys, items, strict=True))
    if packed.kind == "dict":
        return named
    if packed.kind == "dataclass":
        return _made_record(packed, seen(type(value)), named)
    if packed.kind == "namedtuple":
        return seen(type(value))._make(items)
    return items if packed.kind == "list" else tuple(items)


def _made_record(packed: Pack, kind: type, named: Mapping[str, Any]) -> Any:
    """Return a dataclass of `named` fields, having seen that it keeps them as they are given."""
    made = kind(**named)
    for name, given in named.items():
        kept = getattr(made, name)
        if isinstance(given, TracedArray) and getattr(kept, "node", None) is not given.node:
            raise UnsupportedError(
                f"{packed.path} is a {kind.__name__}, which changes its field {name!r} when it is made; derivatives are "
                "with respect to the fields as they are. Change it in a method, or in the function"
            )
    return made


def arguments_of(function: Callable[..., Any], inputs: Any, static: Iterable[str], dtype: str) -> Arguments:
    """Return what `function` is called with.

    Parameters
    ----------
    function : callable
    inputs : mapping, str, sequence or None
        A shape or an example for each parameter, by name, as compact text, or in order.
    static : iterable of str
        Parameters whose values are fixed: their examples, or defaults.
    dtype : str
        The dtype of real inputs.

    Raises
    ------
    ArgumentError, UnknownNameError
        On a parameter that is not declared, and on names that are no parameters.
    """
    signature = _signature_of(function)
    fixed = _names_of(static)
    given = _given(inputs, signature, dtype)
    for name in (*given, *fixed):
        if name not in signature.parameters:
            known = ", ".join(signature.parameters)
            raise UnknownNameError(
                f"{name!r} is no parameter of the function; they are {known or 'none'}."
                f"{nearest_names(name, signature.parameters)}"
            )
    return _Reader(dtype, signature).read(given, fixed)


def _signature_of(function: Callable[..., Any]) -> inspect.Signature:
    if isinstance(function, np.ufunc):
        names = ["x"] if function.nin == 1 else [f"x{i + 1}" for i in range(function.nin)]
        return inspect.Signature([inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in names])
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        raise UnsupportedError(
            f"{function!r} does not say what it takes; wrap it in a function of Python's, lambda x: ..."
        ) from None


def _names_of(static: Iterable[str]) -> tuple[str, ...]:
    if isinstance(static, str):
        return (static,)
    found = tuple(static)
    if not all(isinstance(name, str) for name in found):
        raise ArgumentError(f"static is {static!r}; give names of parameters, static=('k',)")
    return found


def _given(inputs: Any, signature: inspect.Signature, dtype: str) -> dict[str, Any]:
    """Return what is declared by parameter, from any of the forms of `inputs`."""
    if inputs is None:
        return {}
    if isinstance(inputs, str):
        return {spec.name: spec for spec in read_declarations(inputs, dtype)}
    if isinstance(inputs, Mapping):
        for name in inputs:
            if not isinstance(name, str):
                raise ArgumentError(f"inputs names {name!r}, which is not text; the keys are the names of parameters")
        return dict(inputs)
    if isinstance(inputs, Sequence):
        if len(inputs) > len(signature.parameters):
            raise ArgumentError(
                f"inputs has {len(inputs)} items, and the function {len(signature.parameters)} parameters"
            )
        return dict(zip(signature.parameters, inputs, strict=False))
    raise ArgumentError(
        f"inputs is a {type(inputs).__name__}; give a mapping such as {{'X': 'n d', 'w': 'd'}}, text 'X[n,d] w[d]', or "
        "examples in the order of the parameters"
    )


class _Reader:
    """Reads declarations to leaves."""

    def __init__(self, dtype: str, signature: inspect.Signature) -> None:
        self._dtype = dtype
        self._signature = signature
        self._specs: list[ArgumentSpec] = []
        self._numbers: dict[str, int] = {}
        self._taken = set(signature.parameters)
        self._keys: dict[Any, int] = {}
        self._declared: set[str] = set()  # names of sizes, which no size of an example may have

    def read(self, given: Mapping[str, Any], fixed: Sequence[str]) -> Arguments:
        annotated = {
            name: found
            for name, parameter in self._signature.parameters.items()
            if (found := declared_by(parameter.annotation)) is not None
        }
        if "self" in self._signature.parameters and "self" not in (*given, *fixed, *annotated):
            raise ArgumentError(
                "'self' is a parameter: a method does not know its object yet where it is decorated; compile the method "
                "of an object, compile_grad(thing.method, ...)"
            )
        nothing = not given and not annotated
        self._declared = _sizes_in([*given.values(), *annotated.values()])
        self._count_keys([*given.values(), *annotated.values()])
        parameters = []
        for name, parameter in self._signature.parameters.items():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                _check_variadic(parameter, given)
                continue
            keyword_only = parameter.kind is parameter.KEYWORD_ONLY
            if name in fixed:
                value = given.get(name, parameter.default)
                if value is _MISSING:
                    raise ArgumentError(f"static names {name!r}, which has neither a value in inputs= nor a default")
                parameters.append(Parameter(name, None, value, keyword_only))
            elif name in given or name in annotated or (nothing and parameter.default is _MISSING):
                value = given.get(name, annotated.get(name, ""))
                packed = self._packed(value, (name,), name)
                default = parameter.default if isinstance(parameter.default, (int, float)) else _MISSING
                parameters.append(Parameter(name, packed, value, keyword_only, default))
            elif parameter.default is not _MISSING:
                left_out = parameter.kind is not parameter.POSITIONAL_ONLY
                parameters.append(Parameter(name, None, parameter.default, keyword_only, left_out=left_out))
            else:
                raise ArgumentError(
                    f'{name!r} is not declared. Declare it: inputs={{..., {name!r}: "n d"}} for a matrix, '
                    f'{name!r}: "" for a scalar; or give an example, or a fixed value with static=({name!r},)'
                )
        return Arguments(tuple(parameters), tuple(self._specs), self._numbers)

    def _count_keys(self, values: list[Any]) -> None:
        """Count the keys of leaves: what is there once can be a name."""
        waiting = [(None, value) for value in values]
        while waiting:
            key, value = waiting.pop()
            children = _children(value)
            if children is None:
                self._keys[key] = self._keys.get(key, 0) + 1
            else:
                waiting.extend(children[1])

    # --- structures ---------------------------------------------------------------------------------------------------

    def _packed(self, value: Any, keys: tuple[Any, ...], path: str) -> Packed:
        """Return the leaves of a declaration or an example, and note what each is."""
        children = _children(value)
        if children is None:
            return self._leaf(value, keys, path)
        kind, inner = children
        if len(keys) > 16:
            raise UnsupportedError(f"{path} is nested deeper than 16 structures")
        pack = Pack(kind, tuple(key for key, _ in inner), (), path)
        items = tuple(self._packed(item, (*keys, key), path + accessor(pack, key)) for key, item in inner)
        return replace(pack, items=items)

    def _leaf(self, value: Any, keys: tuple[Any, ...], path: str) -> str:
        name = self._leaf_name(keys)
        if isinstance(value, ArgumentSpec):
            self._specs.append(replace(value, name=name))
            return name
        if callable(value) or value is None:
            raise ArgumentError(
                f"{path} is {value!r:.60}, which is no array; name its parameter in static= to keep its value fixed"
            )
        try:
            (spec,) = read_declarations({name: value}, self._dtype)
        except SymbackpropError as error:
            if error.formula is None and name != path:
                error.message = error.message.replace(f"input {name!r}", f"input {path}")
                error.args = (error.message,)
            raise
        if spec.shape is None:
            raise UnsupportedError(f"{path}: '...' is for formulas; declare the shape, or give an example")
        if not isinstance(value, (str, tuple, list)):
            spec = replace(spec, shape=tuple(self._open_size(size) for size in spec.shape))
        self._specs.append(spec)
        return name

    def _leaf_name(self, keys: tuple[Any, ...]) -> str:
        """Return the name of a leaf: its parameter's, else its key's where that is free, else the whole path."""
        if len(keys) == 1:
            if keys[0] in MODULES:
                raise ArgumentError(f"the parameter {keys[0]!r} has the name of a module in formulas; rename it")
            return str(keys[0])
        wanted = (
            unicodedata.normalize("NFKC", str(keys[-1]))
            if _is_name(keys[-1]) and self._keys.get(keys[-1], 0) == 1
            else ""
        )
        if not wanted or wanted in self._taken:
            wanted = re.sub(r"\W", "_", unicodedata.normalize("NFKC", "_".join(map(str, keys))))
        name, number = wanted, 2
        while name in self._taken or name in MODULES or keyword.iskeyword(name):
            name, number = f"{wanted}_{number}", number + 1
        self._taken.add(name)
        return name

    def _open_size(self, size: Size) -> Size:
        """Return a name for the size of an example, which is open; 1 stays 1."""
        if not isinstance(size, int) or size == 1:
            return size
        number = len(self._numbers)
        name = _LETTERS[number] if number < len(_LETTERS) else f"n{number}"
        while name in self._taken or name in self._declared:
            number += 1
            name = f"n{number}"
        self._taken.add(name)
        self._numbers[name] = size
        return named(name)


def _sizes_in(values: list[Any]) -> set[str]:
    """Return the names of sizes in the shapes that are declared in structures."""
    found: set[str] = set()
    waiting = [*values]
    while waiting:
        value = waiting.pop()
        inner = _children(value)
        if inner is not None:
            waiting += [item for _, item in inner[1]]
        elif isinstance(value, str):
            found.update(re.findall(r"[^\W\d]\w*", value))
        elif isinstance(value, ArgumentSpec):
            found.update(name for size in value.shape or () for name in names(size))
    return found


def _check_variadic(parameter: inspect.Parameter, given: Mapping[str, Any]) -> None:
    if parameter.name in given:
        raise UnsupportedError(f"the function takes any number of arguments, {parameter}; name each of them")


def _is_name(key: Any) -> bool:
    return isinstance(key, str) and key.isidentifier() and not keyword.iskeyword(key) and not key.startswith("_")


def _children(value: Any) -> tuple[str, list[tuple[Any, Any]]] | None:
    """Return the kind of a structure and what is in it, None for a leaf."""
    if isinstance(value, Mapping):
        for key in value:
            if type(key) not in (str, int):
                raise UnsupportedError(f"a dict of arrays has keys that are text or integers, not {key!r}")
        return "dict", [*value.items()]
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return "namedtuple", [*zip(value._fields, value, strict=True)]
    if dataclasses.is_dataclass(value) and not isinstance(value, (type, ArgumentSpec)):
        return "dataclass", [(name, getattr(value, name)) for name in _fields_given(value)]
    if isinstance(value, list) or (isinstance(value, tuple) and not _is_shape(value)):
        return ("list" if isinstance(value, list) else "tuple"), [*enumerate(value)]
    return None


def _fields_given(record: Any) -> list[str]:
    """Return the fields that a dataclass is made with; the others it computes of them."""
    fields = [field.name for field in dataclasses.fields(record) if field.init]
    for name in inspect.signature(type(record)).parameters:
        if name not in fields:
            raise UnsupportedError(
                f"a {type(record).__name__} is made with {name!r}, which is none of its fields, so that it cannot be made "
                "again with other arrays; give these in a dict, and make it inside the function"
            )
    return fields


def _is_shape(value: tuple[Any, ...]) -> bool:
    """Tell whether a tuple is one shape, ``("n", 3)``, and no tuple of arrays."""
    return all(
        isinstance(size, (int, np.integer)) or (isinstance(size, str) and size.strip().isidentifier()) or size is ...
        for size in value
    ) or any(hasattr(size, "terms") for size in value)
