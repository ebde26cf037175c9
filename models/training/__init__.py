"""srvid's trainer: one recipe, shared by every family of super-resolution network in this repository."""
