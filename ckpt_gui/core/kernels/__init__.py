"""One pass over a block of raw element patterns: counts, extremes, moments and a mergeable distribution.

``cells`` how wide types are cut into cells · ``partial`` what a pass leaves, and how two are merged ·
``plain`` the pass in NumPy, for small tensors and before the compiler is there · ``compiled`` the same
as machine code · ``passes`` one of the two, fed block by block · ``binning`` exact counts between edges.
"""
