"""Findings and tables → people."""
