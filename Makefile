# make demo    the whole product with a sandbox WeCom on this machine; Ctrl-C stops all of it
# make manage  a management command in the running demo (ARGS="doctor")
# make test    the tests (ARGS="tests/embedded -x" for some of them)
# make check   lint, types, import floors, missing migrations, deploy check
# make bench   the benchmark suite
# make storm   the deterministic simulation
# make words   translations from .po to .mo
# make lock    requirements.lock anew from pyproject.toml
# make clean   removes what the above made, the demo's data included
# PY=/path/to/python chooses an interpreter, otherwise the first of 3.13, 3.12, 3.11 that is there.

SHELL := /bin/bash
.DEFAULT_GOAL := demo
.PHONY: demo manage test check bench storm words lock clean
export UV_PYTHON_DOWNLOADS = never
export PYTHONUNBUFFERED = 1

IN_RANGE := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PY ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
        $$python -c '$(IN_RANGE)' >/dev/null 2>&1 && echo $$python && break; done)
IN := .venv/bin

demo: .venv/.ok
	@exec $(IN)/python -m scrm.demo

manage: .venv/.ok
	@exec $(IN)/python -m scrm.demo.manage $(ARGS)

test: .venv/.ok
	@$(IN)/python -m pytest $(or $(ARGS),-n auto --dist loadgroup)

check: .venv/.ok
	@$(IN)/python -m tests.checks

bench: .venv/.ok
	@$(IN)/python -m bench $(ARGS)

storm:
	@echo "The storm does not exist yet." >&2; exit 1

words: .venv/.ok
	@PROFILE=demo $(IN)/python manage.py words

lock: .venv/.ok
	$(IN)/uv pip compile -q --universal --generate-hashes --group embedded --group dev --python-version 3.11 \
	  --no-emit-index-url --custom-compile-command "make lock" pyproject.toml -o requirements.lock

clean:
	@if [ -x $(IN)/python ]; then $(IN)/python -m scrm.demo.clean; fi
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis staticfiles bench/latest.json
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo "clean"

.venv/.ok: requirements.lock
	@if [ -z "$(PY)" ]; then \
	  echo "Zhanggui needs Python 3.11, 3.12 or 3.13 with its venv module. None was found." >&2; \
	  echo "On Debian and Ubuntu: apt-get install python3 python3-venv   On macOS: any python.org installer." >&2; \
	  echo "An interpreter elsewhere: make PY=/path/to/python3.12 …" >&2; exit 1; fi
	@echo "· installing into .venv with $(PY) (about 15 seconds, once)"
	@test -x $(IN)/python || $(PY) -m venv .venv
	@$(IN)/python -m pip install -q --disable-pip-version-check 'uv==0.13.*'
	@$(IN)/uv pip sync -q --require-hashes --python $(IN)/python requirements.lock \
	  || $(IN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@
	@echo "· installed"
