# Every target does its own set-up: on a fresh machine `make demo` or `make test` is all.
PYTHON ?= python3
PYTHON310 ?= $(firstword $(wildcard $(HOME)/.pyenv/versions/3.10*/bin/python) python3.10)
VENV ?= .venv
LOWEST ?= .venv-lowest
# How many models `make fuzz` draws on each backend.
MODELS ?= 2000
# A plain `torch` pulls gigabytes of CUDA where an index has no CPU build of its newest.
TORCH ?= torch==2.13.0
TENSORFLOW ?= tensorflow-cpu
# Without their requirements: tensorflow-text asks for `tensorflow` beside tensorflow-cpu.
KERAS_HUB = keras-hub kagglehub kagglesdk tensorflow-text regex sentencepiece tokenizers
PYTEST = TF_CPP_MIN_LOG_LEVEL=3 $(VENV)/bin/python -m pytest -q -n 2 --dist loadfile
CORE = keras_labels tests --ignore tests/examples
# One environment for each client of our files that is tested with nothing beside it.
CLIENTS = $(patsubst tests/clients/%.txt,$(VENV)-clients/%/.ready,$(wildcard tests/clients/*.txt))

.PHONY: help demo test test-lowest fuzz check format bench clean

help:
	@echo "make demo          train small models on real data and read their decisions"
	@echo "make test          all tests on tensorflow, the core again on jax and torch"
	@echo "make test-lowest   the core on python 3.10, keras 3.12 and tensorflow 2.18"
	@echo "make fuzz          thousands of random models whose heads are known, read again"
	@echo "make check         format, lint, types, floors"
	@echo "make format        let ruff rewrite the files"
	@echo "make bench         the tables of benchmarks/README.md"

# The demo needs one backend; the tests need all three.
$(VENV)/.demo: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install -q --upgrade pip
	$(VENV)/bin/python -m pip install -q $(TENSORFLOW) scikit-learn -e .
	touch $@

$(VENV)/.test: $(VENV)/.demo
	$(VENV)/bin/python -m pip install -q jax "$(TORCH)" -e ".[dev,onnx,litert,openvino]" flax jax2onnx onnxconverter-common
	$(VENV)/bin/python -m pip install -q --no-deps $(KERAS_HUB)
	touch $@

$(VENV)-clients/%/.ready: tests/clients/%.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install -q -r $<
	touch $@

$(LOWEST)/.test: pyproject.toml
	$(PYTHON310) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip install -q --upgrade pip
	$(LOWEST)/bin/python -m pip install -q keras==3.12.0 tensorflow-cpu==2.18.0 -e ".[dev]"
	touch $@

demo: $(VENV)/.demo
	TF_CPP_MIN_LOG_LEVEL=3 $(VENV)/bin/python examples/quickstart.py

test: $(VENV)/.test $(CLIENTS)
	KERAS_BACKEND=tensorflow $(PYTEST) --cov=keras_labels --cov-report=term:skip-covered keras_labels tests
	KERAS_BACKEND=jax $(PYTEST) $(CORE)
	KERAS_BACKEND=torch $(PYTEST) $(CORE)

test-lowest: $(LOWEST)/.test
	KERAS_BACKEND=tensorflow TF_CPP_MIN_LOG_LEVEL=3 $(LOWEST)/bin/python -m pytest -q -n 2 --dist loadfile $(CORE) --ignore tests/export --ignore tests/reports/test_browser.py

fuzz: $(VENV)/.test
	for backend in tensorflow torch jax; do \
	  KERAS_BACKEND=$$backend TF_CPP_MIN_LOG_LEVEL=3 $(VENV)/bin/python -W ignore tests/random_models.py $(MODELS) || exit 1; \
	done

check: $(VENV)/.test
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/python -m pytest -q -p no:cacheprovider tests/test_floors.py

format: $(VENV)/.test
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

bench: $(VENV)/.test
	for backend in tensorflow jax torch; do \
	  for table in decisions predictions datasets; do \
	    KERAS_BACKEND=$$backend TF_CPP_MIN_LOG_LEVEL=3 $(VENV)/bin/python benchmarks/$$table.py || exit 1; \
	  done; \
	done
	$(VENV)/bin/python benchmarks/thresholds.py

clean:
	rm -rf $(VENV) $(VENV)-clients $(LOWEST) .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
