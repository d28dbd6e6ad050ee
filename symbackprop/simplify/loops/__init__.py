"""What is done to loops and branches as a whole: around their bodies, not inside them.

`bodies` brings the bodies of a graph to normal form together; `unneeded` drops what nobody reads; `before` and `behind` move
what no carry takes part in out of a loop, and `ahead`, `products` and `running` do so once it is known what the way back
reads; `stored` makes one loop of two that take the same steps, and lets the way back read what the way there computed;
`scaled` runs loops over logarithms on the numbers themselves; `neighbours` computes functions of neighbouring slices together.
"""
