"""Any form of a spec to a network."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from symbackprop.errors import ArgumentError, FileError
from symbackprop.read.layers.custom import functions_in, with_functions
from symbackprop.read.layers.documents import read_document, read_json, read_toml
from symbackprop.read.layers.layer import Layer
from symbackprop.read.layers.network import Network
from symbackprop.read.layers.spec_text import is_spec_text, read_spec_text

__all__ = ["as_network", "read_layers"]

_READERS = {".json": read_json, ".toml": read_toml}


def read_layers(spec: Any, *, functions: Mapping[str, Any] | None = None) -> Network:
    """Return the network of a layer spec.

    Parameters
    ----------
    spec : str, path, mapping, sequence or Network
        Text with a line a layer; JSON or TOML, as text or as the path of a file that ends in ``.json`` or ``.toml``
        (any other file holds the text form); a list of dicts or of layers, or a dict with ``"layers"``.
    functions : mapping of str to callable or FunctionLayer, optional
        What a spec means by ``function name``.

    Raises
    ------
    FormulaSyntaxError, UnknownNameError, ArgumentError, ShapeError
        With the layer and its line.
    FileError
        If a file cannot be read.

    Examples
    --------
    >>> import symbackprop as sb
    >>> net = sb.read_layers('''
    ...     input 784
    ...     dense 256 tanh
    ...     dense 10
    ...     loss softmax_cross_entropy
    ... ''')
    >>> net == sb.read_layers(net.to_json()) == sb.read_layers(net.to_toml()) == sb.read_layers(net.to_dict())
    True
    """
    if functions is not None and not isinstance(functions, Mapping):
        raise ArgumentError(f"functions is a {type(functions).__name__}; give a dict from names to functions")
    network = _read(spec)
    if any(isinstance(layer.function, str) for layer in functions_in(network.layers).values()):
        network = network.with_layers(with_functions(network.layers, functions or {}))
    _ = network.written  # so that what is wrong with it is said now
    return network


def as_network(formula: Any) -> Network | None:
    """Return the network that `formula` is a spec of, in any form; None if it is none."""
    if isinstance(formula, Network):
        return formula
    if isinstance(formula, str) and (is_spec_text(formula) or _is_document(formula) or _is_path(formula)):
        return read_layers(formula)
    if isinstance(formula, os.PathLike):
        return read_layers(formula)
    if isinstance(formula, Mapping) and "layers" in formula:
        return read_layers(formula)
    if isinstance(formula, (list, tuple)) and formula and all(isinstance(item, (Layer, Mapping)) for item in formula):
        return read_layers(formula)
    return None


def _is_document(text: str) -> bool:
    """Tell whether text is a spec in JSON or TOML, as no formula is."""
    head = text.lstrip()
    return head.startswith(("{", "[{")) or re.search(r"^\s*\[\[layers\]\]\s*$", text, re.MULTILINE) is not None


def _is_path(text: str) -> bool:
    """Tell whether text is the path of a file that holds a spec."""
    return "\n" not in text and text.endswith((*_READERS, ".layers"))


def _read(spec: Any) -> Network:
    if isinstance(spec, Network):
        return spec
    if isinstance(spec, os.PathLike):
        return _read_file(Path(spec))
    if isinstance(spec, str):
        return _read_text(spec)
    if isinstance(spec, (Mapping, Sequence)):
        settings, layers = read_document(spec)
        return Network.from_parts(settings, layers)
    raise ArgumentError(f"a layer spec is text, a path, a dict or a list of layers, not a {type(spec).__name__}")


def _read_text(text: str) -> Network:
    text = text.removeprefix("\ufeff")
    if _is_path(text):
        return _read_file(Path(text))
    head = text.lstrip()
    if head[:1] in ("{", "["):
        settings, layers = read_toml(text) if head.startswith("[[") else read_json(text)
    elif "[[layers]]" in text:
        settings, layers = read_toml(text)
    else:
        return Network.from_parts(*read_spec_text(text), text=text)
    return Network.from_parts(settings, layers)


def _read_file(path: Path) -> Network:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path} cannot be read: {error}") from None
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        return Network.from_parts(*read_spec_text(text), text=text)
    return Network.from_parts(*reader(text))
