# `make demo` and `make test` need python3 (3.11 to 3.13, with venv), make, and the network once.

PYTHON ?= python3
VENV   := .venv
STAMPS := .stamps
BIN    := $(VENV)/bin
JOBS   ?= 2
BOARD_TESTS ?= tests/boards
SEEDS  ?= 5

.DEFAULT_GOAL := help
.PHONY: help demo test lint check test-boards boards clean

help:
	@echo "make demo    a recording, the simulated accelerator, and where the sound came from"
	@echo "make test    lint, then every test"
	@echo "make lint    ruff, mypy, import-linter"
	@echo "make test-boards  bitstreams of UP5K and ECP5, and their netlists against the golden model"
	@echo "make boards  bitstreams of every board, and the table of their speeds (hours; it resumes)"
	@echo "make clean   remove what make made (the cache of compiled simulators stays)"
	@echo
	@echo "PYTHON=python3.12 chooses the interpreter, JOBS=4 the tests that run side by side."

# The environment. A stamp is newer than what it was made from, and is made last, so that an
# interrupted set-up is done again.
$(STAMPS)/venv:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "otus: $(PYTHON) is not found; install Python 3.11, 3.12 or 3.13, or name it: make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || { \
	  echo "otus: $$($(PYTHON) --version) is not supported (3.11, 3.12 and 3.13 are); name another: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "otus: $(PYTHON) has no venv module; install it (on Debian and Ubuntu: apt install python3-venv)" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/demo: $(STAMPS)/venv pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[demo]'
	@command -v $${CXX:-c++} >/dev/null || command -v g++ >/dev/null || command -v clang++ >/dev/null || { \
	  echo "otus: no C++ compiler found; installing the one that PyPI has (ziglang)"; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check ziglang; }
	@touch $@

$(STAMPS)/test: $(STAMPS)/venv pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	@touch $@ $(STAMPS)/demo

# From the environment's own folder: `python -m` would put this one first on the path.
demo: $(STAMPS)/demo
	@$(BIN)/python -P -m otus.sim.build
	@$(BIN)/otus demo

lint: $(STAMPS)/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@mkdir -p .typing && ln -sfn .. .typing/otus
	MYPYPATH=.typing $(BIN)/mypy -p otus
	$(BIN)/lint-imports

check: $(STAMPS)/test
	$(BIN)/python -P -m pytest -n $(JOBS) tests

test: lint check

# A board's tests run one after the other, boards side by side.
test-boards: $(STAMPS)/test
	$(BIN)/python -P -m pytest -n $(JOBS) --dist loadgroup -m boards $(BOARD_TESTS)

boards: $(STAMPS)/test
	$(BIN)/python -P -m otus.boards.matrix --seeds $(SEEDS) --jobs $(JOBS); code=$$?; \
	  $(BIN)/python -P tests/board_pages.py && exit $$code

clean:
	rm -rf $(VENV) $(STAMPS) .typing build dist *.egg-info out
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
