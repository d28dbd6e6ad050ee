"""The schema of documents: what a spec in JSON or TOML may hold, in JSON Schema (draft 2020-12)."""

from __future__ import annotations

import dataclasses
import types
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from symbackprop.read.layers.activations import ACTIVATIONS, Activation
from symbackprop.read.layers.custom import FunctionLayer
from symbackprop.read.layers.kinds import KINDS
from symbackprop.read.layers.layer import Layer, option_fields
from symbackprop.read.layers.making import SPELLINGS
from symbackprop.read.layers.precision import PRECISIONS
from symbackprop.read.layers.statements import BATCHES

__all__ = ["json_schema"]

_PLAIN = {
    int: {"type": "integer"}, float: {"type": "number"}, bool: {"type": "boolean"}, str: {"type": "string"},
    type(None): {"type": "null"},
}  # fmt: skip


_ACTIVATION = {"type": "string", "pattern": rf"^({'|'.join(ACTIVATIONS)})(\([-+0-9.eE, ]+\))?$"}


def json_schema() -> dict[str, Any]:
    """Return the schema of a spec."""
    layers = {"type": "array", "items": {"$ref": "#/$defs/layer"}}
    document = {
        "type": "object",
        "properties": {
            "$schema": {"type": "string"},
            "batch": {"enum": [*BATCHES]},
            "precision": {"enum": [*PRECISIONS]},
            "layers": layers,
        },
        "required": ["layers"],
        "additionalProperties": False,
    }
    kinds = [kind for kind in KINDS.values() if kind is not Activation]
    word = _ACTIVATION
    found = [*(_of_kind(kind, {"const": kind.kind}) for kind in kinds), _of_kind(Activation, word, ("function",))]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A layer spec of symbackprop",
        "anyOf": [document, layers],
        "$defs": {"layer": {"anyOf": found}},
    }


def _of_kind(kind: type[Layer], word: dict[str, Any], said: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the schema of the layers of a kind, whose options in `said` the word for it says."""
    hints = get_type_hints(kind)
    if kind is FunctionLayer:  # in documents a function goes by its name
        hints, said = {**hints, "function": str}, ("parameters", "weights")
    fields = [field for field in option_fields(kind) if field.name not in said]
    options = {
        SPELLINGS.get(field.name, field.name): _ACTIVATION
        if field.name == "activation"
        else _of_type(hints[field.name])
        for field in fields
    }
    needed = [
        SPELLINGS.get(field.name, field.name)
        for field in fields
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    summary = (kind.__doc__ or "").split("\n")[0]
    return {
        "description": summary,
        "type": "object",
        "properties": {"layer": word, **options},
        "required": ["layer", *needed],
        "additionalProperties": False,
    }


def _of_type(hint: Any) -> dict[str, Any]:
    """Return the schema of an option; types in types are as deep as a declaration, so this may recurse."""
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return {"anyOf": [_of_type(part) for part in get_args(hint)]}
    if origin is Literal:
        return {"enum": [*get_args(hint)]}
    if origin is tuple:
        parts = get_args(hint)
        if len(parts) == 2 and parts[1] is ...:
            item = _of_type(parts[0])
            whole: dict[str, Any] = {"type": "array", "items": item}
            return whole if parts[0] is Layer else {"anyOf": [whole, item]}  # one alone may do without brackets
        return {
            "type": "array",
            "prefixItems": [_of_type(part) for part in parts],
            "minItems": len(parts),
            "items": False,
        }
    if hint is Layer:
        return {"$ref": "#/$defs/layer"}
    return dict(_PLAIN.get(hint, {}))
