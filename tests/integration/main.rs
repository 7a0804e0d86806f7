//! Integration tests: they run the real program and compare its standard output, standard error and
//! exit code. They are one binary, so that they are linked once.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

#[path = "../support/cases.rs"]
mod cases;
#[path = "../support/docs.rs"]
mod docs;
#[path = "../support/engine.rs"]
mod engine;
#[path = "../support/keys.rs"]
mod keys;
#[path = "../support/signalled.rs"]
mod signalled;
mod support;

mod accepted;
mod architecture;
mod bad_input;
mod binaries;
mod breakages;
mod certificates;
mod certs;
mod check;
mod completions;
mod contact;
mod control;
mod dependencies;
mod deploy;
mod fix;
mod fleets;
mod health;
mod hello;
mod helps;
mod hostile;
mod impossible;
mod init;
mod man;
mod monitoring;
mod names;
mod openssl;
mod oracles;
mod pages;
mod plan;
mod probes;
mod progress;
mod public_cases;
mod readers;
mod real;
mod refused;
mod releases;
mod render;
mod report;
mod rules;
mod schema;
mod seam;
mod secrets;
mod served;
mod show;
mod signals;
mod site;
mod snapshots;
mod snippets;
mod streams;
mod tickets;
mod waiting;
