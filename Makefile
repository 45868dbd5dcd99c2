# make demo    train on synthetic speech, then let MicroPython hear commands from voices it never heard
# make test    the whole test suite
# make setup   what both need: .venv, the C core, MicroPython with the module tympan (64 and 32 bits)
# make board   the emulated Cortex-M3 board, for the owner's story in the tests (an ARM compiler and qemu are installed)
# make bench-xtensa    exact instruction counts on an emulated Xtensa core, to bench/xtensa.json, docs/speed.md and search.md
# make bench-xtensa-s2    the same with the ESP32-S2's, what waits for PSRAM, to bench/psram.json, docs/comparison.md and
#     energy.md; fetches 92 MB from Debian
# make bench-accuracy DATA=speech_commands_v2_test [NOISE=_background_noise_]    accuracy of all models, to bench/accuracy.*
#     and the README; with VALIDATION="dirs of words" VALIDATION_NOISE=dir, or these alone, also what chooses among models
# make mutants    whether the tests notice small bugs, to docs/mutants.md; takes hours (AREA=host, SAMPLE=20 for less)
# make lint    ruff and mypy over Python, clang-format over C; C is compiled with warnings as errors wherever it is built
# make format    Python and C as make lint wants them

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
NATIVE := $(filter-out native/core/plain/%,$(wildcard $(addprefix native/core/,*.h */*.[ch] */*/*.[ch])))
CORE := $(filter %.c,$(NATIVE))
BOARD := $(wildcard tools/board/*)
# all C but MicroPython's board headers
C := $(shell find native tests tools/board tools/xtensa -name '*.[ch]' 2>/dev/null)
# the plain kernels that tests compare the fast ones with; each takes the place of the file of its name
PLAIN := $(wildcard native/core/plain/*.c)
USERMOD := $(wildcard native/usermod/*.[ch] native/usermod/*.mk)
CFLAGS := -std=c99 -O2 -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wvla -Werror
MPY := build/src/micropython
# the source package lacks some libraries; none of them is needed to hear
MPY_OPTIONS := VARIANT=standard MICROPY_SSL_AXTLS=0 MICROPY_SSL_MBEDTLS=0 MICROPY_PY_SSL=0 MICROPY_PY_BTREE=0 \
    MICROPY_PY_FFI=0 FROZEN_MANIFEST= USER_C_MODULES=$(CURDIR)/native
# a 32-bit build needs a compiler that has one
BITS := 64 $(if $(filter x86_64,$(shell uname -m)),32)

# MicroPython's makefiles take paths of letters, digits and these alone
UNFIT := $(shell pwd -P | LC_ALL=C tr -d 'A-Za-z0-9/_.,+=@~\200-\377\n-' | grep -q . && echo unfit)
ifneq ($(and $(UNFIT),$(filter-out core lint format clean bench-accuracy,$(or $(MAKECMDGOALS),demo))),)
$(error This folder's path has a space, a quote or the like, which MicroPython's makefiles do not take; move it: $(CURDIR))
endif

.PHONY: demo test setup core board lint format mutants bench-xtensa bench-xtensa-s2 bench-accuracy clean
.DELETE_ON_ERROR:

demo: setup
	$(PY) -m host.demo

test: setup build/sanitized
	$(PY) -m pytest -n auto --dist loadfile

setup: build/.system $(VENV)/.installed core $(BITS:%=build/micropython%/micropython)

lint: $(VENV)/.installed
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/clang-format --dry-run -Werror $(C)
	$(VENV)/bin/mypy

format: $(VENV)/.installed
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .
	$(VENV)/bin/clang-format -i $(C)

mutants: setup
	$(PY) -m tools.mutants $(if $(AREA),--area $(AREA),--write) $(if $(SAMPLE),--sample $(SAMPLE))

bench-xtensa: build/.system-xtensa $(VENV)/.installed core
	$(PY) -m bench.xtensa --write
	$(PY) -m bench.speed
	$(PY) -m bench.estimate --write

bench-xtensa-s2: build/.system-xtensa $(VENV)/.installed core build/xtensa-s2/bin/xtensa-s2-elf-gcc
	$(PY) -m bench.xtensa --set s2 --write
	$(PY) -m bench.speed
	$(PY) -m bench.plans --write
	$(PY) -m bench.comparison --write
	$(PY) -m bench.psram --write
	$(PY) -m bench.energy --write

build/xtensa-s2/bin/xtensa-s2-elf-gcc: tools/xtensa/s2/fetch.sh tools/xtensa/gpl/core.c tools/debian_archive.sh
	tools/xtensa/s2/fetch.sh build/xtensa-s2

bench-accuracy: $(VENV)/.installed core
	@test -n "$(DATA)$(VALIDATION)" || { echo "error: name the test set: make bench-accuracy DATA=speech_commands_v2_test"; exit 1; }
	$(PY) -m bench.accuracy $(if $(DATA),--data "$(DATA)") $(if $(NOISE),--noise "$(NOISE)") \
	    $(if $(VALIDATION),--validation $(VALIDATION)) $(if $(VALIDATION_NOISE),--validation-noise "$(VALIDATION_NOISE)")

build/.system-xtensa: tools/system_packages.sh
	@PYTHON=$(PYTHON) tools/system_packages.sh xtensa
	@mkdir -p build && touch $@

build/.system: tools/system_packages.sh
	@PYTHON=$(PYTHON) tools/system_packages.sh
	@mkdir -p build && touch $@

$(VENV)/.installed: pyproject.toml constraints.txt build/.system
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[synthetic,robot,search,dev]"
	@touch $@

core: build/libtympan.so build/libplain.so

build/libtympan.so: $(NATIVE) native/host/host.c build/.system
	$(CC) $(CFLAGS) -fPIC -shared -o $@ $(CORE) native/host/host.c

build/libplain.so: $(NATIVE) $(PLAIN) native/host/host.c build/.system
	$(CC) $(CFLAGS) -fPIC -shared -o $@ $(PLAIN) native/host/host.c \
	    $(filter-out $(addprefix %/,$(notdir $(PLAIN))),$(CORE))

# the loader and the kernels under the address and undefined-behaviour sanitizers, on files given to it
build/sanitized: $(NATIVE) native/host/check.c build/.system
	$(CC) $(CFLAGS) -g -fsanitize=address,undefined -fno-sanitize-recover=all -o $@ $(CORE) native/host/check.c

$(MPY)/py/mpstate.h: tools/fetch_micropython.sh build/.system
	tools/fetch_micropython.sh $(MPY)
	@touch $@

build/micropython64/micropython build/micropython32/micropython: $(NATIVE) $(USERMOD) $(MPY)/py/mpstate.h
	@echo "building MicroPython ($(@D))"
	@$(MAKE) -C $(MPY)/ports/unix -j2 $(MPY_OPTIONS) BUILD=$(CURDIR)/$(@D) \
	    $(if $(findstring 32,$(@D)),MICROPY_FORCE_32BIT=1) >$(@D).log 2>&1 || { tail -n 20 $(@D).log; exit 1; }

board: setup build/board/firmware.elf

build/.system-board: tools/system_packages.sh
	@PYTHON=$(PYTHON) tools/system_packages.sh board
	@mkdir -p build && touch $@

# by itself first: inside another build it would take that one's folder
$(MPY)/mpy-cross/build/mpy-cross: $(MPY)/py/mpstate.h
	@$(MAKE) -C $(MPY)/mpy-cross -j2 >build/mpy-cross.log 2>&1 || { tail -n 20 build/mpy-cross.log; exit 1; }

build/board/firmware.elf: $(NATIVE) $(USERMOD) $(BOARD) $(MPY)/mpy-cross/build/mpy-cross build/.system-board
	@echo "building MicroPython (build/board, an emulated Cortex-M3)"
	@$(MAKE) -C $(MPY)/ports/qemu -j2 BOARD=robot BOARD_DIR=$(CURDIR)/tools/board BUILD=$(CURDIR)/build/board \
	    FROZEN_MANIFEST=$(CURDIR)/tools/board/manifest.py USER_C_MODULES=$(CURDIR)/native >build/board.log 2>&1 \
	    || { tail -n 20 build/board.log; exit 1; }
	@touch $@

clean:
	rm -rf build
