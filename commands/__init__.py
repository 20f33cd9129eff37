"""What each command of the command line does; the only modules that may import all layers."""
