"""What is asked for by `checkpoint=`: read, kept as text in the header of a file, and done.

None                  all is kept that the way back reads
"sqrt"                about sqrt(n) segments; of a loop of n steps about sqrt(2n) states
("a10", "a20")        the values that end segments
("binomial", 32)      of every loop 32 states: "binomial 32"
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from symbackprop.errors import ArgumentError, UnsupportedError
from symbackprop.ir.graph import Graph
from symbackprop.ir.node import Apply
from symbackprop.ops.loops import scan
from symbackprop.ops.revolve import SQRT
from symbackprop.transform.budget import read_budget
from symbackprop.transform.checkpoint import checkpointed
from symbackprop.transform.stored_states import with_slots
from symbackprop.transform.within_budget import Allocations, within_budget

__all__ = ["Asked", "checked_checkpoint", "with_checkpoints"]

Asked = tuple[str, ...] | str | None  # what is kept of it
_BINOMIAL = re.compile(r"binomial ([1-9]\d*)")
_FORMS = "None, 'sqrt', ('binomial', 32), a budget as in '64 MB' or 0.3, or the names of values, as in ('a10', 'a20')"


def checked_checkpoint(checkpoint: object) -> Asked:
    """Return what is asked for as text, names as a tuple.

    Raises
    ------
    ArgumentError
        On anything else.
    """
    if checkpoint is None:
        return None
    budget = read_budget(checkpoint)
    if budget is not None:
        return str(budget)
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


def with_checkpoints(finished: Callable[[bool], Graph], asked: Asked, allocations: Allocations) -> Graph:
    """Return the graph of value and gradient with what is asked for.

    Parameters
    ----------
    finished : function
        Of whether loops may keep arrays over all steps for the way back; it returns the graph ready for printing.
    asked : tuple of str or str
        As `checked_checkpoint` returns it.
    allocations : function
        What the code of a graph allocates and releases, in bytes, in its order.

    Raises
    ------
    BudgetError
        If a budget cannot be met.
    UnknownNameError
        On a name that no value of the formula has.
    UnsupportedError
        On a name of what is inside of a loop, and on a schedule of steps where there are none.
    """
    if not isinstance(asked, str):
        return checkpointed(finished(True), asked or ())
    if asked == SQRT:
        return checkpointed(_with_states(finished, SQRT), SQRT)
    budget = read_budget(asked)
    if budget is not None:
        return within_budget(finished, budget, allocations)
    return _with_states(finished, int(asked.removeprefix("binomial ")))


def _with_states(finished: Callable[[bool], Graph], slots: int | str) -> Graph:
    """Return the graph whose loops store `slots` states; where they have none that could come again, it is that without."""
    whole = finished(True)
    loops = [node for node in whole.primal_nodes if isinstance(node, Apply) and node.op is scan]
    if not loops and slots != SQRT:
        raise UnsupportedError(
            "checkpoint='binomial' is a schedule for the steps of scan, and the formula has none: the number of steps of a "
            "while_loop is not known before it ends, and a loop of Python's is written out; 'sqrt' is for any formula"
        )
    return (with_slots(finished(False), slots) if loops else None) or whole
