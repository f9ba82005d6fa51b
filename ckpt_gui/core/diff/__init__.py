"""What differs between two checkpoints, value by value, in bounded memory.

``nouns`` what is told · ``tolerance`` what counts as close · ``sides`` the same block of both · ``compare`` the pass
· ``rollup`` groups and the whole · ``delta`` B − A as if it were a tensor.

What is shown of pairs: ``picked`` which · ``charts`` histograms · ``heatmaps`` · ``scatter`` · ``cells`` tables ·
``over_depth`` measures by layer · ``sections`` in words; ``chart_words`` and ``scatter_words`` go with their pictures.
"""
