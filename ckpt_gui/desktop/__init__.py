"""At home on the desktop: checkpoints open by double-click, for this user, without root, and back again.

``kinds``      the file types, and the types of others that are only offered under "Open with".
``launch``     how a desktop starts the program.
``written``    the nouns: files to be written, and what became of them.
``linux``      desktop entry, MIME types, icons (pure).
``mimeapps``   which program is the default for which type: edits of a text (pure).
``macos``      an application bundle with its document types (pure).
``windows``    what stands in the registry (pure); ``registry`` writes it.
``record``     what was written and what stood there before, so that it can be undone.
``integrate``  does it, undoes it and tells.
"""
