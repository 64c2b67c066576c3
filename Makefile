# Everything is set up by the first command that needs it: the Python environment in .venv from a lock file with hashes,
# the Solidity compiler, Foundry and Anvil in contracts/node_modules from package-lock.json. Nothing is installed elsewhere.
#
#   make demo        the whole way of a licence, from one command (Python 3.11+ and git are enough)
#   make test        every test; parts that need Node.js are skipped with their reason where it is missing
#   make check       what is not a test: format, lint, types, layers, lock files, artifact, vectors, contracts
#   make contracts   build and test the contract, compare the gas snapshot and the committed artifact
#   make lock        resolve the lock files again
#   make format      let ruff format and fix what it can
#   make clean       remove what the commands above made, except licence data
#
# PYTHON=python3.12 picks an interpreter, T=tests/unit some tests, ARGS="-k bundle -x" goes to pytest, JOBS=4 is its width.
# TONGBAN_REQUIRE_ALL=1 makes every optional part required: what would be skipped fails.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
T ?= tests
ARGS ?=
JOBS ?= 2

# 3.11 to 3.13 first: there every package has a wheel, 3.14 does without libsecp256k1.
FIND_PYTHON = for newest in 14 99; do for p in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	"$$p" -c "import sys; sys.exit(not (3, 11) <= sys.version_info < (3, $$newest))" >/dev/null 2>&1 && \
	{ echo "$$p"; exit 0; }; done; done; true
PYTHON ?= $(shell $(FIND_PYTHON))

# A stamp is named after what it was made from, so that it holds exactly as long as that does. The folder is part of it:
# an environment cannot be moved.
key = $(shell { echo '$(CURDIR)'; cat $(1); } | cksum | tr -s ' ' '-')
DEV := $(VENV)/.dev-$(call key,pyproject.toml requirements/dev.lock)
RUNTIME := $(VENV)/.runtime-$(call key,pyproject.toml requirements/runtime.lock)
NODE := contracts/node_modules/.made-$(call key,contracts/package.json contracts/package-lock.json)

# The developer's environment holds everything of the other one, in the same versions.
ifneq ($(wildcard $(DEV)),)
RUNTIME := $(DEV)
endif

.PHONY: help demo test check format-check lint types layers lock-check artifact vectors contracts lock format clean dev node contracts-if-possible

help:
	@sed -n 's/^#   make/make/p' Makefile

# --- environments -----------------------------------------------------------------------------------------------------

define environment
	@test -n "$(PYTHON)" || { echo "Tongban Ledger needs Python 3.11 or newer; none was found. Install it, or name it:" \
		"make PYTHON=/path/to/python3.11 …" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "Tongban Ledger needs Python" \
		"3.11 or newer; $(PYTHON) is $$("$(PYTHON)" --version 2>&1 || true). Name another: make PYTHON=/path/to/python3.11 …" >&2; exit 1; }
	@test -x $(BIN)/python -a -x $(BIN)/pip || "$(PYTHON)" -m venv --clear $(VENV) || { rm -rf $(VENV); echo "$(PYTHON) could not make" \
		"a virtual environment; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing requirements/$(1).lock into $(VENV); a minute or two, once …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/$(1).lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.$(1)-*
	@touch $@
endef

$(DEV):
	$(call environment,dev)

ifneq ($(RUNTIME),$(DEV))
$(RUNTIME):
	$(call environment,runtime)
endif

dev: $(DEV)

# Node.js is optional for the Python side: without it the tests that need Anvil or the compiler say so and are skipped.
node:
	@if test -f $(NODE); then exit 0; fi; \
	if ! command -v npm >/dev/null; then \
		echo "No Node.js here: the contract's own tests and everything on Anvil will be skipped." >&2; \
		test "$${TONGBAN_REQUIRE_ALL:-}" != 1; \
	elif cd contracts && npm ci --no-audit --no-fund --loglevel=error; then \
		touch ../$(NODE); \
	else \
		echo "npm ci failed in contracts/: what needs it will be skipped." >&2; \
		test "$${TONGBAN_REQUIRE_ALL:-}" != 1; \
	fi

# --- the commands -----------------------------------------------------------------------------------------------------

demo: $(RUNTIME)
	@$(BIN)/python scripts/demo.py $(ARGS)

test: $(DEV) node
	@$(BIN)/python -m pytest -n $(JOBS) $(T) $(ARGS)

check: format-check lint types layers lock-check vectors contracts-if-possible
	@echo "make check: everything holds."

contracts-if-possible: $(DEV)
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory contracts; else \
		echo "No Node.js here: the contract was not checked." >&2; test "$${TONGBAN_REQUIRE_ALL:-}" != 1; fi

format-check: $(DEV)
	@$(BIN)/ruff format --check --quiet src api scripts tests || { echo "make format puts this right." >&2; exit 1; }

lint: $(DEV)
	@$(BIN)/ruff check --quiet src api scripts tests

types: $(DEV)
	@$(BIN)/mypy

layers: $(DEV)
	@$(BIN)/lint-imports

lock-check: $(DEV)
	@$(BIN)/python scripts/check_lock.py

vectors: $(DEV)
	@$(BIN)/python scripts/make_vectors.py --check

artifact: $(DEV)
	@$(BIN)/python scripts/compile_contracts.py --check

contracts: $(DEV)
	@command -v npm >/dev/null || { echo "make contracts needs Node.js 18 or newer." >&2; exit 1; }
	@TONGBAN_REQUIRE_ALL=1 $(MAKE) --no-print-directory node
	@cd contracts && npm run --silent fmt:check
	@cd contracts && npm run --silent build
	@cd contracts && npm run --silent test
	@cd contracts && npm run --silent snapshot:check
	@$(MAKE) --no-print-directory artifact

# uv asks the same index as pip; no index is written into the files. Constraining dev by runtime keeps the two alike.
UV_COMPILE = $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-annotate --quiet --custom-compile-command "make lock" --extra build
lock: $(DEV)
	$(UV_COMPILE) --upgrade --output-file requirements/runtime.lock
	$(UV_COMPILE) --upgrade --extra dev --constraint requirements/runtime.lock --output-file requirements/dev.lock
	cd contracts && npm run --silent lock
	@$(MAKE) --no-print-directory lock-check

format: $(DEV)
	@$(BIN)/ruff check --fix --quiet src api scripts tests || true
	@$(BIN)/ruff format --quiet src api scripts tests

clean:
	rm -rf $(VENV) contracts/node_modules contracts/out contracts/cache .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache dist
	find src api scripts tests -name __pycache__ -type d -prune -exec rm -rf {} +
