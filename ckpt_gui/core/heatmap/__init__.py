"""A tensor as a picture: which of its axes are rows and columns, and what each cell of a bounded grid stands for.

``plane`` lays any shape out as rows and columns · ``keys`` orders values by magnitude · ``canvas`` reduces blocks to
cells · ``picture`` reads a region at the resolution asked for · ``limits`` says which values the colours span
· ``words`` states what is shown · ``drawn`` all of that together.
"""
