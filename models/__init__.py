"""Shipped models, their cards, and the demo recording."""
