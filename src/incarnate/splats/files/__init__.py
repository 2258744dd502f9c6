"""Readers and writers of splats for other programs: one file a format (docs/export.md)."""
