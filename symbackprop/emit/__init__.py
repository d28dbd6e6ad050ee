"""From a graph to a loaded function: order, names, printed text, the saved file, and its loading.

A target is one module with a `Style` (`style_math.py`, `style_numpy.py`); how a primitive prints is part of its
declaration in `ops`. Not in here: any change to what is computed.
"""
