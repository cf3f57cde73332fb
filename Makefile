# Thin front door. `make run` and `make test` do everything on a bare Debian 12.
PRESET ?= release
BUILD  := build/$(PRESET)
JOBS   ?= $(shell nproc)

# The program needs less than its tests: a folder is made without these, and gets them with the first `make test`.
TESTS_OFF = $(if $(wildcard $(BUILD)/CMakeCache.txt),,-DORRERY_TESTS=OFF)
configure = cmake --preset $(PRESET) $(1) >/dev/null || cmake --preset $(PRESET) $(1)

.PHONY: all program build run tests test asan bench packages format clean

all: build

packages:
	@sh tools/packages.sh

program:
	@sh tools/packages.sh build
	@$(call configure,$(TESTS_OFF))

build: program
	@cmake --build $(BUILD) -j $(JOBS)

run: program
	@cmake --build $(BUILD) -j $(JOBS) --target orrery
	@sh tools/quickstart.sh $(BUILD)/orrery

# The program with its tests; these run beside real servers.
tests:
	@sh tools/packages.sh build tests servers
	@$(call configure,-DORRERY_TESTS=ON)
	@cmake --build $(BUILD) -j $(JOBS)

# Side by side but for those that judge the whole program: they have RUN_SERIAL.
test: tests
	@ctest --test-dir $(BUILD) -j $(JOBS) --output-on-failure --no-tests=error

# Unit, contract, Lua and hostile tests with address and undefined-behaviour sanitizers.
asan:
	@$(MAKE) PRESET=asan tests
	@ctest --test-dir build/asan -j $(JOBS) --output-on-failure --no-tests=error -L 'unit|lua'

bench: tests
	@sh tests/bench/run.sh $(BUILD)

format:
	@git ls-files '*.c' '*.h' | xargs clang-format -i

clean:
	rm -rf build
