"""Checks of the project's own words and sentences, run by `make check`."""
