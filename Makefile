# make setup | make evaluate | make test: each sets up .venv first. PYTHON=python3.12 chooses another interpreter, JOBS=8
# more processes for the tests, ARGS="tests/emd -x" what is added to the command.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# What an installation is made of beside the Python files, which it takes from where they are.
BUILD := setup.cfg setup.py pyproject.toml $(wildcard fdemd/emd/engines/native/*)

# Tests run in so many processes, each on one core; every one takes about 2 GB.
JOBS := 2
SPREAD := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) --dist loadfile

.PHONY: setup evaluate train table4 results test test-slow test-wheel break sanitize lint clean

setup: $(VENV)/.installed-dev

evaluate: $(VENV)/.installed
	$(BIN)/python evaluate.py --rerank $(ARGS)

train: $(VENV)/.installed
	$(BIN)/python train.py $(ARGS)

table4: $(VENV)/.installed
	$(BIN)/python evaluate.py --rerank experiment=table4_orl $(ARGS)

# make results LFW=DIR WEIGHTS=DIR: everything in RESULTS.md.
results: $(VENV)/.installed-dev
	$(BIN)/python -m fdemd.repro --lfw "$(LFW)" --weights "$(WEIGHTS)" $(ARGS)

test: $(VENV)/.installed-dev
	$(SPREAD) -m "not slow" $(ARGS)

test-slow: $(VENV)/.installed-dev
	HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest -m "slow or hypothesis" --ignore tests/breaking $(ARGS)

# The tests that need no checkout, against the wheel, in a folder that has nothing but them. All: WHEEL_TESTS=tests
WHEEL := build/wheel
WHEEL_TESTS := tests/test_package.py tests/test_main.py tests/test_plugins.py tests/settings tests/files

test-wheel: $(VENV)/.installed-dev
	rm -rf build
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir $(WHEEL) .
	$(BIN)/python -m pip install --quiet --no-deps --target $(WHEEL)/site-packages $(WHEEL)/fdemd-*.whl
	cp -r tests $(WHEEL)/tests
	cd $(WHEEL) && PYTHONPATH="$$PWD/site-packages" OMP_NUM_THREADS=1 ../../$(BIN)/python -m pytest -c /dev/null --rootdir . \
		-o pythonpath=. --import-mode=importlib -q -n $(JOBS) --dist loadfile -m "not slow and not checkout" $(WHEEL_TESTS) $(ARGS)

# Everything that was tried to break it, minutes; the table goes into docs/reliability.md.
break: $(VENV)/.installed-dev
	$(SPREAD) -m slow tests/breaking --reliability docs/reliability.md $(ARGS)

# The compiled engine, built with address and undefined-behaviour sanitizers in a temporary folder, given wrong tensors.
sanitize: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -m slow tests/breaking/test_tensors.py -k sanitizers $(ARGS)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy fdemd data_prep

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "fdemd needs Python 3.10 or newer; try: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(BUILD) | $(VENV)/bin/python
	$(BIN)/python -m pip install -e .
	touch $@

$(VENV)/.installed-dev: $(BUILD) | $(VENV)/bin/python
	$(BIN)/python -m pip install -e '.[dev]'
	touch $(VENV)/.installed $@

clean:
	rm -rf $(VENV) build dist *.egg-info fdemd/emd/engines/_cpu.* .pytest_cache .mypy_cache .ruff_cache .hypothesis
