# Two commands for a newcomer: `make train` and `make test`. Each makes .venv first.

PYTHON ?= python3
BIN := .venv/bin
TICKS ?= 100000000

.PHONY: train test lint docs verify prove mutants soak coverage bench gpu synth budget clean

train: .venv/ready
	$(BIN)/axonloop train digits --out runs/digits

test: lint
	$(BIN)/pytest -m "not slow" -n 2

lint: .venv/ready .typecheck/axonloop
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: .venv/ready
	$(BIN)/mkdocs build --strict

verify: .venv/ready
	$(BIN)/pytest -m "slow and not synth" -n 2

prove: .venv/ready
	$(BIN)/python -m tests.formal --json docs/assurance/proofs.json
	$(BIN)/python -m tests.coverage --page

mutants: .venv/ready
	$(BIN)/python -m tests.mutation

soak: .venv/ready
	$(BIN)/axonloop soak --ticks $(TICKS) --json docs/assurance/soak.json
	$(BIN)/python -m tests.coverage --page

coverage: .venv/ready
	$(BIN)/python -m tests.coverage

bench: .venv/ready
	$(BIN)/axonloop bench core

gpu: .venv/ready
	$(BIN)/axonloop bench gpu --full --json docs/results/gpu.json
	$(BIN)/axonloop results

synth: .venv/ready
	$(BIN)/pytest -m synth

budget: .venv/ready
	$(BIN)/axonloop budget

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python must be 3.11 or newer, not $$($(PYTHON) --version); try: make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# Links that show mypy the folders as one package; a source distribution cannot hold them.
.typecheck/axonloop:
	mkdir -p $@
	cd $@ && ln -s ../../host/api/__init__.py ../../host/api/__init__.pyi ../../models ../../hdl ../../sim ../../host .

clean:
	rm -rf .venv runs site
