"""Loading printed source as a function whose tracebacks and `inspect.getsource` show the printed lines.

Only source that our printer wrote comes here.
"""

from __future__ import annotations

import hashlib
import linecache
import threading
import types
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any

from symbackprop.errors import UnsupportedError

__all__ = ["load_function"]

_loaded: weakref.WeakValueDictionary[str, types.FunctionType] = weakref.WeakValueDictionary()  # by digest
_lock = threading.RLock()
_gone: deque[tuple[str, str]] = deque()  # file names and digests of functions that nobody has any more


def load_function(source: str, name: str) -> Callable[..., Any]:
    """Execute `source` as a module of its own and return its function `name`.

    The same source gives the same function. Its lines are kept for tracebacks for as long as it lives, and until another
    one is loaded.
    """
    _forget()
    digest = hashlib.sha256(source.encode()).hexdigest()[:32]
    filename = f"<symbackprop {name} {digest[:16]}>"
    with _lock:
        known = _loaded.get(digest)
        if known is not None:
            return known
    module = types.ModuleType(f"symbackprop_generated_{digest[:16]}")
    module.__file__ = filename
    try:
        exec(compile(source, filename, "exec"), module.__dict__)
    except (ArithmeticError, ValueError) as error:  # of the constants above the function
        raise UnsupportedError(f"numbers of the formula have no real value together: {error}") from None
    function: types.FunctionType = module.__dict__[name]
    with _lock:
        _loaded[digest] = function
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    weakref.finalize(function, _gone.append, (filename, digest)).atexit = False
    return function


def _forget() -> None:
    """Drop the lines of functions that are gone, unless the same was loaded again meanwhile.

    That a function is gone is noticed anywhere, also while `linecache` goes over its files: they are not taken from it then.
    """
    with _lock:
        while _gone:
            filename, digest = _gone.popleft()
            if digest not in _loaded:
                linecache.cache.pop(filename, None)
