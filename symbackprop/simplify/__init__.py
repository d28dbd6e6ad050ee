"""Rewrites of graphs: tables of small named rows, and the engine that applies them.

`pattern.py` is the engine; each other file is a table of rows on one theme, `pipeline.py` says which table runs when.
Every row is equal over the reals on the domain of what it replaces, kinks included, unless it is marked inexact.

Not in here: derivative rules (`ops`), the reverse pass (`diff`), the layout of printed code (`emit`).
"""
