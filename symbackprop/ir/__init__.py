"""The intermediate representation: nodes, graphs, sizes and dtypes, how they are checked and shown.

Not in here: which operations exist (`ops`), how a graph is made (`read`), changed (`diff`, `simplify`) or printed as
code (`emit`). NumPy and SymPy are not imported.
"""
