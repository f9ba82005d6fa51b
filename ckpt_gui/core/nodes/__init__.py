"""From nested inert values to the flat columns of a checkpoint.

``describe``  one value in words          ``modules``  a pickled nn.Module by its state_dict names
``table``     tensors and storages         ``flatten``  values → rows in the file's order
``groups``    dotted names → groups, rows → breadth-first order
``rollups``   sums, sharing, families      ``build``    all of it, in one call
"""
