"""What any table of values is made of: ``grid`` the view without an end · ``pages`` what it reads · ``tools`` the lines
above it.
"""
