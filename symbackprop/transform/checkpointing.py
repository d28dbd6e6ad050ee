"""What is asked for by `checkpoint=`: read, kept as text in the header of a file, and done.

    None                  all is kept that the way back reads
    "sqrt"                about sqrt(n) segments; of a loop of n steps about sqrt(2n) states
    ("a10", "a20")        the values that end segments
    ("binomial", 32)      of every loop 32 states: "binomial 32"
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from symbackprop.errors import ArgumentError, UnsupportedError
from symbackprop.ir.graph import Graph
from symbackprop.ops.loops import scan
from symbackprop.ops.revolve import SQRT
from symbackprop.transform.checkpoint import checkpointed
from symbackprop.transform.stored_states import with_slots

__all__ = ["Asked", "checked_checkpoint", "stores_states", "with_checkpoints"]

Asked = tuple[str, ...] | str | None  # what is kept of it
_BINOMIAL = re.compile(r"binomial ([1-9]\d*)")
_FORMS = "None, 'sqrt', ('binomial', 32), or the names of values, as in ('a10', 'a20')"


def checked_checkpoint(checkpoint: object) -> Asked:
    """Return what is asked for as text, names as a tuple.

    Raises
    ------
    ArgumentError
        On anything else.
    """
    if checkpoint is None:
        return None
    if isinstance(checkpoint, str):
        if checkpoint == SQRT or _BINOMIAL.fullmatch(checkpoint):
            return str(checkpoint)
        raise _unknown(checkpoint)
    parts = tuple(checkpoint) if isinstance(checkpoint, Iterable) and not isinstance(checkpoint, bytes) else ()
    if len(parts) == 2 and parts[0] == "binomial" and not isinstance(parts[1], str):
        return f"binomial {_slots(parts[1])}"
    if not parts or not all(isinstance(name, str) for name in parts):
        raise _unknown(checkpoint)
    return tuple(map(str, parts))


def _unknown(checkpoint: object) -> ArgumentError:
    return ArgumentError(f"checkpoint is {checkpoint!r}; give {_FORMS}")


def _slots(slots: object) -> int:
    if not isinstance(slots, int) or isinstance(slots, bool) or slots < 1:
        raise ArgumentError(f"checkpoint='binomial' stores {slots!r} states; give a whole number of at least 1")
    return slots


def stores_states(asked: Asked) -> bool:
    """Tell whether loops store few of their states, and no other arrays over all steps."""
    return isinstance(asked, str)


def with_checkpoints(graph: Graph, asked: Asked) -> Graph:
    """Return `graph`, value and gradient ready for printing, with what is asked for.

    Raises
    ------
    UnknownNameError
        On a name that no value of the formula has.
    UnsupportedError
        On a name of what is inside of a loop, and on a schedule of steps where there are none.
    """
    if not isinstance(asked, str):
        return checkpointed(graph, asked or ())
    if asked == SQRT:
        return checkpointed(with_slots(graph, SQRT), SQRT)
    return _with_states(graph, int(asked.removeprefix("binomial ")))


def _with_states(graph: Graph, slots: int) -> Graph:
    if not any(getattr(node, "op", None) is scan for node in graph.nodes()):
        raise UnsupportedError(
            "checkpoint='binomial' is a schedule for the steps of scan, and the formula has none: the number of steps of a "
            "while_loop is not known before it ends, and a loop of Python's is written out; 'sqrt' is for any formula"
        )
    return with_slots(graph, slots)
