"""Proof that emitted code is right, against a reference that shares nothing with our graph.

`vocabulary` and its parts stand in for NumPy over symbols and long numbers; `reference` evaluates the user's formula
with it; `exact` and `numeric` are the stages; `report` says what was found. Not in here: any rule or rewrite.
"""
