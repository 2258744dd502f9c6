"""Seeing avatars: video, pages, studio."""
