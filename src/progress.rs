//! How far work has come that takes long: who does the work counts, and a report reads it at the same time. It knows
//! neither the work nor the report.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many parts of a work are done. Clones count together.
#[derive(Debug, Default, Clone)]
pub struct Count(Arc<[AtomicUsize; 2]>);

impl Count {
    /// A count of `all` parts, of which none is done.
    pub fn of(all: usize) -> Self {
        let count = Self::default();
        count.expect(all);
        count
    }

    /// There are `all` parts.
    pub fn expect(&self, all: usize) {
        self.0[1].store(all, Ordering::Relaxed);
    }

    /// One more part is done.
    pub fn add(&self) {
        self.0[0].fetch_add(1, Ordering::Relaxed);
    }

    /// How many parts are done, and how many there are; 0 if that is not known.
    pub fn read(&self) -> (usize, usize) {
        (self.0[0].load(Ordering::Relaxed), self.0[1].load(Ordering::Relaxed))
    }
}
