"""Rotations, rigid transforms, cameras, meshes and the colour transfer function."""
