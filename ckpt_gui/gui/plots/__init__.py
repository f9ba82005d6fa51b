"""What is drawn with pyqtgraph; nothing outside this room knows it, and nothing imports it before there is something to draw."""
