# Every stage target only calls `foldline <stage> [--config CONFIG] [--set SET]`, for instance
#   make prepare train infer CONFIG=configs/x.yaml SET="train.epochs=5 train.folds=[0, 1]"

CONFIG =
SET =
SWEEP = configs/sweeps/grid.yaml
RUNS =
PICTURES =
PYTHON ?= python3

# a variable's text as one word of the shell, whatever is in it: neither make nor the shell takes
# quotes, brackets, dollars or & in a setting for their own
define NEWLINE


endef
quote = '$(subst ','\'',$(subst $(NEWLINE), ,$(value $(1))))'

# the commands that foldline prints are make's where make has called it
FOLDLINE = set -f; FOLDLINE_MAKE=1 .venv/bin/foldline
OPTIONS = $(if $(value CONFIG),--config $(call quote,CONFIG)) $(if $(value SET),--set $(call quote,SET))

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo sample prepare advise train infer answer evaluate report show runs compare sweep sync \
	fetch submit score leaderboard test check mutants pins clean

help: ## list the targets
	@echo 'make <target> [CONFIG=configs/x.yaml] [SET="train.epochs=5 train.folds=[0]"]'
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-13s%s\n", $$1, $$2 }' Makefile

demo: CONFIG = configs/sample.yaml
demo: .venv/.ready ## draw the sample competition, prepare, train and infer on it
	@set -e; for stage in sample prepare train infer; do $(FOLDLINE) $$stage $(OPTIONS); done

sample: .venv/.ready ## draw the sample competition under inputs/sample
	@$(FOLDLINE) sample $(OPTIONS)

prepare: .venv/.ready ## read the labels, check the pictures, assign the folds
	@$(FOLDLINE) prepare $(OPTIONS)

advise: .venv/.ready ## which part of the network to train, and why
	@$(FOLDLINE) advise $(OPTIONS)

train: .venv/.ready ## train every fold, or go on where it was stopped
	@$(FOLDLINE) train $(OPTIONS)

infer: .venv/.ready ## average the folds into submission.csv; FORCE=1 in spite of the gate
	@$(FOLDLINE) infer $(if $(FORCE),--force) $(OPTIONS)

answer: .venv/.ready ## answer the folder PICTURES=… by one run or several: RUNS="a b"
	@$(FOLDLINE) answer $(call quote,PICTURES) $(RUNS)

evaluate: .venv/.ready ## score every kept checkpoint and name the best
	@$(FOLDLINE) evaluate $(OPTIONS)

report: .venv/.ready ## draw a run's pictures anew, and put every run on one page
	@$(FOLDLINE) report $(OPTIONS)

sweep: .venv/.ready ## train every combination of SWEEP=configs/sweeps/x.yaml, name the winner
	@$(FOLDLINE) sweep --sweep $(call quote,SWEEP) $(OPTIONS)

sync: .venv/.ready ## upload to Weights & Biases what was kept on disk
	@$(FOLDLINE) sync

fetch: .venv/.ready ## get a run back from Weights & Biases: SET=run=<name>
	@$(FOLDLINE) fetch $(OPTIONS)

# quotes and dollars in MESSAGE arrive as they were typed
submit: export FOLDLINE_MESSAGE = $(value MESSAGE)
submit: .venv/.ready ## submit RUN=… to COMPETITION=… on Kaggle, with MESSAGE=…
	@$(FOLDLINE) submit --competition "$(COMPETITION)" --message "$$FOLDLINE_MESSAGE" \
		$(if $(FORCE),--force) -- "$(RUN)"

score: .venv/.ready ## record what the leaderboard says: RUN=… SCORE=0.7541 [PRIVATE=1]
	@$(FOLDLINE) score $(if $(PRIVATE),--private) -- "$(RUN)" "$(SCORE)"

leaderboard: .venv/.ready ## compare runs with the leaderboard, propose two to submit at the end
	@$(FOLDLINE) leaderboard

show: .venv/.ready ## print the resolved configuration
	@$(FOLDLINE) show $(OPTIONS)

runs: .venv/.ready ## list all runs, the best first
	@$(FOLDLINE) runs

compare: .venv/.ready ## is the gain real? RUNS="a b" names the runs
	@$(FOLDLINE) compare $(RUNS)

test: .venv/.ready ## run the tests; the last line says what was skipped for want of what
	@.venv/bin/pytest

check: .venv/.ready ## run what CI runs: lint, format, types, import rules, tests with coverage
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-logo
	@.venv/bin/pytest --cov=foldline --cov-report=term --cov-fail-under=90

mutants: .venv/.ready ## change the code in small ways and name each change that no test notices
	@.venv/bin/python benchmarks/mutants.py

pins: .venv/.ready ## redo requirements.txt from pyproject.toml; delete a pin to have it chosen anew
	@.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --extra dev --no-header \
		--no-annotate --no-emit-index-url --no-emit-find-links pyproject.toml \
		--output-file requirements.txt

clean: ## remove .venv and the tools' caches; inputs and outputs stay
	@rm -rf .venv .coverage* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	@find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# made when missing or older than the pins; pip brings uv, uv the rest in a fraction of the time
.venv/.ready: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "error: Python 3.11 or newer is needed; name one, as in: make PYTHON=python3.12" >&2; \
		exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "error: $(PYTHON) cannot make .venv; on Debian and Ubuntu: apt install python3-venv" >&2; \
		exit 1; }
	@echo "setting up .venv: a few minutes the first time, about 3 GB to fetch on Linux" >&2
	@test -x .venv/bin/python || $(PYTHON) -m venv --clear .venv
	@.venv/bin/python -m pip install -qq --disable-pip-version-check \
		--constraint requirements.txt uv
	@.venv/bin/uv pip install --quiet --python .venv/bin/python --requirement requirements.txt
	@.venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation \
		--editable .
	@# compiled once here, or each process does it anew where Python is told to write no bytecode;
	@# what cannot be imported is said by the command that needs it
	@NO_ALBUMENTATIONS_UPDATE=1 PYTHONDONTWRITEBYTECODE= .venv/bin/python -c \
		'import foldline.training.run, foldline.reporting.report_files, wandb' 2>/dev/null || true
	@touch $@
