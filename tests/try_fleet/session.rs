//! Sessions in README.md and docs/ that build fleets are real ones: the commands are run and what
//! they print is compared.

use crate::beside;
use crate::docs::sessions;

#[test]
fn sessions_with_fleets_are_real() {
    let _beside = beside();
    let count = sessions(env!("CARGO_BIN_EXE_sslscale"), |commands| commands.concat().contains("sslscale try"));
    assert!(count >= 1, "the sessions are gone");
}
