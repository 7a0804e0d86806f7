//! Changes many hosts: all are observed, a procedure plans the next step, one host goes first, and
//! the others follow, several at a time. It knows hosts and what became of them, and neither what is
//! changed nor how hosts are reached.

mod change;
mod engine;
mod outcome;
mod query;
pub mod shell;

pub use change::change;
pub use engine::{Fleet, Interrupted, Next, Prepared, Procedure, run};
pub use outcome::{Ending, Halt, Outcome, Reason, Rollout, Step, Unreachable};
pub use query::{QueryError, permissions, query};
