"""Incarnate: from a capture of a person to an avatar that moves, speaks and relights."""
