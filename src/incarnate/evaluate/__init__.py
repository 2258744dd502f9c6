"""Metrics, the protocol, and the report."""
