"""The contract: everything that gateware, golden model, compiler and driver must agree on."""
