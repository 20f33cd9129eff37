"""Gateware: one wiring.Component a file."""
