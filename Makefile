# Everything a fresh machine needs is set up here: Python >= 3.11 and make are enough.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
# What is installed: everything for development, or less.
WANTED ?= -e '.[test]'

.DEFAULT_GOAL := help
.PHONY: help setup demo run test lint fuzz bench console clean

help: ## what can be done here
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(STAMP) ## the virtual environment with everything in it

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	  { echo "Claimsmith needs Python 3.11, 3.12 or 3.13; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	@echo "setting up $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt $(WANTED)
	@touch $@

demo: $(STAMP) ## the story: a login whose rules put a claim into a signed ID token
	@$(BIN)/python -m examples.demo

run: $(STAMP) ## the service on 127.0.0.1:8100 with the sample rules, until Ctrl-C
	@$(BIN)/claimsmith serve --rules sample_rules --welcome

lint: $(STAMP) ## style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

test: lint ## every test, on real workers, Redis and PostgreSQL
	@$(BIN)/python -m pytest

fuzz: $(STAMP) ## programs made up against the sandbox, for an hour and a million of them
	@$(BIN)/python -m tests.fuzz --minutes 60 --programs 1000000

bench: $(STAMP) ## what a login costs, beside what one could take instead; some twenty minutes
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,bench]'
	@bench/setup
	@$(BIN)/python -m bench
	@$(BIN)/python -m bench.confinement

console: $(STAMP) ## what browsers load from the service, after a change in api/console/editor; needs Node.js
	@$(BIN)/python -m api.console.editor.words > api/console/static/words.json
	@npm --prefix api/console/editor ci --loglevel=error --no-audit --no-fund --ignore-scripts
	@npm --prefix api/console/editor run --silent build

clean: ## forget the virtual environment and what the tests left
	rm -rf $(VENV) api/console/editor/node_modules .lemonldap .venv-3.* .pytest_cache .mypy_cache .ruff_cache .hypothesis
