//! Lists that are made while they are written: a report on a hundred thousand findings is never
//! in memory as a whole.

use serde::{Serialize, Serializer};

/// A list of what `make` makes of each item.
pub struct Each<I, F> {
    items: I,
    make: F,
}

impl<I, F> Each<I, F> {
    pub fn of(items: I, make: F) -> Self {
        Self { items, make }
    }
}

impl<I, F, T> Serialize for Each<I, F>
where
    I: IntoIterator + Clone,
    F: Fn(I::Item) -> T,
    T: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.items.clone().into_iter().map(&self.make))
    }
}
