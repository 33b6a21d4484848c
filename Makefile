# The everyday commands; CMake does the work (see CMakePresets.json). `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := build
.PHONY: build demo test test-sanitizers cluster-test cluster-demo bench counts docs package \
  install format clean help

PREFIX ?= /usr/local
JOBS ?= $(shell tools/jobs.sh)
export JOBS

# Progress on a terminal, in a log only what went wrong.
quiet := $(shell [ -t 1 ] || echo -- --quiet)
compile = cmake --build build/release -j $(JOBS)

build: ## the library, the tools and the examples, optimized, in build/release
	@tools/install_packages.sh build cli demo
	@[ -f build/release/build.ninja ] || cmake --preset release -DSHELF_BUILD_TESTS=OFF
	@$(compile) $(quiet)

demo: ## installs what the demo needs, builds it and runs it
	@tools/install_packages.sh build cli demo
	@[ -f build/release/build.ninja ] || cmake --preset release -DSHELF_BUILD_TESTS=OFF
	@$(compile) --target shelf_demo $(quiet)
	@build/release/examples/shelf_demo

test: ## installs what the tests need and runs them all, in release
	@tools/install_packages.sh build cli demo test cluster package docs
	@tools/test.sh release

test-sanitizers: ## the tests with the address, undefined-behavior and thread sanitizers
	@tools/install_packages.sh build cli test cluster sanitizers
	@tools/test.sh asan tsan

cluster-test: ## servers, networks and processes that fail, for a quarter of an hour
	@tools/install_packages.sh build cli test cluster
	@[ -f build/release/build.ninja ] || cmake --preset release
	@cmake --preset release -DSHELF_BUILD_TESTS=ON -DSHELF_BUILD_CLUSTER=ON >/dev/null
	@$(compile) --target cluster_faults

cluster-demo: ## a server, its standby and three processes, of which some fail
	@tools/install_packages.sh build cli test cluster
	@[ -f build/release/build.ninja ] || cmake --preset release
	@cmake --preset release -DSHELF_BUILD_TESTS=ON -DSHELF_BUILD_CLUSTER=ON >/dev/null
	@$(compile) --target cluster_demo

bench: ## the benchmarks, with the rivals; takes its time
	@tools/install_packages.sh build cli demo cluster bench
	@[ -f build/release/build.ninja ] || cmake --preset release -DSHELF_BUILD_TESTS=OFF
	@cmake --preset release -DSHELF_BUILD_BENCHMARKS=ON -DSHELF_BUILD_CLUSTER=ON >/dev/null
	@$(compile) --target bench

counts: ## instructions per operation of lone tables, held against bench/counts/counts.tsv
	@tools/install_packages.sh build cli test counts
	@[ -f build/release/build.ninja ] || cmake --preset release
	@cmake --preset release -DSHELF_BUILD_TESTS=ON >/dev/null
	@$(compile) --target shelf_counts $(quiet)
	@tools/counts.py build/release/bench/counts/shelf_counts

docs: ## the reference of the public headers, in build/release/docs/html
	@tools/install_packages.sh build cli docs
	@[ -f build/release/build.ninja ] || cmake --preset release -DSHELF_BUILD_TESTS=OFF
	@cmake --preset release >/dev/null
	@$(compile) --target docs $(quiet)
	@echo "build/release/docs/html/index.html"

package: ## Debian packages, in build/release/packages
	@tools/install_packages.sh build cli package
	@[ -f build/release/build.ninja ] || cmake --preset release -DSHELF_BUILD_TESTS=OFF
	@$(compile) --target debian_packages $(quiet)
	@ls build/release/packages/*.deb

install: build ## into PREFIX (/usr/local), below DESTDIR if that is set
	@cmake --install build/release --prefix "$(PREFIX)"

format: ## rewrites the sources as .clang-format says
	@tools/format.sh

clean: ## removes everything that was built
	@rm -rf build

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile
