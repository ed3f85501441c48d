//! A cache that loads each value once, however many ask for it at the same time.
//!
//! A value's own async lock is held while it is loaded, so those who want the same value wait for it, and nobody else
//! does. The table of values is behind a std lock, held for a look-up and never across an await.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Values by number, forgotten some time after they were loaded.
#[derive(Debug)]
pub(super) struct Cache<V> {
    entries: Mutex<HashMap<u64, Arc<Entry<V>>>>,
    keep: Duration,
}

#[derive(Debug)]
struct Entry<V> {
    value: tokio::sync::Mutex<Option<Arc<V>>>,
    made: Instant,
}

/// Whether a value was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// It was, or somebody else was loading it.
    Cached,
    /// It was loaded for this call.
    Loaded,
}

impl<V> Cache<V> {
    /// An empty cache that forgets values `keep` after they were asked for first.
    pub(super) fn new(keep: Duration) -> Self {
        Self {
            entries: Mutex::default(),
            keep,
        }
    }

    /// The value of `key`; `load` gets it if it is not there. `now` is the time of the call.
    pub(super) async fn get<F>(
        &self,
        key: u64,
        now: Instant,
        load: impl FnOnce() -> F,
    ) -> (Arc<V>, Found)
    where
        F: Future<Output = V>,
    {
        let entry = {
            let mut entries = self.lock();
            let new = || {
                Arc::new(Entry {
                    value: tokio::sync::Mutex::default(),
                    made: now,
                })
            };
            Arc::clone(entries.entry(key).or_insert_with(new))
        };
        let mut value = entry.value.lock().await;
        if let Some(value) = &*value {
            return (Arc::clone(value), Found::Cached);
        }
        let loaded = Arc::new(load().await);
        *value = Some(Arc::clone(&loaded));
        (loaded, Found::Loaded)
    }

    /// Forgets what is too old at `now`, and says how many values that were.
    pub(super) fn evict(&self, now: Instant) -> usize {
        let mut entries = self.lock();
        let before = entries.len();
        entries.retain(|_, entry| now.saturating_duration_since(entry.made) < self.keep);
        before - entries.len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Entry<V>>>> {
        // No code that can panic runs while it is held.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::task::JoinSet;

    use super::*;
    use crate::clock;

    #[tokio::test]
    async fn a_value_is_loaded_once_for_all_who_ask_meanwhile() {
        let cache = Arc::new(Cache::new(Duration::from_secs(1)));
        let loads = Arc::new(AtomicU32::new(0));
        let now = clock::now();
        let mut callers = JoinSet::new();
        for _ in 0..20 {
            let (cache, loads) = (Arc::clone(&cache), Arc::clone(&loads));
            callers.spawn(async move {
                cache
                    .get(7, now, || async {
                        tokio::task::yield_now().await;
                        loads.fetch_add(1, Ordering::Relaxed)
                    })
                    .await
            });
        }
        let answers = callers.join_all().await;
        assert_eq!(loads.load(Ordering::Relaxed), 1);
        assert!(answers.iter().all(|(value, _)| **value == 0));
        assert_eq!(
            answers
                .iter()
                .filter(|(_, found)| *found == Found::Loaded)
                .count(),
            1
        );
    }

    #[tokio::test]
    async fn old_values_are_forgotten() {
        let cache = Cache::new(Duration::from_secs(2));
        let start = clock::now();
        let second = Duration::from_secs(1);
        cache.get(1, start, || async { 'a' }).await;
        cache.get(2, start + second, || async { 'b' }).await;
        assert_eq!(cache.evict(start + second), 0);
        assert_eq!(cache.evict(start + second * 2), 1);
        assert_eq!(
            cache.get(1, start + second * 2, || async { 'c' }).await.1,
            Found::Loaded
        );
        assert_eq!(
            cache.get(2, start + second * 2, || async { 'd' }).await.1,
            Found::Cached
        );
    }
}
