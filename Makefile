# `make` says what there is to type.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
BENCH := .venv-bench/bin
BENCH_INSTALLED := .venv-bench/.installed
PACKAGES := $(shell sed 's/\#.*//' deploy/debian-packages.txt)

.DEFAULT_GOAL := help
.PHONY: help demo production-demo test bench setup python packages

help:
	@echo 'make demo             play one dossier, front to back: a signed mail in, certificates out'
	@echo 'make production-demo  the same in many processes, over the servers of an authority'
	@echo 'make test             format, lint, types, imports, tests'
	@echo 'make bench            measure, and rewrite the table in bench/README.md; takes half an hour'
	@echo 'make setup            Debian packages and .venv; the others begin with it'

demo: setup
	$(BIN)/python -m demo

production-demo: setup
	$(BIN)/python -m demo.production

test: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2

bench: $(BENCH_INSTALLED)
	$(BENCH)/python -m bench

setup: $(INSTALLED)

# A venv belongs to the interpreter that made it: one that stands is never made over.
$(BIN)/pip: | python packages
	$(PYTHON) -m venv .venv

$(INSTALLED): pyproject.toml constraints.txt | $(BIN)/pip packages
	$(BIN)/pip install --quiet --constraint constraints.txt setuptools
	$(BIN)/pip install --quiet --constraint constraints.txt --no-build-isolation --editable '.[dev]'
	touch $@

# What is only measured beside has a venv of its own.
$(BENCH)/pip: | python packages
	$(PYTHON) -m venv .venv-bench

$(BENCH_INSTALLED): pyproject.toml constraints.txt | $(BENCH)/pip packages
	$(BENCH)/pip install --quiet --constraint constraints.txt setuptools
	$(BENCH)/pip install --quiet --constraint constraints.txt --no-build-isolation --editable '.[bench]'
	touch $@

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo 'Python 3.11 or later is needed; $(PYTHON) is not. Try: make PYTHON=python3.11' >&2; \
		exit 1; }

# Debian's own record says what is missing, so that a second run needs no network.
packages:
	@missing=$$(for package in $(PACKAGES); do \
		dpkg-query --show --showformat='$${db:Status-Status}' $$package 2>/dev/null \
			| grep -qx installed || echo $$package; done); \
	if [ -n "$$missing" ]; then \
		echo "Installing:" $$missing; \
		root=$$([ "$$(id -u)" = 0 ] || echo sudo); \
		$$root apt-get update && \
		$$root env DEBIAN_FRONTEND=noninteractive \
			apt-get install --yes --no-install-recommends $$missing; \
	fi
