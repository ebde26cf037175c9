"""Studies: networks trained alike but for one thing, compared in a table."""
