"""One window: a second start gives its files to the window that runs, before it has imported Qt.

``place``    where the running window of this user and this display listens.
``request``  what is handed over: one line of JSON, bounded and checked.
``claim``    who is the running window: whoever holds the lock; its socket hears before Qt is imported.
``offer``    the second start's side; ``startup_notice``: tells the desktop that its start is over.

The conversation, in lines: the window greets (``ckpt_gui 1``), the other sends its request, the window answers
``taken`` or ``refused``. The greeting comes first so that a window that hangs is noticed before anything was sent,
and nothing is opened twice. Standard library only, and of that little (no dataclasses, whose import
takes 9 ms): these lines are all that a second start runs.
"""
