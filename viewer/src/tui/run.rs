//! The loop that owns the terminal, the channels and the clock.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use crossterm::event::{Event, EventStream, MouseEventKind};
use futures_util::StreamExt;
use rustix::process::{Signal, kill_current_process_group};
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

use super::app::{App, Options};
use super::msg::{Effect, Msg};
use super::sources::SourceLine;
use super::terminal::{Screen, TuiError};
use super::update::update;
use crate::feed::{Ask, Feed};
use crate::source::Program;

/// The least time between two frames: 20 in a second.
const FRAME: Duration = Duration::from_millis(50);
/// The same after a key or the mouse was used: what a person does is answered at once.
const ANSWER: Duration = Duration::from_millis(15);
/// How often the time is told while durations grow on the screen.
const TICK: Duration = Duration::from_millis(200);
/// News is taken in for at most this long before keys are looked at.
const BURST: Duration = Duration::from_millis(20);

/// Shows the target in the terminal, until the person leaves or a signal ends it.
///
/// The first frame appears before anything has arrived. `feed` may end at any time, the last picture stays; an ask is
/// dropped where nobody takes it.
///
/// # Errors
///
/// [`TuiError::NoTerminal`] where the output is none, [`TuiError::Terminal`] where it fails or vanishes,
/// [`TuiError::Panicked`] where another part of the program panicked. The terminal has been given back in every case.
pub async fn run(
    feed: Receiver<Feed>,
    asks: Sender<Ask>,
    options: Options,
) -> Result<(), TuiError> {
    let screen = Screen::take()?;
    let mut end = Ends::listen()?;
    let mut driver = Driver::new(screen, asks, options)?;
    driver.run(feed, &mut end).await
}

/// The signals that matter.
struct Ends {
    terminate: Signals,
    interrupt: Signals,
    hang_up: Signals,
    resumed: Signals,
}

impl Ends {
    fn listen() -> Result<Self, io::Error> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
            resumed: signal(SignalKind::from_raw(Signal::CONT.as_raw()))?,
        })
    }
}

enum Happened {
    Event(Option<io::Result<Event>>),
    News(Option<Feed>),
    Read(Option<Read>),
    Resumed,
    Ended,
    Time,
}

/// A line that was looked for, and its text.
type Read = (SourceLine, Option<String>);

struct Driver {
    app: App,
    screen: Screen,
    asks: Sender<Ask>,
    /// Lines of the source that were read: a slow disk stops nobody from leaving.
    lines: (UnboundedSender<Read>, UnboundedReceiver<Read>),
    /// Asks that found the channel full.
    waiting: VecDeque<Ask>,
    began: Instant,
    /// When the last frame was drawn; `None` before the first.
    drawn: Option<Instant>,
    /// Something happened since.
    dirty: bool,
    /// A person did something since.
    asked: bool,
    leaving: bool,
    title: String,
}

impl Driver {
    fn new(screen: Screen, asks: Sender<Ask>, options: Options) -> Result<Self, TuiError> {
        let mut app = App::new(options);
        let (columns, rows) = screen.size()?;
        let _ = update(&mut app, Msg::Resize(columns, rows));
        Ok(Self {
            app,
            screen,
            asks,
            lines: unbounded_channel(),
            waiting: VecDeque::new(),
            began: Instant::now(),
            drawn: None,
            dirty: true,
            asked: false,
            leaving: false,
            title: String::new(),
        })
    }

