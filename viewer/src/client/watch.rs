//! Following a target for as long as somebody listens.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use taskscope_model::{Change, TaskId};
use taskscope_proto::v1;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::time::{sleep, timeout};
use tonic::Status;

use super::address::Address;
use super::connect::{Connection, connect};
use super::decode::Decoder;
use super::discover::{discover, socket_dir};
use super::error::ConnectError;
use super::learn::learning;
use crate::feed::{Ask, Feed};

/// How long the first part of a picture may take.
const FIRST_WITHIN: Duration = Duration::from_secs(10);

/// The pause after the first failure; it doubles with each one that follows.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// When distributions that the target refused are asked for again.
const SKETCHES_AGAIN: Duration = Duration::from_secs(2);

type Updates = Pin<Box<dyn Stream<Item = Result<v1::WatchUpdate, Status>> + Send>>;

/// What to watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchOptions {
    /// Least time between two updates, from 10 ms to a minute.
    pub interval: Duration,
    /// Only tasks that match are told; empty means all.
    pub filter: String,
    /// Whose distributions are told.
    pub sketching: Sketching,
    /// When the process has ended, go on with one of the same executable, should one come. Each process has a socket of
    /// its own, so a program that is started again is somewhere else.
    pub follow_restart: bool,
}

/// Whose distributions are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sketching {
    /// Those of the tasks that were last named by [`Ask::Sketches`].
    #[default]
    Asked,
    /// Those of all tasks.
    All,
}

impl Default for WatchOptions {
    /// All tasks, five times a second.
    fn default() -> Self {
        Self {
            interval: Duration::from_millis(200),
            filter: String::new(),
            sketching: Sketching::Asked,
            follow_restart: false,
        }
    }
}

impl WatchOptions {
    pub(super) fn request(&self) -> v1::WatchRequest {
        v1::WatchRequest {
            interval_ms: u32::try_from(self.interval.as_millis()).unwrap_or(u32::MAX),
            filter: self.filter.clone(),
            sketching: match self.sketching {
                Sketching::Asked => v1::Sketching::None,
                Sketching::All => v1::Sketching::All,
            } as i32,
            ..v1::WatchRequest::default()
        }
    }
}

/// Watches the target at `address` until nobody receives from `feed` any more, and connects again whenever the
/// connection is lost.
///
/// Reading from `feed` slowly is fine: the target then sends fewer, larger updates. After [`Feed::Refused`] it waits for
/// [`Ask::RetryNow`].
pub async fn watch(
    address: Address,
    options: WatchOptions,
    feed: Sender<Feed>,
    asks: Receiver<Ask>,
) {
    let listener = feed.clone();
    let mut watcher = Watcher {
        address,
        options,
        feed,
        asks,
        wanted: Vec::new(),
        wanted_anew: false,
        process: None,
        executable: String::new(),
    };
    tokio::select! {
        () = watcher.run() => {}
        () = listener.closed() => {}
    }
}

/// Nobody receives any more.
struct Closed;

/// Why a watch ended.
enum End {
    Closed,
    Lost { error: ConnectError, told_all: bool },
}

impl From<Closed> for End {
    fn from(_: Closed) -> Self {
        Self::Closed
    }
}

struct Watcher {
    address: Address,
    options: WatchOptions,
    feed: Sender<Feed>,
    asks: Receiver<Ask>,
    /// The tasks whose distributions are wanted.
    wanted: Vec<TaskId>,
    /// That has changed since they were last asked for.
    wanted_anew: bool,
    /// The process that was watched last, where it can be seen from here.
    process: Option<u32>,
    /// What it executes; empty where it did not say.
    executable: String,
}

