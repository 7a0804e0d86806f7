//! The fleet as its owner wrote it: `node` reads YAML, `raw` names every key, `types` holds
//! what a value may be, `validate` turns one into the other, `model` is the result.

pub mod model;
pub mod node;
pub mod raw;
pub mod reference;
pub mod schema;
pub mod types;
mod validate;

pub use model::Inventory;
pub use validate::{Checked, check};