    async fn run(&mut self, feed: Receiver<Feed>, ends: &mut Ends) -> Result<(), TuiError> {
        let mut events = EventStream::new();
        let mut feed = Some(feed);
        while !self.leaving {
            if self.screen.is_lost() {
                return Err(TuiError::Panicked);
            }
            self.draw_if_due()?;
            self.send_asks();
            let wake = self.next_frame();
            let happened = tokio::select! {
                // Keys come before news, however much of it there is.
                biased;
                _ = ends.terminate.recv() => Happened::Ended,
                _ = ends.interrupt.recv() => Happened::Ended,
                _ = ends.hang_up.recv() => Happened::Ended,
                _ = ends.resumed.recv() => Happened::Resumed,
                event = events.next() => Happened::Event(event),
                // A frame that is due is drawn even if news never stops.
                () = tokio::time::sleep_until(wake) => Happened::Time,
                read = self.lines.1.recv() => Happened::Read(read),
                news = receive(&mut feed) => Happened::News(news),
            };
            self.take(Msg::Tick(self.began.elapsed()))?;
            match happened {
                Happened::Ended => self.leaving = true,
                Happened::Resumed => self.resume()?,
                Happened::Event(event) => self.event(event)?,
                Happened::Time | Happened::Read(None) => {}
                Happened::Read(Some((line, text))) => {
                    self.dirty = true;
                    self.take(Msg::Source(line, text))?;
                }
                Happened::News(None) => feed = None,
                Happened::News(Some(news)) => {
                    self.news(news)?;
                    let until = Instant::now() + BURST;
                    while Instant::now() < until {
                        match feed.as_mut().map(Receiver::try_recv) {
                            Some(Ok(news)) => self.news(news)?,
                            _ => break,
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn event(&mut self, event: Option<io::Result<Event>>) -> Result<(), TuiError> {
        let event = event.unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()))?;
        let msg = match event {
            Event::Key(key) => Msg::Key(key),
            // A mouse that only moves is no reason to draw.
            Event::Mouse(mouse) if mouse.kind == MouseEventKind::Moved => return Ok(()),
            Event::Mouse(mouse) => Msg::Mouse(mouse),
            Event::Paste(text) => Msg::Paste(text),
            Event::Resize(columns, rows) => Msg::Resize(columns, rows),
            Event::FocusGained | Event::FocusLost => return Ok(()),
        };
        (self.dirty, self.asked) = (true, true);
        self.take(msg)
    }

    fn news(&mut self, news: Feed) -> Result<(), TuiError> {
        self.dirty = true;
        self.take(Msg::Feed(news))
    }

    /// Tells the app, and does what it wants done.
    fn take(&mut self, msg: Msg) -> Result<(), TuiError> {
        for effect in update(&mut self.app, msg) {
            match effect {
                Effect::Quit => self.leaving = true,
                Effect::Ask(ask) => self.waiting.push_back(ask),
                Effect::Copy(text) => self.screen.copy(&text)?,
                Effect::Suspend => self.suspend()?,
                Effect::Read(program, lines) => self.read(program, lines),
            }
        }
        Ok(())
    }

    /// Looks for lines of the source, somewhere else.
    fn read(&self, program: Program, lines: Vec<SourceLine>) {
        let found = self.lines.0.clone();
        tokio::task::spawn_blocking(move || {
            for line in lines {
                let text = crate::source::line(&program, &line.0, line.1);
                // Nobody may wait for it any more.
                let _ = found.send((line, text));
            }
        });
    }

    /// Stops the whole job, as the terminal does for a program that lets it, until the shell lets it go on.
    fn suspend(&mut self) -> Result<(), TuiError> {
        self.screen.release();
        kill_current_process_group(Signal::TSTP).map_err(io::Error::from)?;
        self.resume()
    }

    /// Goes on after the process was stopped, by us or by others: the terminal was the shell's meanwhile.
    fn resume(&mut self) -> Result<(), TuiError> {
        self.screen.resume()?;
        let (columns, rows) = self.screen.size()?;
        self.dirty = true;
        self.take(Msg::Resize(columns, rows))
    }

    fn send_asks(&mut self) {
        while let Some(ask) = self.waiting.pop_front() {
            match self.asks.try_send(ask) {
                Ok(()) | Err(TrySendError::Closed(_)) => {}
                Err(TrySendError::Full(ask)) => return self.waiting.push_front(ask),
            }
        }
    }

    /// When something is to be drawn, if nothing else happens before.
    fn next_frame(&self) -> Instant {
        let Some(drawn) = self.drawn else {
            return self.began;
        };
        if self.asked {
            drawn + ANSWER
        } else if self.dirty {
            drawn + FRAME
        } else if self.app.is_ticking() || !self.waiting.is_empty() {
            drawn + TICK
        } else {
            drawn + Duration::from_secs(60)
        }
    }

    fn draw_if_due(&mut self) -> Result<(), TuiError> {
        let now = Instant::now();
        if now < self.next_frame() {
            return Ok(());
        }
        self.screen.draw(&self.app)?;
        self.drawn = Some(now);
        (self.dirty, self.asked) = (false, false);
        let title = self.app.window_title();
        if title != self.title {
            self.screen.set_title(&title)?;
            self.title = title;
        }
        Ok(())
    }
}

/// The next news; never anything once there can be none.
async fn receive(feed: &mut Option<Receiver<Feed>>) -> Option<Feed> {
    match feed {
        Some(feed) => feed.recv().await,
        None => std::future::pending().await,
    }
}
