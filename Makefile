# `make demo` and `make test` need a Debian machine with make and a rustup toolchain; they install
# the rest themselves. SSLSCALE_REQUIRE=1 makes a test fail where it would be skipped for lack of
# a program, root or a release's root.

# rustup's folder is in the path of login shells only.
CARGO_HOME ?= $(HOME)/.cargo
export PATH := $(PATH):$(CARGO_HOME)/bin

RELEASES := bullseye bookworm trixie sid

.PHONY: demo test bench lint setup setup-demo roots fresh toolchain

demo: setup-demo toolchain
	cargo run --release -q -- try inventories/blog.yaml

# The roots come first: without them the tests of the releases would be skipped.
test: setup roots toolchain
	cargo test --workspace

bench: setup-demo toolchain
	cargo bench

lint: toolchain
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --no-deps --document-private-items

setup:
	@.ci/setup test

setup-demo:
	@.ci/setup demo

# One Debian root per release, kept in target/roots or $SSLSCALE_ROOTS.
roots: setup
	@tests/releases/roots.sh $(RELEASES)

# Proves that `make demo` and `make test` set themselves up on a bare Debian, and that the tests do
# not depend on the versions of one release's programs. Needs root.
fresh: setup toolchain
	tests/fresh_root.sh trixie demo test
	tests/fresh_root.sh bookworm demo test

toolchain:
	@command -v cargo >/dev/null || { echo 'cargo is missing: install a toolchain with rustup' >&2; exit 1; }
