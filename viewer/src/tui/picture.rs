//! The world that is on screen: live or frozen, with a clock that runs on between two pieces of news.
//!
//! What happened runs on with the clock: that a task ended so long ago stays true. How long a live task has been in its
//! state does not: it may have left it since the last news. So that is told as of the last moment of which all is known.

use std::collections::VecDeque;
use std::time::Duration;

use taskscope_model::{Change, Nanos, Stamp, Task, World};

/// How far the shown clock may be ahead of what the news say before it is set back.
const DRIFT: Nanos = Nanos(1_000_000_000);
/// Over how long the load of the workers is measured.
const WINDOW: Nanos = Nanos(2_000_000_000);

/// What is known of the target, and what of it is shown.
#[derive(Clone, Debug, Default)]
pub(super) struct Picture {
    live: World,
    /// A new picture of the same session that is not complete yet, while the old one is still shown.
    coming: Option<World>,
    frozen: Option<Frozen>,
    /// Up to when all was told; `None` while that never was.
    told: Option<Stamp>,
    clock: Clock,
    load: Load,
}

#[derive(Clone, Debug)]
struct Frozen {
    world: World,
    now: Stamp,
    told: Option<Stamp>,
    load: Load,
    since: Duration,
}

impl Picture {
    /// The world to show.
    pub(super) fn world(&self) -> &World {
        self.frozen
            .as_ref()
            .map_or(&self.live, |frozen| &frozen.world)
    }

    /// The newest world, shown or not.
    pub(super) fn live(&self) -> &World {
        &self.live
    }

    /// The moment that is shown.
    pub(super) fn now(&self) -> Stamp {
        self.frozen
            .as_ref()
            .map_or(self.clock.shown, |frozen| frozen.now)
    }

    /// The moment at which a task is shown: the last one at which it is known to have been in its state.
    pub(super) fn moment_of(&self, task: &Task) -> Stamp {
        if task.vitals.state.has_ended() {
            return self.now();
        }
        let told = self.frozen.as_ref().map_or(self.told, |frozen| frozen.told);
        told.unwrap_or_else(|| self.world().now())
    }

    /// The load of the workers as shown: the share of their time that they spent in polls, and polls per second.
    pub(super) fn load(&self) -> &Load {
        self.frozen
            .as_ref()
            .map_or(&self.load, |frozen| &frozen.load)
    }

    /// Whether all that there was has been told at least once.
    pub(super) fn is_complete(&self) -> bool {
        self.told.is_some()
    }

    /// Since when the picture is frozen.
    pub(super) fn frozen_since(&self) -> Option<Duration> {
        self.frozen.as_ref().map(|frozen| frozen.since)
    }

    /// Freezes the picture, or lets it go on with all that was told meanwhile.
    pub(super) fn toggle_freeze(&mut self, now: Duration) {
        self.frozen = match self.frozen.take() {
            Some(_) => None,
            None => Some(Frozen {
                world: self.live.clone(),
                now: self.clock.shown,
                told: self.told,
                load: self.load.clone(),
                since: now,
            }),
        };
    }

    /// Forgets everything: what comes is of another process.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The target said that its clock shows this.
    pub(super) fn set_clock(&mut self, stamp: Stamp, now: Duration) {
        self.clock.set(stamp, now);
    }

    /// From now on, until there is news, no time passes: nothing is known of what happens.
    pub(super) fn stop_clock(&mut self) {
        self.clock.told = None;
        self.coming = None;
    }

    /// Whether the shown time moves.
    pub(super) fn is_ticking(&self) -> bool {
        self.frozen.is_none() && self.clock.told.is_some()
    }

    /// Time has passed.
    pub(super) fn tick(&mut self, now: Duration) {
        self.clock.tick(now);
    }

