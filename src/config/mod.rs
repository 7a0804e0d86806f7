//! The texts of nginx's and haproxy's configuration, as these programs read them: statements with their words and places,
//! and every byte of the file. It judges nothing: a directive that no program knows is read like any other.

pub mod haproxy;
pub mod nginx;
mod word;

pub use word::{Word, values as word_values};
