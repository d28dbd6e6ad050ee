"""What running printed code takes, found by reading it: calls of NumPy, transcendental functions, bytes moved.

Not in here: the operations of a graph (`ops.cost`), and the memory that lives at once (`emit.memory`).
"""
