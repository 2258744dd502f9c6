"""Rigs: the embedded default, readers for others, skinning."""
