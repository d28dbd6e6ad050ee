"""Loading printed source as a function whose tracebacks and `inspect.getsource` show the printed lines.

Only source that our printer wrote comes here.
"""

from __future__ import annotations

import hashlib
import linecache
import types
from collections.abc import Callable
from typing import Any

__all__ = ["load_function"]


def load_function(source: str, name: str) -> Callable[..., Any]:
    """Execute `source` as a module of its own and return its function `name`."""
    digest = hashlib.sha256(source.encode()).hexdigest()[:16]
    filename = f"<symbackprop {name} {digest}>"
    module = types.ModuleType(f"symbackprop_generated_{digest}")
    module.__file__ = filename
    exec(compile(source, filename, "exec"), module.__dict__)
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    function: Callable[..., Any] = module.__dict__[name]
    return function