impl Watcher {
    async fn run(&mut self) {
        let (mut attempt, mut pause) = (1, FIRST_PAUSE);
        loop {
            let error = match self.once(attempt).await {
                Err(End::Closed) => return,
                Err(End::Lost { error, told_all }) => {
                    if told_all {
                        (attempt, pause) = (0, FIRST_PAUSE);
                    }
                    error
                }
                Ok(never) => match never {},
            };
            let refused = error.is_final();
            let ended = self.process.filter(|pid| has_ended(*pid));
            let reason = match ended {
                Some(pid) => format!("process {pid} has ended"),
                None => error.to_string(),
            };
            let news = if refused {
                Feed::Refused { reason }
            } else {
                Feed::Lost {
                    reason,
                    retry_in: pause,
                }
            };
            if self.tell(news).await.is_err() {
                return;
            }
            if refused {
                self.retry_asked().await;
            } else {
                let _ = timeout(pause, self.retry_asked()).await;
            }
            if ended.is_some() && self.options.follow_restart {
                self.find_successor().await;
            }
            attempt = attempt.saturating_add(1);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Connects once and follows the target until that ends.
    async fn once(&mut self, attempt: u32) -> Result<std::convert::Infallible, End> {
        self.tell(Feed::Connecting { attempt }).await?;
        let lost = |error| End::Lost {
            error,
            told_all: false,
        };
        let address = self.address.clone();
        let connection = self.meanwhile(connect(&address)).await.map_err(lost)?;
        self.process = connection.process;
        self.executable = connection.hello.executable.clone();
        self.tell(Feed::Connected(Box::new(connection.hello.clone())))
            .await?;
        self.follow(connection).await
    }

    /// Turns to the newest process of the executable that was watched, if there is one.
    async fn find_successor(&mut self) {
        let listing = self.meanwhile(discover(&socket_dir())).await;
        let same = listing.watchable().filter(|(_, hello)| {
            !hello.executable.is_empty() && hello.executable == self.executable
        });
        if let Some((process, _)) = same.max_by_key(|(_, hello)| hello.started_unix_ns) {
            self.address = Address::Socket(process.socket.clone());
        }
    }

    async fn follow(&mut self, connection: Connection) -> Result<std::convert::Infallible, End> {
        let mut told_all = false;
        let mut decoder = Decoder::new();
        let mut updates = open(&connection, self.options.request());
        let mut sketches: Option<Sketched> = None;
        let mut learnt = learning(&connection);
        loop {
            // Before the first whole picture there is nobody whose distributions could be shown.
            if told_all && std::mem::take(&mut self.wanted_anew) {
                sketches = self.sketches(&connection);
            }
            let late = async {
                if told_all {
                    std::future::pending().await
                } else {
                    sleep(FIRST_WITHIN).await
                }
            };
            tokio::select! {
                update = updates.next() => {
                    let news = match update {
                        Some(Ok(update)) => decoder.take(update).map_err(ConnectError::from),
                        Some(Err(status)) => Err(ConnectError::watching(&status)),
                        None => Err(ConnectError::Broken("the target ended it".to_owned())),
                    };
                    let news = news.map_err(|error| End::Lost { error, told_all })?;
                    if news.restart || (news.complete && !told_all) {
                        // Who is told anew has no distributions yet.
                        self.wanted_anew = true;
                    }
                    told_all = (told_all && !news.restart) || news.complete;
                    let (restart, complete, changes) = (news.restart, news.complete, news.changes);
                    self.tell(Feed::Update { restart, complete, changes }).await?;
                }
                changes = next(&mut sketches) => {
                    if !changes.is_empty() {
                        self.tell(Feed::Update { restart: false, complete: false, changes }).await?;
                    }
                }
                Some(hello) = learnt.next() => self.tell(Feed::Learnt(Box::new(hello))).await?,
                Some(ask) = self.asks.recv() => self.note(ask),
                () = late => {
                    let error = ConnectError::Silent(self.address.to_string());
                    return Err(End::Lost { error, told_all });
                }
            }
        }
    }

    /// A second stream: asking anew on the first one would have all tasks told again.
    fn sketches(&self, connection: &Connection) -> Option<Sketched> {
        if self.wanted.is_empty() || self.options.sketching == Sketching::All {
            return None;
        }
        let named: Vec<_> = self.wanted.iter().map(|id| id.number()).collect();
        let request = v1::WatchRequest {
            sketching: v1::Sketching::Named as i32,
            tasks: named.clone(),
            sketch_tasks: named,
            without_resources: true,
            ..self.options.request()
        };
        let connection = connection.clone();
        let again = stream::unfold(false, move |again| {
            let (connection, request) = (connection.clone(), request.clone());
            async move {
                if again {
                    sleep(SKETCHES_AGAIN).await;
                }
                Some((of_one_stream(open(&connection, request)), true))
            }
        });
        Some(Box::pin(again.flatten()))
    }

    /// Sends to the feed; what is asked while there is no room for it is noted.
    async fn tell(&mut self, news: Feed) -> Result<(), Closed> {
        let feed = self.feed.clone();
        let room = self.meanwhile(feed.reserve()).await.map_err(|_| Closed)?;
        room.send(news);
        Ok(())
    }

    /// Waits for something, and notes what is asked meanwhile.
    async fn meanwhile<F: Future>(&mut self, work: F) -> F::Output {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                Some(ask) = self.asks.recv() => self.note(ask),
            }
        }
    }

