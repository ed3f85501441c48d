//! A watch, held by both ends.

use std::path::Path;

use taskscope_viewer::client::{Address, WatchOptions, watch};
use taskscope_viewer::feed::{Ask, Feed};
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::target::DEADLINE;

/// A watch and both ends of what it is connected to.
pub(crate) struct Watch {
    pub(crate) runtime: Runtime,
    pub(crate) news: Receiver<Feed>,
    pub(crate) asks: Sender<Ask>,
    pub(crate) ended: JoinHandle<()>,
}

impl Watch {
    pub(crate) fn of(socket: &Path) -> Self {
        Self::with(socket, WatchOptions::default())
    }

    pub(crate) fn with(socket: &Path, options: WatchOptions) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let (feed, news) = channel(4);
        let (asks, asked) = channel(4);
        let ended = runtime.spawn(watch(
            Address::Socket(socket.to_owned()),
            options,
            feed,
            asked,
        ));
        Self {
            runtime,
            news,
            asks,
            ended,
        }
    }

    /// The next news.
    #[track_caller]
    pub(crate) fn next(&mut self) -> Feed {
        let news = self
            .runtime
            .block_on(async { timeout(DEADLINE, self.news.recv()).await });
        news.expect("there is news in time")
            .expect("the watch goes on")
    }

    /// The next news of a kind, all others being passed over.
    #[track_caller]
    pub(crate) fn until<T>(&mut self, wanted: impl Fn(&Feed) -> Option<T>) -> T {
        loop {
            if let Some(found) = wanted(&self.next()) {
                return found;
            }
        }
    }

    #[track_caller]
    pub(crate) fn until_complete(&mut self) {
        self.until(|news| matches!(news, Feed::Update { complete: true, .. }).then_some(()));
    }

    pub(crate) fn ask(&mut self, ask: Ask) {
        self.runtime
            .block_on(self.asks.send(ask))
            .expect("the watch goes on");
    }
}
