"""Sparse derivatives: which entries there are, and how few products with the Jacobian give them all.

In here: colourings of patterns, and where each entry is then read (`colouring`, made by `greedy`, `star` and
`bidirectional` in good `orders`). Not in here: the products with vectors themselves, which are in `transform.products`.
"""
