"""Rigs that users bring, in the formats of their makers."""
