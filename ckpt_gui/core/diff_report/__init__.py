"""A comparison told: as the JSON of ``ckpt-gui diff``, as lines for a terminal, as one page of HTML.

``report`` what is told, gathered once · ``told`` the JSON · ``lines`` words · ``page`` the HTML · ``svg`` its charts.
"""
