"""Specs as lists of dicts, JSON and TOML; and the schema of these.

    {"batch": "rows", "layers": [{"layer": "input", "shape": [784]}, {"layer": "dense", "units": 10}]}

A list of layers alone stands for a document without settings. Names of options are those of the text form.
"""

from __future__ import annotations

import dataclasses
import json
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from symbackprop.errors import ArgumentError, FormulaSyntaxError, SymbackpropError
from symbackprop.read.layers.custom import FunctionLayer
from symbackprop.read.layers.layer import Layer, option_fields
from symbackprop.read.layers.making import SPELLINGS, check_setting, made, spelled, unspelled

__all__ = ["document", "json_text", "read_document", "read_json", "read_toml", "toml_text"]

_FIELDS = {word: name for name, word in SPELLINGS.items()}
_DEEPEST = 32  # blocks in blocks, so that these functions may recurse


def read_document(given: Any) -> tuple[dict[str, Any], list[Layer]]:
    """Return the settings and the layers of a document.

    Parameters
    ----------
    given : mapping with ``"layers"``, or sequence of mappings
        Layers that are objects already stay as they are.

    Raises
    ------
    ArgumentError, UnknownNameError
        With the number of the layer.
    """
    if not isinstance(given, Mapping):
        return {}, _layers(given, "")
    settings = {key: value for key, value in given.items() if key not in ("layers", "$schema")}
    for name in settings:
        check_setting(name)
    if "layers" not in given:
        raise ArgumentError('the spec has no "layers", a list of layers')
    return settings, _layers(given["layers"], "")


def _layers(given: Any, path: str, depth: int = 0) -> list[Layer]:
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Sequence):
        raise ArgumentError(f"layers are a list of layers, not a {type(given).__name__}")
    if depth > _DEEPEST:
        raise ArgumentError(f"blocks are nested deeper than {_DEEPEST}")
    found = []
    for number, item in enumerate(given, 1):
        where = f"{path}{number}"
        try:
            found.append(item if isinstance(item, Layer) else _layer(item, where, depth))
        except SymbackpropError as error:
            if not error.message.startswith("layer number"):
                error.message = f"layer number {where}: {error.message}"
                error.args = (error.message,)
            raise
    return found


def _layer(item: Any, where: str, depth: int) -> Layer:
    if not isinstance(item, Mapping):
        raise ArgumentError(f'a layer is a dict such as {{"layer": "dense", "units": 10}}, not {item!r}')
    if not isinstance(item.get("layer"), str):
        raise ArgumentError('it does not say which layer it is: {"layer": "dense", ...}')
    kind, said = spelled(item["layer"])
    given: dict[str, Any] = {**said}
    given.update((_FIELDS.get(str(key), str(key)), value) for key, value in item.items() if key != "layer")
    if "body" in given:
        given["body"] = _layers(given["body"], f"{where}.", depth + 1)
    return made(kind, given)


def read_json(text: str) -> tuple[dict[str, Any], list[Layer]]:
    """Return the settings and the layers of a spec in JSON.

    Raises
    ------
    FormulaSyntaxError
        With the line, if it is not JSON.
    """
    try:
        given = json.loads(text)
    except json.JSONDecodeError as error:
        raise FormulaSyntaxError(f"this is not JSON: {error.msg}", text=text, span=(error.pos, error.pos + 1)) from None
    except RecursionError:
        raise FormulaSyntaxError("this JSON is nested too deeply") from None
    return read_document(given)


def read_toml(text: str) -> tuple[dict[str, Any], list[Layer]]:
    """Return the settings and the layers of a spec in TOML, with a ``[[layers]]`` each.

    Raises
    ------
    FormulaSyntaxError
        If it is not TOML.
    """
    try:
        given = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise FormulaSyntaxError(f"this is not TOML: {error}") from None
    return read_document(given)


# --- the other way ----------------------------------------------------------------------------------------------------


def document(settings: Mapping[str, Any], layers: Sequence[Layer]) -> dict[str, Any]:
    """Return settings and layers as a document of dicts, lists, numbers and words."""
    return {**settings, "layers": [_fields(layer) for layer in layers]}


def _fields(layer: Layer) -> dict[str, Any]:
    word, said = unspelled(layer)
    found: dict[str, Any] = {"layer": word}
    if isinstance(layer, FunctionLayer):  # what it is made of goes by its name
        said, found["function"] = ("function", "parameters", "weights"), layer.name_of_function
    for field in option_fields(type(layer)):
        value = getattr(layer, field.name)
        default = field.default_factory() if field.default_factory is not dataclasses.MISSING else field.default
        if field.name in said or value == default:
            continue
        if field.name == "body":
            value = [_fields(inner) for inner in value]
        found[SPELLINGS.get(field.name, field.name)] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, (tuple, list)) else value


def json_text(settings: Mapping[str, Any], layers: Sequence[Layer]) -> str:
    """Return settings and layers as JSON."""
    return json.dumps(document(settings, layers), indent=2) + "\n"


def toml_text(settings: Mapping[str, Any], layers: Sequence[Layer]) -> str:
    """Return settings and layers as TOML."""
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    _write_tables(document({}, layers)["layers"], "layers", lines)
    return "\n".join(lines).lstrip("\n") + "\n"


def _write_tables(items: Sequence[Mapping[str, Any]], path: str, lines: list[str]) -> None:
    """Write an array of tables; a string, number or list of these is the same in TOML as in JSON."""
    for item in items:
        lines += ["", f"[[{path}]]"]
        lines += [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in item.items() if key != "body"]
        _write_tables(item.get("body", ()), f"{path}.body", lines)
