# `make demo` and `make test` need a Debian machine with make and a rustup toolchain; they install
# the rest themselves. CONTRIBUTING.md has what to run when.
#
# SSLSCALE_REQUIRE=1 makes a test fail where it would be skipped because a program, root or a
# release's root is missing. SSLSCALE_CASES sets how many cases random tests try: `quick`, a number,
# or a multiple such as `10x`; tests/support/cases.rs has the details.

# rustup's folder is in the path of login shells only.
CARGO_HOME ?= $(HOME)/.cargo
export PATH := $(PATH):$(CARGO_HOME)/bin

QUICK := $(shell sed -n 's/ *\#.*//; /./s/^/--skip /p' .ci/slow)

.PHONY: demo test check editor bench lint mutants soak setup setup-demo roots fresh toolchain

demo: setup-demo toolchain
	cargo run --release -q -- try inventories/blog.yaml

# It makes the roots, too: without them the tests of the releases and of hosts would be skipped.
test: setup toolchain
	@.ci/tests

# The inner loop: formatting, clippy, unit tests, and integration tests without the slow ones.
check: toolchain
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	SSLSCALE_CASES=$${SSLSCALE_CASES:-quick} cargo test -q --lib --test integration -- $(QUICK)
	@echo 'not run: the tests in .ci/slow, tests/try_fleet, tests/hosts; `make test` runs everything'

# A real editor's language server with the schema of `sslscale schema`. It needs node and npm, which `make setup` does
# not install; the server is kept in target/editor.
EDITOR_SERVER := yaml-language-server@1.19.2
editor: toolchain
	npm install --no-audit --no-fund --prefix target/editor $(EDITOR_SERVER)
	SSLSCALE_EDITOR=$(CURDIR)/target/editor SSLSCALE_REQUIRE=1 cargo test --test integration schema::editor

# Mistakes planted in one room below src/: do the tests of `make check` catch them?
#     make mutants ROOM=tickets
#     make mutants ROOM=lint SHARD=0/8 TESTS='lint:: rules:: fix::'
SHARD ?= 0/1
mutants: toolchain
	@.ci/mutants "$(ROOM)" $(SHARD) $(TESTS)

# Many more random inventories than `make test` tries, and others; writes docs/soak.md.
soak: setup roots toolchain
	@.ci/soak

bench: setup roots toolchain
	cargo bench

lint: toolchain
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --no-deps --document-private-items

setup:
	@.ci/setup test

setup-demo:
	@.ci/setup demo

# The Debian roots that tests use, kept in target/roots or $SSLSCALE_ROOTS.
roots: setup
	@tests/releases/roots.sh

# Proves that `make demo` and `make test` set themselves up on a bare Debian, and that the tests do
# not depend on the versions of one release's programs. Needs root.
fresh: setup toolchain
	tests/fresh_root.sh trixie demo test
	tests/fresh_root.sh bookworm demo test

toolchain:
	@command -v cargo >/dev/null || { echo 'cargo is missing: install a toolchain with rustup' >&2; exit 1; }
