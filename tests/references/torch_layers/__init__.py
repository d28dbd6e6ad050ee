"""The networks of `tests/layer_cases` in PyTorch: a module a family, with a function of (p, d) for each case.

`p` has the parameters and `d` the inputs and states, as attributes and as tensors. A function returns the loss, or, of a
network with states, the loss and a dict of the new states.
"""
