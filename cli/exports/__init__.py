"""Rates in the formats of other tools."""
