//! What a deploy changes, and how. Plans are pure functions of the files that are to be there and of what hosts have;
//! a deploy is a procedure for a rollout. How hosts are reached is no concern of this module.

mod departures;
mod ending;
mod expand;
mod facts;
mod header_flip;
mod history;
mod install;
mod look;
mod observation;
mod order;
mod plan;
mod ports;
mod procedure;
mod release;
mod revision;
mod saved;
mod script;
mod transaction;

pub use departures::{server_addresses, untrusted};
pub use ending::{DeployEnd, HostState};
pub use facts::{Block, Configuration, Facts, Listen, Listening};
pub use header_flip::HeaderFlip;
pub use history::{HistoryEntry, history};
pub use install::{install, install_command};
pub use look::{Contents, Details, Scope, Wanted, look};
pub use observation::{FileKind, Found, HeldLease, Observation, OldWorker, Release, Server, Space, Unit};
pub use order::{PlannedHost, Risk, order, risks};
pub use plan::{Action, Change, ChangeKind, HostPlan, Live, Problem, Role, differing, plan};
pub use ports::closed as closed_ports;
pub use procedure::{Deploy, DeployError, DeployRollout, DeployStep, Probe, Progress, Target, lease};
pub use release::{BEFORE, HostRelease, begins_id, file_path, id, is_id, manifest_path, parse};
pub use saved::{SavedHost, SavedPlan};
pub use script::{contents, observe, secrets};
pub use transaction::{Lease, PROBING, WINDOW, unlock};
