"""What differs between two checkpoints, value by value, in bounded memory.

``nouns`` what is told · ``tolerance`` what counts as close · ``sides`` the same block of both · ``compare`` the pass
· ``rollup`` groups and the whole · ``delta`` the distribution of B − A, and parts of it.
"""
