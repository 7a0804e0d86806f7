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

.PHONY: demo test check editor bench lint mutants soak setup setup-demo roots fresh site toolchain
.PHONY: deny packages packages-twice packages-test shipped

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

# The readers of nginx's and haproxy's files in front of these programs, on the files of some eighty Debian packages, which it
# downloads to target/shipped.
shipped: setup roots toolchain
	@.ci/shipped

# The documentation as a site in target/site, which needs no network: pages, menu, search. It installs mdbook into
# target/tools, once.
MDBOOK := 0.5.4
site: setup toolchain
	@[ "$$(target/tools/bin/mdbook --version 2>/dev/null)" = 'mdbook v$(MDBOOK)' ] || cargo install -q --locked \
		--no-default-features --features search --root target/tools --target-dir target/tools/build mdbook@$(MDBOOK)
	SSLSCALE_SITE=$(CURDIR)/target/site SSLSCALE_REQUIRE=1 cargo test --test integration site::
	@echo 'open target/site/index.html'

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

# target/packages: static programs for x86-64 and arm64, .deb, .rpm, .tar.gz, SBOM; docs/install.md says how to use them.
packages: toolchain
	@.ci/setup packages
	@.ci/packages/build

# Proves that the same commit gives the same packages, wherever it is built.
packages-twice: toolchain
	@.ci/setup packages
	@.ci/packages/twice

# Installs the packages on bare Debian releases and follows docs/install.md there as a new user; lintian, rpmlint, and
# the arm64 program under qemu. Needs root.
packages-test: packages
	@.ci/setup packages-test
	@tests/packages.sh

# What CI asks with .ci/deny, asked by cargo-deny, and advisories if its database can be reached.
deny: toolchain
	@.ci/deny
	@.ci/cargo-deny

toolchain:
	@command -v cargo >/dev/null || { echo 'cargo is missing: install a toolchain with rustup' >&2; exit 1; }
