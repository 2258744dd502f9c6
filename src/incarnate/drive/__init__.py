"""Motion from files and live sources."""
