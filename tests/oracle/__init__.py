"""A slow, obvious second implementation of "chain of bundles + as-of moment → ledger rows", for tests only.

It shares no code with the product: it is written from the bundle contract and the annex alone, in plain
Python. Where the texts are silent, READINGS.md says which reading was taken.
"""
