# Thin front door. `make run` and `make test` do everything on a bare Debian 12.
PRESET ?= release
BUILD  := build/$(PRESET)
JOBS   ?= $(shell nproc)

.PHONY: all configure build run test asan bench packages format clean

all: build

packages:
	@sh tools/packages.sh

configure: packages
	@cmake --preset $(PRESET) >/dev/null || cmake --preset $(PRESET)

build: configure
	@cmake --build $(BUILD) -j $(JOBS)

run: configure
	@cmake --build $(BUILD) -j $(JOBS) --target orrery
	@sh tools/quickstart.sh $(BUILD)/orrery

test: build
	@ctest --test-dir $(BUILD) --output-on-failure --no-tests=error

# Unit, contract, Lua and hostile tests with address and undefined-behaviour sanitizers.
asan:
	@$(MAKE) PRESET=asan build
	@ctest --test-dir build/asan --output-on-failure --no-tests=error -L 'unit|lua'

bench: build
	@sh tests/bench/run.sh $(BUILD)

format:
	@git ls-files '*.c' '*.h' | xargs clang-format -i

clean:
	rm -rf build
