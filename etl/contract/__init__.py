"""The journal bundle, version 1: its tables and columns, declared once for reading, storing and documenting."""
