"""Analytical tables → verdicts and findings."""
