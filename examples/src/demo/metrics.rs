//! What the service counts, and what it looked like a second ago.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use super::cache::Found;

/// Counters since the start.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    requests: AtomicU64,
    loaded: AtomicU64,
    orders: AtomicU64,
    refused: AtomicU64,
    reports: AtomicU64,
}

/// All counters at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Snapshot {
    /// Requests that were answered.
    pub(super) requests: u64,
    /// Items that were not in the cache.
    pub(super) loaded: u64,
    /// Orders that were taken.
    pub(super) orders: u64,
    /// Orders that found their worker's queue full for too long.
    pub(super) refused: u64,
    /// Reports that were made.
    pub(super) reports: u64,
}

impl Metrics {
    pub(super) fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn found(&self, found: Found) {
        self.loaded
            .fetch_add(u64::from(found == Found::Loaded), Ordering::Relaxed);
    }

    pub(super) fn order(&self) {
        self.orders.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn refusal(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn report(&self) {
        self.reports.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Snapshot {
            requests: count(&self.requests),
            loaded: count(&self.loaded),
            orders: count(&self.orders),
            refused: count(&self.refused),
            reports: count(&self.reports),
        }
    }
}

impl Snapshot {
    /// What was counted since `earlier`.
    pub(super) fn since(self, earlier: Self) -> Self {
        Self {
            requests: self.requests - earlier.requests,
            loaded: self.loaded - earlier.loaded,
            orders: self.orders - earlier.orders,
            refused: self.refused - earlier.refused,
            reports: self.reports - earlier.reports,
        }
    }
}
