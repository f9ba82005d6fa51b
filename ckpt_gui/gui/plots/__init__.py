"""What is drawn with pyqtgraph. Only this room knows it; nothing imports it before there is something to draw."""
