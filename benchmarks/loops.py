"""Loops over time: printed lines, compile time, and value and gradient against the value alone and against by hand."""

from __future__ import annotations

from functools import partial

import symbackprop as sb
from benchmarks.functions import agree
from benchmarks.row import Row
from benchmarks.timing import interleaved, once
from examples.loops import lstm

__all__ = ["LOOPS"]


def long_short_term_memory(quick: bool) -> list[Row]:
    """Time an LSTM of 50 steps, hidden 64, batch 32."""
    compile_it = partial(sb.compile_value_and_grad, lstm.loss, inputs=lstm.INPUTS, wrt="params")
    seconds = min(once(compile_it) for _ in range(5 if quick else 9))
    compiled = compile_it()
    params, data = lstm.arguments(steps=50, batch=32, hidden=64)
    agree(compiled(params, *data), lstm.by_hand(params, *data))
    works = {
        "ours": partial(compiled, params, *data),
        "value": partial(sb.compile_value(lstm.loss, inputs=lstm.INPUTS), params, *data),
        "hand": partial(lstm.by_hand, params, *data),
    }
    times = interleaved(works, rounds=24 if quick else 60)
    lines = len(compiled.source.splitlines())
    forward, hand = times["ours"] / times["value"], times["ours"] / times["hand"]
    return [
        Row("LSTM of 50 steps: lines of printed code", str(lines), "150", lines <= 150),
        Row("  compile", f"{1000 * seconds:.0f} ms", "300 ms", seconds < 0.3),
        Row("  value and gradient / value alone", f"{forward:.2f}", "3.0", forward <= 3),
        Row("  value and gradient / by hand", f"{hand:.2f}", "1.5", hand <= 1.5),
    ]


LOOPS = {"lstm": long_short_term_memory}
