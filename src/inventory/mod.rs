//! The inventory: `node` reads YAML, `raw` has the table of keys, `types` the value types, `validate`
//! makes a `model` of them. `reference` and `json_schema` show the table, `shown` an inventory
//! with every default. `document` and `paths` find places in the
//! text, `certificate` reads certificate sources, `openssl` has the names that OpenSSL knows, `routing` the location
//! that answers a request.

mod addresses;
pub mod certificate;
pub mod document;
pub mod form;
pub mod headers;
pub mod json_schema;
mod members;
pub mod model;
pub mod networks;
pub mod node;
pub mod openssl;
pub mod paths;
pub mod raw;
pub mod reference;
pub mod routing;
pub mod schema;
mod shapes;
pub mod shown;
mod syntax;
pub mod types;
mod validate;

pub use document::Document;
pub use members::members;
pub use model::Inventory;
pub use validate::{Checked, check};
