//! What a deploy would change: plans, as pure functions of a rendered tree and of what hosts have. How hosts
//! are reached is no concern of this module.

mod observation;
mod plan;
mod script;

pub use observation::{FileKind, Found, Observation, Release, Server, Unit};
pub use plan::{Action, Change, ChangeKind, HostPlan, Live, Problem, Role, differing, plan};
pub use script::{contents, observe};
