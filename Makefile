# make demo   fold the example RNAs with the shipped model, in a light environment without torch
# make demo-web   the page, and the API under it
# make test   what CI runs: ruff, mypy, pytest
# make help   everything else

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c

PYTHON ?= python3
LIGHT := .venv
LIGHT_TEST := .venv-light
DEV := .venv-dev
PIP_OPTIONS := --quiet --disable-pip-version-check -c constraints.txt
SOURCES := $(shell find src -type f -not -name '*.pyc')

export OMP_NUM_THREADS ?= 1

.PHONY: help demo demo-web test test-light check lint docs package lowest first-run bench clean
.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

demo: $(LIGHT)/.installed ## fold examples/rnas.fa and draw it into build/demo
	mkdir -p build/demo
	$(LIGHT)/bin/mprna fold examples/rnas.fa -p --format jsonl -o build/demo/rnas.jsonl
	$(LIGHT)/bin/mprna fold examples/rnas.fa | tee build/demo/rnas.vienna
	$(LIGHT)/bin/mprna draw build/demo/rnas.jsonl -o build/demo/
	head -n 1 build/demo/rnas.jsonl | $(LIGHT)/bin/mprna draw -o build/demo/yeast_tRNA_Phe.png
	@ls -sh build/demo
	@echo "SAM-I riboswitch: known, by ViennaRNA alone, by mprna"
	@grep -A 2 SAM_I examples/rnas.dbn | tail -n 1
	@grep -A 1 SAM_I examples/rnas.fa | $(LIGHT)/bin/mprna fold --engine vienna | tail -n 1
	@grep -A 1 SAM_I examples/rnas.fa | $(LIGHT)/bin/mprna fold | tail -n 1

demo-web: $(LIGHT)/.web ## the page and the API at the address that is printed, until Ctrl-C
	$(LIGHT)/bin/mprna web --quiet

test: lint ## ruff, mypy and all tests but the slow ones
	$(DEV)/bin/python -m pytest

test-light: $(LIGHT_TEST)/.installed ## the tests that need no torch, in an environment without it
	$(LIGHT_TEST)/bin/python -m pytest --doctest-ignore-import-errors

check: lint docs ## everything: also the slow tests and the documentation
	$(DEV)/bin/python -m pytest -m "not gpu and not network"

lint: $(DEV)/.installed ## ruff and mypy
	$(DEV)/bin/ruff check .
	$(DEV)/bin/ruff format --check .
	$(DEV)/bin/mypy

docs: $(DEV)/.installed ## what is made from the program and the packages, then the pages into build/docs
	$(DEV)/bin/python docs/generate_cli.py
	$(DEV)/bin/python docs/generate_licences.py
	$(DEV)/bin/python docs/generate_figure.py
	$(DEV)/bin/python docs/generate_gallery.py
	$(DEV)/bin/mkdocs build --quiet --strict --site-dir build/docs

package: $(DEV)/.installed ## build sdist and wheel, install the wheel in a clean environment, use it
	$(DEV)/bin/python packaging/check_wheel.py --extras draw,parquet

lowest: $(DEV)/.installed ## the same with the lowest versions that pyproject.toml allows
	$(DEV)/bin/python packaging/check_wheel.py --extras draw,parquet --constraints packaging/lowest.txt

first-run: ## README from its first line to its last, as somebody who has just cloned it
	$(PYTHON) packaging/first_run.py

bench: $(DEV)/.installed ## speed and memory; prints tables
	for script in tokenizer loader fold engines; do $(DEV)/bin/python benchmarks/$$script.py || exit 1; done

clean: ## remove all environments and everything that was made
	rm -rf $(LIGHT) $(LIGHT_TEST) $(DEV) build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find src tests docs benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# The package as a user gets it: installed, not linked.
$(LIGHT)/.installed: pyproject.toml constraints.txt README.md LICENSE $(SOURCES)
	$(PYTHON) -m venv $(LIGHT)
	$(LIGHT)/bin/python -m pip install $(PIP_OPTIONS) '.[draw]'
	touch $@

$(LIGHT)/.web: $(LIGHT)/.installed
	$(LIGHT)/bin/python -m pip install $(PIP_OPTIONS) '.[web]'
	touch $@

$(LIGHT_TEST)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(LIGHT_TEST)
	$(LIGHT_TEST)/bin/python -m pip install $(PIP_OPTIONS) -e '.[draw,parquet,dedup,cluster,vcf,relatives,web,test]'
	touch $@

# torch first and alone, at the version of constraints.txt, so that no later package picks another build.
# On Linux the package index serves the CUDA build (several GB). For the CPU build, download that version's
# "+cpu" wheel from PyTorch's own index into a folder, and say `PIP_FIND_LINKS=folder make test`.
$(DEV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(DEV)
	$(DEV)/bin/python -m pip install $(PIP_OPTIONS) torch==2.13.0
	$(DEV)/bin/python -m pip install $(PIP_OPTIONS) -e '.[dev]'
	touch $@