    /// Takes news.
    pub(super) fn apply(
        &mut self,
        restart: bool,
        complete: bool,
        changes: Vec<Change>,
        now: Duration,
    ) {
        if restart {
            // The old picture stays on screen until the new one is whole, so that a reconnect does not flicker.
            if self.live.is_empty() || self.told.is_none() {
                self.live = World::new();
                self.coming = None;
            } else {
                self.coming = Some(World::new());
            }
            self.load = Load::default();
        }
        let world = self.coming.as_mut().unwrap_or(&mut self.live);
        for change in changes {
            world.apply(change);
        }
        let stamp = world.now();
        if complete {
            if let Some(world) = self.coming.take() {
                self.live = world;
            }
            self.told = Some(stamp);
        }
        if self.coming.is_none() {
            self.load.record(&self.live);
        }
        self.clock.set(stamp, now);
    }
}

/// The target's clock as far as it is known here.
#[derive(Clone, Copy, Debug, Default)]
struct Clock {
    shown: Stamp,
    /// What it was last told to be, and when that was; `None` while it stands.
    told: Option<(Stamp, Duration)>,
}

impl Clock {
    fn set(&mut self, stamp: Stamp, now: Duration) {
        self.told = Some((stamp, now));
        self.tick(now);
    }

    fn tick(&mut self, now: Duration) {
        let Some((stamp, at)) = self.told else { return };
        let estimate = stamp + Nanos::from(now.saturating_sub(at));
        // News that took a little longer on its way must not make durations jump back.
        if estimate > self.shown || estimate + DRIFT < self.shown {
            self.shown = estimate;
        }
    }
}

/// How busy the target's workers were lately.
#[derive(Clone, Debug, Default)]
pub(super) struct Load {
    samples: VecDeque<(Stamp, Nanos, u64)>,
}

impl Load {
    /// The share (0 to 1) of the time of `workers` workers that was spent in polls; `None` while too little is known.
    pub(super) fn busy(&self, workers: u32) -> Option<f64> {
        let (from, to) = (self.samples.front()?, self.samples.back()?);
        let time = from
            .0
            .until(to.0)
            .0
            .checked_mul(u64::from(workers))
            .filter(|time| *time > 0)?;
        Some(((to.1 - from.1).0 as f64 / time as f64).min(1.0))
    }

    /// Polls per second; `None` while too little is known.
    pub(super) fn polls(&self) -> Option<f64> {
        let (from, to) = (self.samples.front()?, self.samples.back()?);
        let time = Some(from.0.until(to.0).0).filter(|time| *time > 0)?;
        Some(to.2.saturating_sub(from.2) as f64 * 1e9 / time as f64)
    }

