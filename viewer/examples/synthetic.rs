//! The viewer on a target that does not exist, to look at its screens and to measure them:
//!
//! ```text
//! cargo run --release -p taskscope-viewer --example synthetic -- 100000            # look at 100,000 tasks
//! cargo run --release -p taskscope-viewer --example synthetic -- 100000 --measure  # print what they cost
//! ```
//!
//! Every task changes about once a second. While it is looked at, `kill -USR1` makes the target go away for 5 s, and
//! every second time another process comes back.
#![allow(
    clippy::disallowed_methods,
    reason = "it measures time and plays the part of a target's clock"
)]

use std::num::NonZeroU16;
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use taskscope_model::{
    Birth, Bucket, Change, Kind, LastWaker, Nanos, RuntimeId, Site, SiteId, Sketch, Sketches,
    Stamp, State, TaskId, Totals, Vitals,
};
use taskscope_viewer::feed::{Ask, Feed, Hello, Setup, Source};
use taskscope_viewer::tui::{App, Msg, Options, Theme, draw, run, update};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{Receiver, Sender, channel};

const SITES: [(&str, u32, Kind, &str); 8] = [
    ("src/main.rs", 31, Kind::BlockOn, ""),
    ("src/server.rs", 44, Kind::Task, "accept"),
    ("src/server.rs", 71, Kind::Task, "conn"),
    ("src/pool/worker.rs", 18, Kind::Task, "worker"),
    ("src/api/upload.rs", 120, Kind::Blocking, ""),
    ("src/cache/refresh.rs", 9, Kind::Local, "refresh"),
    (
        "/home/you/.cargo/registry/src/hyper-1.7.0/src/rt.rs",
        208,
        Kind::Task,
        "",
    ),
    (
        "src/jobs/mail.rs",
        333,
        Kind::Task,
        "send \u{1b}[31mmail\u{7}",
    ),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let tasks = std::env::args().nth(1).map_or(Ok(2_000), |n| n.parse())?;
    if std::env::args().any(|arg| arg == "--measure") {
        measure(tasks);
        return Ok(());
    }
    let theme = std::env::args()
        .nth(2)
        .map_or_else(|| Ok(Theme::from_environment()), |name| name.parse())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let (tell, told) = channel(16);
        let (ask, asked) = channel(16);
        tokio::spawn(pretend(tasks, tell, asked));
        let options = Options {
            address: "synthetic".to_owned(),
            theme,
            ..Options::default()
        };
        Ok(run(told, ask, options).await?)
    })
}

/// Plays the part of a connection.
async fn pretend(
    tasks: usize,
    tell: Sender<Feed>,
    mut asked: Receiver<Ask>,
) -> std::io::Result<()> {
    let mut leave = signal(SignalKind::user_defined1())?;
    for session in 1u64.. {
        let mut target = Target::new(tasks, session);
        for lives in 0..2 {
            let _ = tell.send(Feed::Connecting { attempt: 1 }).await;
            tokio::time::sleep(Duration::from_millis(300)).await;
            let _ = tell.send(Feed::Connected(Box::new(target.hello()))).await;
            for feed in target.picture() {
                let _ = tell.send(feed).await;
            }
            let mut interval = tokio::time::interval(Duration::from_millis(200));
            loop {
                tokio::select! {
                    _ = interval.tick() => {
                        if tell.send(target.step(Duration::from_millis(200))).await.is_err() {
                            return Ok(());
                        }
                    }
                    Some(Ask::Sketches(ids)) = asked.recv() => target.sketched = ids,
                    _ = leave.recv() => break,
                }
            }
            let reason = format!("connection reset by peer, for the {}. time", lives + 1);
            let retry_in = Duration::from_secs(5);
            let _ = tell.send(Feed::Lost { reason, retry_in }).await;
            tokio::time::sleep(retry_in).await;
        }
    }
    Ok(())
}

/// A target that does not exist.
struct Target {
    session: u64,
    now: Stamp,
    vitals: Vec<Vitals>,
    sketched: Vec<TaskId>,
    totals: Totals,
    /// Where the next changes are made.
    next: usize,
    dice: u64,
}

