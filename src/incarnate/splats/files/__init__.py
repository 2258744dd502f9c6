"""Splats in files: one module a format."""
