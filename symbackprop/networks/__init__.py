"""Compiled networks: what can be asked of a layer spec once its gradient is compiled.

`function` is the compiled function with `diagnose`; `diagnosis` measures how activations and adjoints go through the
layers, `jacobian` how much a layer stretches what goes into it, and `findings` says what that means. Not in here: the
layers themselves (`read.layers`), and training, which is the user's loop (see ``examples/networks``).
"""