impl Target {
    fn new(tasks: usize, session: u64) -> Self {
        let mut target = Self {
            session,
            now: Stamp(20_000_000_000),
            vitals: Vec::new(),
            sketched: Vec::new(),
            totals: Totals {
                workers: 8,
                ..Totals::default()
            },
            next: 0,
            dice: session * 0x9e37_79b9,
        };
        for _ in 0..tasks {
            let mut vitals = Vitals::at_birth(Stamp(target.roll() % target.now.0));
            vitals.runtime = NonZeroU16::new(1).map(RuntimeId);
            target.vitals.push(vitals);
            let last = target.vitals.len() - 1;
            target.live(last);
        }
        target
    }

    fn hello(&self) -> Hello {
        let source = |name: &str| Source {
            name: name.to_owned(),
            active: true,
            events: 1,
            trial_events: 1,
        };
        Hello {
            session: self.session,
            pid: 4242,
            name: "synthetic".to_owned(),
            protocol_version: 1,
            now_ns: self.now.0,
            sources: ["tasks", "polls", "wakes", "wakers"].map(source).to_vec(),
            setup: Setup {
                tokio_unstable: true,
                installed: true,
                static_max_level: "trace".to_owned(),
                ..Setup::default()
            },
            ..Hello::default()
        }
    }

    /// All there is, in chunks as a target would send them.
    fn picture(&self) -> Vec<Feed> {
        let mut changes: Vec<Change> = (0..)
            .zip(SITES)
            .map(|(i, (file, line, kind, _))| {
                let site = Site {
                    file: file.into(),
                    line,
                    column: 5,
                    kind,
                    size: 300 + 7 * u64::from(i),
                    ..Site::default()
                };
                Change::Site(SiteId(i), Box::new(site))
            })
            .collect();
        for (i, vitals) in self.vitals.iter().enumerate() {
            let site = if i < SITES.len() {
                i
            } else {
                1 + (i * 7919) % (SITES.len() - 1)
            };
            let name = SITES[site].3;
            let birth = Birth {
                tokio_id: (i as u64 + 1).try_into().ok(),
                parent: (i > 0).then(|| id(if i < 100 { 0 } else { i % 100 })),
                name: (!name.is_empty()).then(|| format!("{name}-{i}").into()),
                site: SiteId(site as u32),
                created: Stamp(i as u64),
            };
            changes.push(Change::Born(id(i), Box::new(birth), *vitals));
        }
        changes.push(Change::Now(self.now));
        let chunks = changes.len().div_ceil(4_000);
        let chunk = |(n, chunk): (usize, &[Change])| Feed::Update {
            restart: n == 0,
            complete: n + 1 == chunks,
            changes: chunk.to_vec(),
        };
        changes.chunks(4_000).enumerate().map(chunk).collect()
    }

    /// What happens in a while: each task changes about once a second.
    fn step(&mut self, time: Duration) -> Feed {
        self.now = self.now + Nanos::from(time);
        let n = (self.vitals.len() as u128 * time.as_millis() / 1_000).max(1) as usize;
        let mut changes = vec![Change::Now(self.now)];
        for _ in 0..n {
            self.next = (self.next + 1) % self.vitals.len();
            self.live(self.next);
            changes.push(Change::Lived(id(self.next), self.vitals[self.next]));
        }
        for task in &self.sketched {
            let bucket = |i: u32| {
                let from = 900.0 * 2f64.powf(f64::from(i) / 4.0);
                let count = (self.now.0 / 100_000_000 * u64::from(i % 7)) >> (i / 4);
                Bucket {
                    from: Nanos(from as u64),
                    to: Nanos((from * 1.19) as u64),
                    count,
                }
            };
            let sketch = Sketch::new((0..30).map(bucket));
            changes.push(Change::Sketched(
                *task,
                Box::new(Sketches {
                    polls: sketch.clone(),
                    delays: sketch,
                }),
            ));
        }
        let state = |state| {
            self.vitals
                .iter()
                .filter(|vitals| vitals.state == state)
                .count() as u64
        };
        self.totals.running = state(State::Running);
        self.totals.scheduled = state(State::Scheduled);
        self.totals.idle = state(State::Idle);
        self.totals.polls += n as u64;
        self.totals.worker_busy += Nanos(time.as_nanos() as u64 * 3);
        changes.push(Change::Totals(Box::new(self.totals)));
        Feed::Update {
            restart: false,
            complete: true,
            changes,
        }
    }

