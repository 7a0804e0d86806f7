//! Does the same work for many items on several threads. It knows neither the items nor the work.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// The results of `work` for all items, in the order of the items. At most `lanes` items are worked
/// on at once; with one lane, or one item, no thread is started.
///
/// # Panics
/// When `work` does, with what it panicked with. Items that no lane had taken are then left.
pub fn map<I: Sync, T: Send>(items: &[I], lanes: usize, work: impl Fn(&I) -> T + Sync) -> Vec<T> {
    let lanes = lanes.min(items.len());
    if lanes <= 1 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let lane = || {
        let _stop = StopOnPanic { next: &next, end: items.len() };
        let mut results = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { return results };
            results.push((index, work(item)));
        }
    };
    let mut results: Vec<(usize, T)> = thread::scope(|scope| {
        let lanes: Vec<_> = (0..lanes).map(|_| scope.spawn(lane)).collect();
        lanes.into_iter().flat_map(|lane| lane.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    results.sort_unstable_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Leaves nothing for the other lanes to take once one of them has panicked.
struct StopOnPanic<'n> {
    next: &'n AtomicUsize,
    end: usize,
}

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.next.store(self.end, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        for lanes in [0, 1, 3, 1000] {
            let items: Vec<usize> = (0..100).collect();
            let work = |item: &usize| {
                if item.is_multiple_of(7) {
                    thread::yield_now();
                }
                item * 2
            };
            assert_eq!(map(&items, lanes, work), items.iter().map(|item| item * 2).collect::<Vec<_>>());
        }
        assert!(map(&[] as &[u8], 4, |item| *item).is_empty());
    }

    #[test]
    fn as_many_lanes_as_allowed_and_no_more() {
        let (busy, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        // Passes only where three lanes are at work at once.
        let together = Barrier::new(3);
        map(&[(); 9], 3, |()| {
            most.fetch_max(busy.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            together.wait();
            busy.fetch_sub(1, Ordering::SeqCst);
        });
        assert_eq!(most.into_inner(), 3);
    }

    #[test]
    fn one_lane_is_the_callers_own_thread() {
        let here = thread::current().id();
        assert!(map(&[1, 2], 1, |_| thread::current().id() == here).into_iter().all(|own| own));
        assert_eq!(map(&[1], 8, |_| thread::current().id() == here), [true]);
    }

    #[test]
    fn a_panic_reaches_the_caller_and_stops_the_other_lanes() {
        let started = AtomicUsize::new(0);
        let items: Vec<usize> = (0..100_000).collect();
        let panic = catch_unwind(AssertUnwindSafe(|| {
            map(&items, 4, |item| {
                started.fetch_add(1, Ordering::Relaxed);
                assert!(*item != 0, "the first one fails");
                // Until the lane of the first item has left nothing to take.
                thread::sleep(std::time::Duration::from_millis(1));
            });
        }))
        .unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"the first one fails"));
        assert!(started.into_inner() < items.len());
    }
}
