"""Fitting avatars to captures."""
