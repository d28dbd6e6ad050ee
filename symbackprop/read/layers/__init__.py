"""Networks from a layer spec: layers in text, TOML, JSON, dicts or objects, to formula text and its parameters.

A layer is a dataclass (`layer`), whose fields are what all forms of a spec may say of it (`options`); its `build` writes
statements of formula text with a `builder`, and asks for parameters. `kinds` lists the layers there are, a file a family.
`spec_text` reads and writes the text form, `documents` the others. `network` is what comes out: a formula, the shapes of
its inputs, and how its parameters begin (`initialisers`). Not in here: gradients, training, diagnosis.
"""
