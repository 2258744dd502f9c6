"""Splats, their rasterizers and their files."""
