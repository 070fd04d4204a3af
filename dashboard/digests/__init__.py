"""Digests: what each person has to know, short, by e-mail; the recipient's own scope decides what it holds."""