    fn live(&mut self, i: usize) {
        let dice = self.roll();
        let tasks = self.vitals.len();
        let vitals = &mut self.vitals[i];
        vitals.state = match dice % 1_000 {
            0 => State::Running,
            1..8 => State::Scheduled,
            _ => State::Idle,
        };
        vitals.since = Stamp(self.now.0 - dice % 1_000_000);
        vitals.polls += 1 + dice % 3;
        vitals.busy += Nanos(dice % 2_000_000);
        vitals.scheduled += Nanos(dice % 70_000);
        vitals.wakes += 1 + dice % 4;
        vitals.wakers = (dice % 3) as u32;
        vitals.last_waker = if dice.is_multiple_of(2) {
            LastWaker::NoTask
        } else {
            LastWaker::Task(id(dice as usize % tasks))
        };
    }

    /// A number that looks like chance (xorshift).
    fn roll(&mut self) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        self.dice
    }
}

fn id(i: usize) -> TaskId {
    TaskId::new(i as u64 + 1).unwrap_or_else(|| unreachable!("it is at least 1"))
}

/// Prints what taking news in, keys and frames cost.
fn measure(tasks: usize) {
    let mut target = Target::new(tasks, 1);
    let mut app = App::new(Options::default());
    let mut buffer = Buffer::empty(Rect::new(0, 0, 200, 60));
    let mut now = Duration::ZERO;
    let _ = update(&mut app, Msg::Resize(200, 60));
    let _ = update(
        &mut app,
        Msg::Feed(Feed::Connected(Box::new(target.hello()))),
    );
    let picture = target.picture();
    let loading = timed(|| {
        for feed in picture {
            let _ = update(&mut app, Msg::Feed(feed));
        }
    });
    println!("{tasks} tasks");
    println!("first picture, taken in     {loading:>12.2?}");
    let (mut news, mut ticks, mut frames, mut slowest) = (
        Duration::ZERO,
        Duration::ZERO,
        Duration::ZERO,
        Duration::ZERO,
    );
    let seconds = 10;
    for i in 0..seconds * 20 {
        now += Duration::from_millis(50);
        if i % 4 == 0 {
            let feed = target.step(Duration::from_millis(200));
            news += timed(|| drop(update(&mut app, Msg::Feed(feed))));
        }
        let tick = timed(|| drop(update(&mut app, Msg::Tick(now))));
        slowest = slowest.max(tick);
        ticks += tick;
        frames += timed(|| {
            buffer.reset();
            draw(&app, &mut buffer);
        });
    }
    let second = |all: Duration| all / seconds;
    println!("in a second of 5 updates and 20 frames of 200×60:");
    println!("  news taken in             {:>12.2?}", second(news));
    println!(
        "  time told, rows computed  {:>12.2?}   the slowest {slowest:.2?}",
        second(ticks)
    );
    println!(
        "  frames                    {:>12.2?}   each {:.2?}",
        second(frames),
        frames / (seconds * 20)
    );
    println!(
        "  together                  {:>12.2?}",
        second(news + ticks + frames)
    );
    for (what, keys) in [
        ("j", "j"),
        ("G", "G"),
        ("sort beside", ">"),
        ("filter, a letter", "/c"),
        ("filter, another", "o"),
        ("filter kept", "\n"),
        ("open", "\n"),
        ("back", "\u{1b}"),
        ("places", "g"),
        ("pause", " "),
    ] {
        let mut slowest = Duration::ZERO;
        for key in keys.chars() {
            let code = match key {
                '\n' => KeyCode::Enter,
                '\u{1b}' => KeyCode::Esc,
                key => KeyCode::Char(key),
            };
            slowest = slowest.max(timed(|| {
                let _ = update(&mut app, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)));
                buffer.reset();
                draw(&app, &mut buffer);
            }));
        }
        println!("key: {what:<22} {slowest:>12.2?}");
    }
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}
