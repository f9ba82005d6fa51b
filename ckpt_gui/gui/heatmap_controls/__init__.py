"""The choices above any heat-map.

``layout_row`` how the tensor lies in rows and columns · ``options`` how it is drawn, as it is remembered ·
``controls`` both, under one another.
"""
