"""Tensors written to other files: npy, npz, csv, safetensors; streamed, so that any size takes bounded memory.

``parts`` what is picked and what it is called · ``plan`` what each format makes of it, with the words for what
it cannot keep · ``arrays`` values in C order, piece by piece · ``npy``, ``tables``, ``tagged`` the formats ·
``write`` the sibling file, and the rename at the end.
"""
