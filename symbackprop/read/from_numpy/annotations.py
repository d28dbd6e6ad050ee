"""Annotations of parameters that declare shapes: ``def f(X: "n d", k: int)``."""

from __future__ import annotations

import ast
import inspect
from typing import Any, get_args, get_origin

__all__ = ["declared_by"]

_PLAIN = {float: "", int: ":int", bool: ":bool"}


def declared_by(annotation: Any) -> Any:
    """Return the shape that an annotation gives: text, a number's type, or text in `typing.Annotated`."""
    if annotation is inspect.Parameter.empty:
        return None
    if get_origin(annotation) is not None and hasattr(annotation, "__metadata__"):
        texts = [item for item in get_args(annotation)[1:] if isinstance(item, str)]
        return texts[0] if texts else None
    if annotation in _PLAIN and isinstance(annotation, type):
        return _PLAIN[annotation]
    if isinstance(annotation, str):
        return _annotation_text(annotation)
    return None


def _annotation_text(text: str) -> str | None:
    """Return the shape in an annotation that is text: ``"n d"``, ``"float"``, or, where all are text, ``"'n d'"``."""
    plain = {kind.__name__: declared for kind, declared in _PLAIN.items()}
    if text in plain:
        return plain[text]
    quoted = _quoted_text(text)
    if quoted is not None or "[" in text or "." in text:
        return quoted
    parts = text.split(":")[0].split()
    return text if all(part.isidentifier() or part.isdigit() or set(part) & set("+*-") for part in parts) else None


def _quoted_text(text: str) -> str | None:
    """Return the text in an annotation of which all is text: ``"'n d'"``, ``"Annotated[np.ndarray, 'n d']"``."""
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        return None
    items = [tree]
    if isinstance(tree, ast.Subscript) and isinstance(tree.slice, ast.Tuple):
        items = tree.slice.elts[1:]
    return next((item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str)), None)
