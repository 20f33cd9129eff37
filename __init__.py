"""otus: direction of arrival on open FPGAs, in Python from the gateware to the host call."""
