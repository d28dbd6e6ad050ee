"""What is done to loops and branches as a whole: around their bodies, not inside them.

`bodies` brings the bodies of a graph to normal form together; `unneeded` drops what nobody reads; `outside` moves what
no carry takes part in before or behind a loop; `stored` makes one loop of two that take the same steps, and lets the
way back read what the way there computed.
"""
