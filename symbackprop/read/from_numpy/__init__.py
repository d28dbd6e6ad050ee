"""Functions written in NumPy to formula text: a clone of the function runs once on symbolic arrays.

`trace` composes: `arguments` and `annotations` say what the function is called with; `clones`, with `classes` and
`containers`, and `modules`, with `joined`, let a copy of it see what stands in for NumPy, SciPy, `math` and its own
surroundings; `arrays` and `sizes` are the values that it computes with, of which `sharing` says whose memory they have,
`appearance` what they look like, `conversions` what needs their entries, and `found` and `known` what does not depend on
any input. `calls` and `protocols` let them meet the words of the vocabulary, and `expressions` writes down what happened,
as text. Nothing global is patched. Not in here: what words mean (`read.vocabulary`), and reading the text (`read.text`).
"""
