"""Environment light, the GGX split-sum table and deferred shading."""
