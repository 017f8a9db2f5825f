# Copyright (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Needs Python >= 3.10 with venv and pip, git and make; everything else is made in .cache/.
# Another interpreter: make PYTHON=python3.12 test. Some steps only: make test STEPS="unit lint".

PYTHON ?= python3
STEPS ?=
MINUTES ?= 10

.PHONY: help demo test lint docs bench soak clean

help:
	@echo "make demo    the main job against the simulator"
	@echo "make test    every check (CI runs this through .ci/run)"
	@echo "make lint    ruff and mypy"
	@echo "make docs    the documentation site, in build/docs"
	@echo "make bench   measurements, in build/bench.json"
	@echo "make soak    random rollouts in random weather, for MINUTES=10"
	@echo "make clean   remove .cache and build"

demo test lint docs bench soak clean:
	@$(PYTHON) .ci/make.py $@ $(if $(filter test,$@),$(STEPS)) $(if $(filter soak,$@),$(MINUTES))
