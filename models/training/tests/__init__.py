"""The self tests, and the made-up networks and pictures they use."""
