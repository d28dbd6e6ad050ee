"""Functions written in NumPy to formula text: a clone of the function runs once on symbolic arrays.

`trace` composes: `arguments` says what the function is called with, `clones` and `modules` let a copy of it see what
stands in for NumPy, SciPy and `math`, `arrays` and `sizes` are the values that it computes with, `calls` lets these
meet the words of the vocabulary, and `expressions` writes down what happened, as text. Nothing global is patched.
Not in here: what words mean (`read.vocabulary`), and reading the text (`read.text`).
"""
