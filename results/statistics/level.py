"""The level of every test; apart, so that who only shows a p does not wait for numpy."""

LEVEL = 0.05
