# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Needs Python >= 3.10 with venv and pip, git and make; everything else is installed in .cache/.
# Another interpreter: make PYTHON=python3.12 test. Some checks only: make test STEPS="unit lint".

PYTHON ?= python3
STEPS ?=
VERSION ?=
MINUTES ?= 10
MACHINE_STEPS ?= 200000

ASK = import sys; print(sys.version.split()[0] if sys.version_info >= (3, 10) else "too-old")
NOX = .cache/nox-$(shell $(PYTHON) -c '$(ASK)')
MAKE_PY = $(NOX)/bin/python .ci/make.py
TREE = .cache/tree/ansible_collections/thingspace

.PHONY: help demo test lint docs bench soak release clean

help:
	@echo "make demo    run the main job against the simulator; reports are in build"
	@echo "make test    run every check (CI runs this through .ci/run)"
	@echo "make lint    run ruff and mypy"
	@echo "make docs    build the documentation site in build/docs"
	@echo "make bench   measure, and write build/bench.json"
	@echo "make soak    run what make test leaves out, MACHINE_STEPS=200000 of whole"
	@echo "             rollouts to which anything happens, and random rollouts for MINUTES=10"
	@echo "make release VERSION=0.8.0  set the version, write the changelog, and build the artifact"
	@echo "make clean   remove .cache and build"

test: nox
	@mkdir -p build
	@$(MAKE_PY) test $(STEPS)

lint: nox
	@mkdir -p build
	@$(MAKE_PY) test format lint types

demo: nox
	@mkdir -p build
	@$(MAKE_PY) demo ansible-playbook -i playbooks/inventory/demo.yml thingspace.fota.demo -e demo_report=build

bench: nox
	@mkdir -p build
	@$(MAKE_PY) bench python tests/bench/run.py

soak: nox
	@$(MAKE_PY) soak python tests/reliability/soak.py --minutes $(MINUTES) --steps $(MACHINE_STEPS)

release: nox
	@$(MAKE_PY) tools python tests/tools/release.py $(VERSION)

docs: nox
	@$(MAKE_PY) docs && echo open build/docs/index.html

clean:
	rm -rf .cache build

# Each of two runs at once installs its own nox; the link to the last one stays.
.PHONY: nox
nox:
	@[ $(NOX) != .cache/nox-too-old ] || { echo "Python >= 3.10 is needed; make PYTHON=..."; exit 2; }
	@[ -x $(NOX)/bin/nox ] || { mkdir -p .cache/venvs $(TREE) && ln -sfn ../../../.. $(TREE)/fota && \
		$(PYTHON) -m venv .cache/nox.$$$$ && .cache/nox.$$$$/bin/pip install -q 'nox~=2026.10' && \
		ln -sfn nox.$$$$ $(NOX); }
