"""Sparse derivatives: which entries there are, and how few products with the Jacobian give them all.

In here: patterns (`pattern`, by the `dependence` of entries, the `rules` of primitives and what is `known` of values);
colourings, and where each entry is then read (`colouring`, made by `greedy`, `star` and `bidirectional` in good `orders`);
products with all colours at once (`compressed`), and the matrices that are read from them (`blocks`, `jacobians`). Not in
here: the derivatives of primitives, which are in `diff`.
"""
