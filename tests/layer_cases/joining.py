"""Layers with several inputs, other shapes, tables, and activations with parameters."""

from __future__ import annotations

from layer_cases.case import Case, below

LOSS = "\nloss squared_error"

CASES = (
    Case("flatten", f"input 2 3\nflatten\ndense 2{LOSS}"),
    Case("flatten one example", f"network batch=none\ninput 2 3 2\nflatten\ndense 2{LOSS}"),
    Case("reshape", f"input 6\nreshape 2 -1\ndense 2{LOSS}"),
    Case("reshape over time", f"input t 4\ndense 6\nreshape t 2 3\ndense 2{LOSS}", sizes={"m": 2, "t": 3}),
    Case("concatenate", f"a = input 3\nb = input 2\nconcatenate from=a,b\ndense 2{LOSS}"),
    Case("concatenate channels", f"a = input 3 4\nb = input 2 4\nconcatenate axis=0 from=a,b,a{LOSS}"),
    Case(
        "concatenate columns", f"network batch=columns\na = input 3\nb = input 2\nconcatenate from=a,b\ndense 2{LOSS}"
    ),
    Case("add", f"x = input 3\na = dense 3 tanh\nb = dense 3 from=x\nadd from=a,b,x{LOSS}"),
    Case("add one example", f"network batch=none\na = input 3\nb = input 3\nadd from=a,b{LOSS}"),
    Case("gated_sum", f"x = input 3\na = dense 3 tanh\ngated_sum from=a,x\ndense 2{LOSS}"),
    Case("gated_sum of columns", f"network batch=columns\na = input 3\nb = input 3\ngated_sum from=a,b{LOSS}"),
    Case("gated_sum over time", f"a = input 4 3\nb = input 4 3\ngated_sum from=a,b{LOSS}"),
    Case("bilinear", f"a = input 3\nb = input 2\nbilinear 4 from=a,b{LOSS}"),
    Case("bilinear over time", f"a = input 4 3\nb = input 4 2\nbilinear 2 bias=false from=a,b{LOSS}"),
    Case("bilinear of one example", f"network batch=none\na = input 3\nb = input 2\nbilinear 4 from=a,b{LOSS}"),
    Case("embedding", f"input 4 int\nembedding 5 3\nflatten\ndense 2{LOSS}", {"x": below(5)}),
    Case("embedding over time", f"input t int\nembedding 3 2{LOSS}", {"x": below(3)}, sizes={"m": 2, "t": 6}),
    Case("embedding of one number", f"network batch=none\ninput int\nembedding 5 3{LOSS}", {"x": below(5)}),
    Case("prelu", f"input 3\ndense 4\nprelu\ndense 2{LOSS}"),
    Case("prelu by channel", f"input 3 4\nprelu channels=true{LOSS}"),
    Case("prelu by feature of columns", f"network batch=columns\ninput 3\nprelu channels=true{LOSS}"),
    Case("maxout", f"input 3\ndense 6\nmaxout 3\ndense 2{LOSS}"),
    Case("maxout of columns", f"network batch=columns\ninput 6\nmaxout{LOSS}"),
)
