"""From what the user holds to a graph: formula text, declarations of shapes; later functions and layer specs.

`tokens.py`, `parser.py` and `program.py` turn text into a postfix program; `text.py` runs that over nodes;
`vocabulary/` holds NumPy's functions as they are written, with their argument forms. Not in here: SymPy (`symbolic`).
"""
