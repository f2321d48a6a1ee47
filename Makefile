# `make demo` and `make test` need Python >= 3.10 with venv, and nothing else installed by hand.
# On a Jetson the way in is ./jetson_setup.sh.

.DEFAULT_GOAL := help
.NOTPARALLEL:
SHELL := /bin/sh

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.10; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && echo $$p && break; done)
PYTHON36 ?= $(shell for p in python3.6 $${PYENV_ROOT:-$$HOME/.pyenv}/versions/3.6.*/bin/python3.6; do \
	$$p -c 'import sys; sys.exit(sys.version_info[:2] != (3, 6))' 2>/dev/null && echo $$p && break; done)

PIP := .venv/bin/python -m pip --disable-pip-version-check install --quiet
PIP36 := .venv36/bin/python -m pip --disable-pip-version-check install --quiet
REQUIREMENTS := pyproject.toml constraints.txt
DEVICE := harness meters workloads extensions
DEVICE_TESTS := $(wildcard $(addprefix tests/,$(DEVICE)) tests/test_architecture.py tests/test_extensions.py)

.PHONY: help demo test test36 lint vermin compile36 bench soak clean

help:  ## list the targets
	@sed -n 's/^\([a-z0-9]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 14

demo: .venv/ready-demo  ## measure EB Train against dense training and network slimming, on simulated power
	.venv/bin/harness run smoke

test: .venv/ready-test  ## the whole suite on this Python, and the device's packages on 3.6 where one is found
	.venv/bin/python -m pytest
	@$(MAKE) --no-print-directory test36

ifeq ($(strip $(PYTHON36)),)
test36 compile36:
	@echo "$@: skipped, no Python 3.6 found (python3.6 on PATH, pyenv's 3.6.*, or make PYTHON36=/path/to/python3.6)"
else
test36: .venv36/ready
	.venv36/bin/python -m pytest $(DEVICE_TESTS)

compile36:
	$(PYTHON36) -m compileall -q $(DEVICE)
endif

lint: .venv/ready-test  ## style, types, import directions, and nothing newer than 3.6 on the device
	.venv/bin/python -m ruff check .
	.venv/bin/python -m ruff format --check .
	.venv/bin/python -m mypy
	.venv/bin/lint-imports
	@$(MAKE) --no-print-directory vermin compile36

# The two excluded modules are imported only where they exist, their backports elsewhere.
vermin:
	.venv/bin/vermin -t=3.6- --backport dataclasses --exclude tomllib --exclude importlib.metadata \
		--no-tips --violations $(DEVICE)

bench: .venv/ready-test  ## speed and memory against peers, JSON lines
	.venv/bin/python -m benchmarks

soak: .venv/ready-test  ## the long kill -9 and recording tests
	.venv/bin/python -m pytest -m soak --timeout 14400

clean:  ## remove environments and caches; runs/ stays
	rm -rf .venv .venv36 build dist .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@test ! -e /etc/nv_tegra_release || { echo "This is a Jetson, where torch must be NVIDIA's build: run ./jetson_setup.sh instead of make." >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || { \
		echo "make needs Python >= 3.10 with venv, and found none: install one or name it, make PYTHON=/path/to/python3." >&2; \
		echo "On a Jetson run ./jetson_setup.sh instead." >&2; exit 1; }
	"$(PYTHON)" -m venv --clear .venv

.venv/ready-demo: $(REQUIREMENTS) | .venv/bin/python
	@echo "installing into .venv, which takes some minutes"
	@$(PIP) -c constraints.txt -e ".[demo,report]" torch
	@touch $@

.venv/ready-test: $(REQUIREMENTS) | .venv/bin/python
	@echo "installing into .venv, with all that the checks need, which takes some minutes"
	@$(PIP) -c constraints.txt -e ".[demo,report,test,lint]" torch
	@touch $@ .venv/ready-demo

# Python 3.6 ships pip 18.1, which picks releases that refuse 3.6: these three are the last that work.
.venv36/bin/python:
	$(PYTHON36) -m venv --clear .venv36
	$(PIP36) pip==21.3.1 setuptools==59.6.0 wheel==0.37.1

.venv36/ready: $(REQUIREMENTS) | .venv36/bin/python
	@echo "installing into .venv36, which takes some minutes"
	@$(PIP36) -c constraints.txt -e ".[test]" torch torchvision
	@touch $@
