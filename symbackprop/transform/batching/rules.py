"""Which rule a primitive has: that of its declaration, that of its family's table, or that of its kind."""

from __future__ import annotations

from collections.abc import Mapping

from symbackprop.ir.node import Operation
from symbackprop.ops.continuous_adjoint import continuous_adjoint
from symbackprop.ops.custom_rules import custom_rule
from symbackprop.ops.derivatives import jacobian, pullback, pushforward
from symbackprop.ops.implicit import root
from symbackprop.ops.masking import repeated_positions
from symbackprop.ops.opaque import opaque
from symbackprop.transform.batching import control, indexing, linear_algebra, matrices, sequences, shifting
from symbackprop.transform.batching.call import Call, Rule, Rules

__all__ = ["REFUSED", "rule_of"]

RULES: Rules = {
    **shifting.RULES, **indexing.RULES, **linear_algebra.RULES, **sequences.RULES, **control.RULES, **matrices.RULES,
}  # fmt: skip

REFUSED: Mapping[Operation, str] = {
    opaque: "it runs for one example at a time, and what it does with more axes is not known; call the compiled function "
    "once an example, or write it in NumPy's functions",
    continuous_adjoint: "its solver chooses its steps for one example; integrate with a fixed number of steps, by scan",
    repeated_positions: "how many positions there are differs from one example to the next; repeat by the same counts in "
    "all of them",
    custom_rule: "it is a rule that is to be applied first",
    **dict.fromkeys((jacobian, pullback, pushforward), "it is a derivative that is to be taken first"),
    root: "it is an equation whose solver is to be put in its place first",
}

_UNDECLARED = (
    "its declaration has no rule for batches; give it batch=, a function of a call that returns what is computed for all "
    "examples, whose axis comes first"
)


def rule_of(call: Call) -> Rule:
    """Return the rule for a node, or raise an `UnsupportedError` that names its primitive."""
    op = call.op
    if op.batch is not None:
        return op.batch
    if op in RULES:
        return RULES[op]
    if op.kind == "elementwise":
        return shifting.entry_by_entry
    if op.lower is None:
        call.refuse(REFUSED.get(op, _UNDECLARED))
    return linear_algebra.by_writing_out(op.lower)
