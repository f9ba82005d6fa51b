"""Statistics of values: of a tensor, of a group, of a whole checkpoint; from one pass over the bytes.

``nouns`` what is known · ``summarize`` the pass · ``histogram`` exact counts on any edges · ``edges`` which edges
· ``percentile`` · ``combine`` several tensors into one.
"""
