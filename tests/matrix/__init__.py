"""Corruption planted into otherwise healthy random chains, and random healthy chains: what must be seen, and what must not.

python -m tests.matrix                  the whole matrix, written to docs/mutation-matrix.md
python -m tests.matrix --healthy 300    so many random healthy chains
python -m tests.matrix --healthy 300 --only 12 60    just these of them, once more
"""
