# The two commands of a machine without Nix.  Each makes what it needs; nothing
# else has to be installed first than Python 3.11 or newer, make and git.

PYTHON ?= python3
VENV := .venv
DEMO := .demo
PACKAGE := pkgs/canon-sweep
# another order of the tests each time; set it to have one again
SEED := $(shell date +%s)
CHECKED := $(PACKAGE)/src tests bench docs nixos-tests
# of `make bench`: less in two minutes, `make bench MIRRORS=--quick`
MIRRORS ?= --draw docs/mirrors.svg
# of `make soak`: how many, and the seed of those that are to come again
SWEEPS ?= 50
WEEKS_OF ?=
# what brings /nix into view, where it is not
ENTER_NIX ?=

.PHONY: demo test lint types pytest quick format bench crash soak rendered clean

demo: $(VENV)/installed
	rm -rf $(DEMO)
	$(VENV)/bin/canon-sweep demo --dir $(DEMO)

test: lint types pytest

lint: $(VENV)/installed-for-tests
	$(VENV)/bin/ruff check $(CHECKED)
	$(VENV)/bin/ruff format --check $(CHECKED)

types: $(VENV)/installed-for-tests
	$(VENV)/bin/mypy $(CHECKED)

pytest: $(VENV)/installed-for-tests
	@echo "the order of the tests: --randomly-seed=$(SEED)"
	$(VENV)/bin/pytest -q --randomly-seed=$(SEED) $(PYTEST)

# what deploys nothing, while writing: a minute on two quiet cores
quick: $(VENV)/installed-for-tests
	$(VENV)/bin/pytest -q -m "not engine" $(PYTEST)

format: $(VENV)/installed-for-tests
	$(VENV)/bin/ruff check --fix $(CHECKED)
	$(VENV)/bin/ruff format $(CHECKED)

bench: $(VENV)/installed-for-tests
	$(VENV)/bin/python bench/startup.py
	$(VENV)/bin/python bench/mirrors.py $(MIRRORS)
	$(VENV)/bin/python bench/examination.py

# kill -9 at every moment there is, on both engines, with a table of what was left
crash: $(VENV)/installed-for-tests
	$(VENV)/bin/pytest -q --crash=all -rN tests/crash tests/stories/test_crash.py tests/stories/test_quick.py \
	  tests/stories/test_prune.py::test_a_prune_that_is_killed_is_gone_on_with_by_the_next

# fifty weeks of faults, drawn from a seed: `make soak WEEKS_OF=7` has the same again
soak: $(VENV)/installed-for-tests
	$(VENV)/bin/pytest -q -n0 -s --soak=$(SWEEPS) $(if $(WEEKS_OF),--seed=$(WEEKS_OF)) tests/soak

# what is kept of the module's texts, made anew: `make rendered NIXPKGS=…`, a
# folder with nixpkgs; Nix is in the PATH
rendered:
	@test -n "$(NIXPKGS)" || { echo "make rendered NIXPKGS=…: a folder with nixpkgs is needed"; exit 1; }
	made=$$(nix-build --no-out-link --impure --expr \
	  'import ./nixos-tests/kept.nix { nixpkgs = $(abspath $(NIXPKGS)); system = builtins.currentSystem; }') && \
	rm -rf nixos-tests/rendered && \
	$(ENTER_NIX) cp --recursive --dereference --no-preserve=mode $$made/rendered nixos-tests/rendered && \
	$(ENTER_NIX) cp --no-preserve=mode $$made/options.md docs/options.md

$(VENV)/installed: $(PACKAGE)/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("canon-sweep needs Python 3.11 or newer; try: make PYTHON=python3.11 $(MAKECMDGOALS)" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --editable $(PACKAGE)
	touch $@

$(VENV)/installed-for-tests: $(VENV)/installed
	$(VENV)/bin/pip install --quiet --editable '$(PACKAGE)[test]'
	touch $@

clean:
	rm -rf $(VENV) $(DEMO)
