"""cocotb benches, run by tests/hw."""
