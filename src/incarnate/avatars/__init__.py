"""Avatars: posed splats that shade themselves."""