    fn record(&mut self, world: &World) {
        let now = world.now();
        if self.samples.back().is_some_and(|last| last.0 >= now) {
            return;
        }
        let totals = world.totals();
        self.samples
            .push_back((now, totals.worker_busy, totals.polls));
        while self
            .samples
            .get(1)
            .is_some_and(|second| second.0.until(now) >= WINDOW)
        {
            self.samples.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use taskscope_model::{Birth, Change, Nanos, SiteId, Stamp, State, TaskId, Totals, Vitals};

    use super::Picture;

    const SECOND: u64 = 1_000_000_000;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn task() -> TaskId {
        TaskId::new(1).unwrap()
    }

    fn born(n: u64) -> Change {
        let birth = Birth {
            tokio_id: None,
            parent: None,
            name: None,
            site: SiteId(0),
            created: Stamp(0),
        };
        let id = TaskId::new(n).unwrap();
        Change::Born(id, Box::new(birth), Vitals::at_birth(Stamp(0)))
    }

    #[test]
    fn the_clock_runs_on_between_news_and_never_jumps_back_a_little() {
        let mut picture = Picture::default();
        picture.apply(true, true, vec![Change::Now(Stamp(5 * SECOND))], seconds(1));
        picture.tick(seconds(3));
        assert_eq!(picture.now(), Stamp(7 * SECOND));
        // Told half a second late.
        picture.apply(
            false,
            true,
            vec![Change::Now(Stamp(13 * SECOND / 2))],
            seconds(3),
        );
        assert_eq!(picture.now(), Stamp(7 * SECOND));
        picture.stop_clock();
        picture.tick(seconds(60));
        assert_eq!(picture.now(), Stamp(7 * SECOND));
    }

    #[test]
    fn a_live_task_is_shown_as_of_the_last_moment_of_which_all_was_told() {
        const MS: u64 = 1_000_000;
        let ms = Duration::from_millis;
        let told = |since: u64, state| {
            let vitals = Vitals {
                state,
                since: Stamp(since),
                ..Vitals::at_birth(Stamp(0))
            };
            Change::Lived(task(), vitals)
        };
        let mut picture = Picture::default();
        let changes = vec![
            born(1),
            told(SECOND, State::Running),
            Change::Now(Stamp(SECOND + 6 * MS)),
        ];
        picture.apply(true, true, changes, seconds(0));
        let lasts = |picture: &Picture| {
            let task = picture.world().task(task()).expect("it was told");
            task.in_state(picture.moment_of(task))
        };
        // The poll takes 20 ms; the next news comes later.
        picture.tick(ms(150));
        assert_eq!(lasts(&picture), Nanos(6 * MS));
        // A sign of life, or the first part of more news, says nothing of this task.
        picture.apply(
            false,
            false,
            vec![Change::Now(Stamp(SECOND + 190 * MS))],
            ms(190),
        );
        assert_eq!(lasts(&picture), Nanos(6 * MS));
        // With all that is new told and the task not among it, it is known to have gone on.
        picture.apply(
            false,
            true,
            vec![Change::Now(Stamp(SECOND + 200 * MS))],
            ms(200),
        );
        assert_eq!(lasts(&picture), Nanos(200 * MS));
        picture.toggle_freeze(ms(200));
        picture.apply(
            false,
            true,
            vec![Change::Now(Stamp(SECOND + 400 * MS))],
            ms(400),
        );
        assert_eq!(lasts(&picture), Nanos(200 * MS));
        picture.toggle_freeze(ms(400));
        assert_eq!(lasts(&picture), Nanos(400 * MS));
        // An end stays one.
        let end = vec![
            told(SECOND + 500 * MS, State::Done),
            Change::Now(Stamp(SECOND + 500 * MS)),
        ];
        picture.apply(false, true, end, ms(500));
        picture.tick(ms(650));
        assert_eq!(lasts(&picture), Nanos(150 * MS));
    }

    #[test]
    fn the_load_is_that_of_the_last_two_seconds() {
        let mut picture = Picture::default();
        assert_eq!(picture.load().busy(2), None);
        for i in 0..10 {
            // Idle for five seconds, then one of the two workers is busy throughout.
            let totals = Totals {
                worker_busy: Nanos(u64::saturating_sub(i, 5) * SECOND),
                polls: i * 100,
                ..Totals::default()
            };
            let changes = vec![
                Change::Now(Stamp(i * SECOND)),
                Change::Totals(Box::new(totals)),
            ];
            picture.apply(i == 0, true, changes, seconds(i));
        }
        assert_eq!(picture.load().busy(2), Some(0.5));
        assert_eq!(picture.load().polls(), Some(100.0));
        assert_eq!(picture.load().busy(0), None);
    }

    #[test]
    fn a_new_picture_replaces_the_old_one_when_it_is_whole() {
        let mut picture = Picture::default();
        picture.apply(true, false, vec![born(1)], seconds(0));
        picture.apply(false, true, vec![born(2)], seconds(0));
        assert_eq!(picture.world().len(), 2);
        picture.apply(true, false, vec![born(3)], seconds(1));
        assert_eq!(picture.world().len(), 2);
        picture.apply(false, true, vec![], seconds(1));
        assert_eq!(picture.world().len(), 1);
    }
}
