# One door for people and for CI. `make help` lists what there is.

PYTHON ?= python3
PORT ?= 8000
export PORT
export PIP_ROOT_USER_ACTION = ignore

BIN := .venv/bin
PIP := $(BIN)/python -m pip -q --disable-pip-version-check
JOBS ?= 2
TESTS ?=

.DEFAULT_GOAL := help
.PHONY: help run test check bench bookings browser chaos year fuzz lock format screenshots

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile

run: .venv/run.stamp ## everything on this machine, on PORT (8000), until Ctrl-C
	@exec $(BIN)/apptrail up

test: .venv/dev.stamp browser ## every test; TESTS="tests/boot -k logs" for some
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(TESTS)

check: .venv/dev.stamp ## format, lint, types, contracts
	@$(BIN)/ruff format --check -q .
	@$(BIN)/ruff check -q .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

browser: ## Debian's chromium for tests/browser, where there is none and root may install it
	@tests/browser/install.sh

screenshots: .venv/dev.stamp browser ## the pictures of docs/images; ONLY="lead-dark-wide" for some
	@exec $(BIN)/python -m tests.browser $(ONLY)

bench: .venv/dev.stamp ## the measurements of docs/performance.md
	@exec $(BIN)/python -m bench $(if $(ONLY),--only $(ONLY)) $(BENCH)

chaos: .venv/dev.stamp ## ten minutes of kills with an oracle, then make year; CHAOS="--seconds 600 --kills 200 --seed 7"
	@$(BIN)/python -m tests.chaos $(CHAOS)
	@exec $(BIN)/python -m tests.sweeps $(YEAR)

year: .venv/dev.stamp ## a year of 20 connections and 30,000 meetings, swept whole and killed; YEAR="--connections 4 --meetings 6000 --people 1000 --seed 7"
	@exec $(BIN)/python -m tests.sweeps $(YEAR)

bookings: .venv/dev.stamp ## 1,000 booking intents at each provider in all weathers; INTENTS=100 for fewer
	@APPTRAIL_TEST_INTENTS=$(or $(INTENTS),1000) $(BIN)/python -m pytest -q tests/bookings/test_once.py -k many

fuzz: .venv/dev.stamp ## 100,000 hostile deliveries to the receiver; FUZZ="--requests 1000 --seed 7"
	@exec $(BIN)/python -m tests.fuzz $(FUZZ)

format: .venv/dev.stamp ## lay out the code and mend what can be mended
	@$(BIN)/ruff format -q .
	@$(BIN)/ruff check -q --fix .

lock: .venv/dev.stamp ## compile the locks from requirements*.in and those of bench/
	@$(PIP) install uv
	@$(BIN)/uv pip compile -q $(LOCKING) requirements.in -o requirements.lock
	@$(BIN)/uv pip compile -q $(LOCKING) -c requirements.lock requirements-dev.in -o requirements-dev.lock
	@for lock in $(BENCH_LOCKS); do $(BIN)/uv pip compile -q $(LOCKING) $${lock%.lock}.in -o $$lock; done

# Universal: one lock for every Python from 3.11 on. No header, annotations or addresses: nothing of this machine.
LOCKING := --universal --generate-hashes --no-emit-index-url --no-header --no-annotate --python-version 3.11

# What only measurements need; bench/venvs.py installs it under var/bench when a line asks for it.
BENCH_LOCKS := bench/plots.lock bench/peers/celery.lock bench/peers/procrastinate.lock bench/peers/rq.lock

# What is installed is what the lock says: a stamp is stale when its lock, or what we install of ourselves, is newer.
.venv/run.stamp: requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing requirements.lock into .venv (about a minute)" >&2
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev.stamp: requirements-dev.lock requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing requirements-dev.lock into .venv (about a minute)" >&2
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@ .venv/run.stamp

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "apptrail needs Python 3.11 or newer: make PYTHON=python3.12 run")'
	@$(PYTHON) -m venv .venv