    /// Waits until a retry is asked for.
    async fn retry_asked(&mut self) {
        while let Some(ask) = self.asks.recv().await {
            if ask == Ask::RetryNow {
                return;
            }
            self.note(ask);
        }
        std::future::pending().await
    }

    fn note(&mut self, ask: Ask) {
        if let Ask::Sketches(tasks) = ask {
            self.wanted_anew |= tasks != self.wanted;
            self.wanted = tasks;
        }
    }
}

type Sketched = Pin<Box<dyn Stream<Item = Vec<Change>> + Send>>;

/// The distributions that a stream tells, until it ends or fails: what else it tells may be older than what the main
/// stream told.
fn of_one_stream(updates: Updates) -> impl Stream<Item = Vec<Change>> + Send {
    let state = (updates, Decoder::new());
    stream::unfold(state, |(mut updates, mut decoder)| async move {
        let update = updates.next().await?.ok()?;
        let mut changes = decoder.take(update).ok()?.changes;
        changes.retain(|change| matches!(change, Change::Sketched(..)));
        Some((changes, (updates, decoder)))
    })
}

async fn next(sketches: &mut Option<Sketched>) -> Vec<Change> {
    match sketches {
        Some(sketches) => sketches.next().await.unwrap_or_default(),
        None => std::future::pending().await,
    }
}

/// Whether a process of this machine is no more. One that nobody has waited for yet is dead too.
fn has_ended(pid: u32) -> bool {
    match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        // The state stands behind the name, which can hold any character.
        Ok(stat) => stat
            .rsplit(") ")
            .next()
            .is_some_and(|state| state.starts_with(['Z', 'X'])),
        Err(error) => error.kind() == io::ErrorKind::NotFound && Path::new("/proc/self").exists(),
    }
}

/// Calls `Watch`; a call that fails is a stream with that failure.
fn open(connection: &Connection, request: v1::WatchRequest) -> Updates {
    let mut client = connection.client.clone();
    let call = async move { client.watch(request).await.map(tonic::Response::into_inner) };
    Box::pin(stream::once(call).try_flatten())
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio, id};

    use super::has_ended;

    #[test]
    fn a_process_that_nobody_has_waited_for_has_ended_too() {
        assert!(!has_ended(id()));
        let mut child = Command::new("cat")
            .stdin(Stdio::piped())
            .spawn()
            .expect("a process");
        assert!(!has_ended(child.id()));
        drop(child.stdin.take());
        let deadline = std::time::Duration::from_secs(60);
        let (mut waited, step) = (
            std::time::Duration::ZERO,
            std::time::Duration::from_millis(5),
        );
        while !has_ended(child.id()) && waited < deadline {
            std::thread::sleep(step);
            waited += step;
        }
        assert!(has_ended(child.id()), "it is a zombie");
        child.wait().expect("its end");
        assert!(has_ended(child.id()));
    }
}
