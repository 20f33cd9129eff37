"""Netlists, before and after place and route, behind the driver's link."""
