"""The engine: reverse and forward accumulation over a graph, from the rules that primitives declare.

Not in here: any rule (`ops`), any simplification (`simplify`). Adjoints are nodes of the same graph.
"""
