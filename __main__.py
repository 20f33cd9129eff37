"""`python -m otus` is the command line."""

from .cli import main

main(prog_name="otus")
