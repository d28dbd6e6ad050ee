"""Comparison, logic and choice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from symbackprop.errors import UnsupportedError
from symbackprop.ir.node import Node

FUNCTIONS: Mapping[str, Callable[..., Any]] = {}


def chain(operators: Sequence[str], operands: Sequence[object]) -> Node:
    """Return ``a < b <= c``."""
    raise UnsupportedError("comparison")


def conjunction(operands: Sequence[object]) -> Node:
    """Return ``a and b``."""
    raise UnsupportedError("and")


def disjunction(operands: Sequence[object]) -> Node:
    """Return ``a or b``."""
    raise UnsupportedError("or")


def choose(condition: object, if_true: object, if_false: object) -> Node:
    """Return ``if_true if condition else if_false``."""
    raise UnsupportedError("if")
