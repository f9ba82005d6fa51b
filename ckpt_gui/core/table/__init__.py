"""A tensor as a table of any size: which entry stands where, what is read for a page of it, how a value is written.

``index_line`` what is typed, ``[0, :, 3:10]`` · ``layout`` logical indices ↔ rows and columns · ``cells`` a page
of values · ``numbers`` a value as text, in one of ``styles`` · ``chunks`` a large selection in bounded boxes ·
``seek`` the next NaN, the largest value · ``tsv`` cells for the clipboard.
"""
