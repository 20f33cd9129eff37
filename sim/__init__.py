"""Golden model, simulated board, cocotb benches."""
