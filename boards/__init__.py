"""Open FPGA boards."""
