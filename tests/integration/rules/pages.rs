//! The pages in `docs/rules/`: what the rule says of itself, and what the program prints on its
//! examples. `SSLSCALE_BLESS=1` writes them, otherwise they must be as they are.
