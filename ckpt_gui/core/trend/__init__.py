"""A run of checkpoints: files of one training, in the order in which they were written.

``gather`` opens them, ``order`` finds the order and says by which evidence, ``tracks`` finds what each tensor is
called in each. ``series`` and ``change`` tell numbers over the steps, ``evolution`` histograms, ``first_nan`` where
NaN came in. Values are read one checkpoint at a time; ``ledger`` remembers what was seen.
"""
