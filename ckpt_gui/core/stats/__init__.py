"""Statistics of values: of a tensor, of a group, of a whole checkpoint; from one pass over the bytes.

``nouns`` what is known · ``summarize`` the pass · ``histogram`` exact counts on any edges · ``edges`` which edges
· ``percentile`` · ``combine`` several tensors into one.

What a histogram is made of: ``parts`` which tensors are a series · ``chart`` bars on common edges, at once and exact
· ``chart_words``, ``chart_csv`` the same in words and numbers · ``scale``, ``ticks`` the axes · ``markers`` its lines
· ``clip``, ``magnitudes``, ``estimate``, ``readout`` what these need.
"""
