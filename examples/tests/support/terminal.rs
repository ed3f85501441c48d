//! A terminal with a program in it: keys go in, and what is on its screen comes out.

#![allow(dead_code, reason = "each test uses a part")]

use std::{
    io::{Read as _, Write},
    num::NonZero,
    path::Path,
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    target::{DEADLINE, until},
    viewer::{VARIABLES, viewer},
};

/// A frame is whole where nothing follows for this long; the next one comes later than that.
const QUIET: Duration = Duration::from_millis(20);

/// What is on the screen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Picture {
    pub(crate) rows: Vec<String>,
    /// Whether it is the screen that full-screen programs use.
    pub(crate) alternate: bool,
    pub(crate) cursor_shown: bool,
    /// Whether the program hears of the mouse.
    pub(crate) mouse: bool,
    pub(crate) bracketed_paste: bool,
}

impl Picture {
    pub(crate) fn contains(&self, text: &str) -> bool {
        self.rows.iter().any(|row| row.contains(text))
    }

    /// The row with this text.
    #[track_caller]
    pub(crate) fn row(&self, text: &str) -> &str {
        let row = self.rows.iter().find(|row| row.contains(text));
        row.unwrap_or_else(|| panic!("no {text:?} in\n{self}"))
    }

    /// Where this text is: its column and row.
    #[track_caller]
    pub(crate) fn find(&self, text: &str) -> (usize, usize) {
        let at = |(y, row): (usize, &String)| {
            let before = row.split_once(text)?.0;
            Some((before.chars().count(), y))
        };
        let found = self.rows.iter().enumerate().find_map(at);
        found.unwrap_or_else(|| panic!("no {text:?} in\n{self}"))
    }

    /// The row that is selected, without what marks it; empty where none is.
    pub(crate) fn selected(&self) -> &str {
        let row = self.rows.iter().find_map(|row| row.strip_prefix('▸'));
        row.unwrap_or_default()
    }

    /// The tokio id of the selected task.
    pub(crate) fn selected_id(&self) -> Option<u64> {
        self.selected().split_whitespace().next()?.parse().ok()
    }

    /// The tokio ids of the tasks in the table, from the top.
    pub(crate) fn ids(&self) -> Vec<u64> {
        let head = self.rows.iter().position(|row| row.contains("STATE"));
        let rows = self.rows.iter().skip(head.map_or(0, |head| head + 1));
        let id = |row: &String| {
            let row = row.trim_start_matches('▸');
            row.split_whitespace().next()?.parse().ok()
        };
        rows.map_while(id).collect()
    }
}

impl std::fmt::Display for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.rows.iter().try_for_each(|row| writeln!(f, "|{row}"))
    }
}

struct Seen {
    parser: vt100::Parser,
    /// Nobody looks any more.
    closed: bool,
    /// All that the program has written.
    bytes: Vec<u8>,
}

impl Seen {
    fn picture(&self) -> Picture {
        let screen = self.parser.screen();
        let (_, columns) = screen.size();
        Picture {
            rows: screen.rows(0, columns.get()).collect(),
            alternate: screen.alternate_screen(),
            cursor_shown: !screen.hide_cursor(),
            mouse: screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None,
            bracketed_paste: screen.bracketed_paste(),
        }
    }
}

/// The person's side of the terminal.
struct Window {
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
}

/// A terminal with a program in it, which is killed when this is dropped.
pub(crate) struct Terminal {
    /// Absent once the window was closed.
    window: Option<Window>,
    child: Box<dyn Child + Send + Sync>,
    seen: Arc<(Mutex<Seen>, Condvar)>,
    /// The settings of the line before anything ran, in words.
    line: String,
}

impl Terminal {
    /// `taskscope ARGS` in a terminal of 120×40 for people.
    #[track_caller]
    pub(crate) fn viewer(dir: &Path, args: &[&str]) -> Self {
        Self::start(viewer_command(dir, args), 120, 40)
    }

    /// A program in a terminal of this size.
    #[track_caller]
    pub(crate) fn start(command: CommandBuilder, columns: u16, rows: u16) -> Self {
        let pair = native_pty_system().openpty(size(columns, rows)).unwrap();
        let line = line(&*pair.master);
        let parser = vt100::Parser::new(nonzero(rows), nonzero(columns), 0);
        let seen = Seen {
            parser,
            closed: false,
            bytes: Vec::new(),
        };
        let seen = Arc::new((Mutex::new(seen), Condvar::new()));
        let mut output = pair.master.try_clone_reader().unwrap();
        let see = Arc::clone(&seen);
        // Ends when nobody has the other side open any more.
        thread::spawn(move || {
            let mut buffer = [0; 1 << 16];
            while let Ok(length @ 1..) = output.read(&mut buffer) {
                let mut seen = see.0.lock().unwrap();
                seen.parser.process(&buffer[..length]);
                seen.bytes.extend_from_slice(&buffer[..length]);
                see.1.notify_all();
                if seen.closed {
                    return;
                }
            }
        });
        let child = pair.slave.spawn_command(command).unwrap();
        Self {
            window: Some(Window {
                keys: pair.master.take_writer().unwrap(),
                master: pair.master,
            }),
            child,
            seen,
            line,
        }
    }

    /// Presses keys, as a terminal sends them.
    #[track_caller]
    pub(crate) fn press(&mut self, keys: &str) {
        let window = self.window.as_mut().unwrap();
        window.keys.write_all(keys.as_bytes()).unwrap();
        window.keys.flush().unwrap();
    }

    /// Clicks on a place, counted from 0.
    #[track_caller]
    pub(crate) fn click(&mut self, (x, y): (usize, usize)) {
        let (x, y) = (x + 1, y + 1);
        self.press(&format!("\u{1b}[<0;{x};{y}M\u{1b}[<0;{x};{y}m"));
    }

    /// Makes the window another one.
    #[track_caller]
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        let mut seen = self.seen.0.lock().unwrap();
        seen.parser.set_size(nonzero(rows), nonzero(columns));
        drop(seen);
        let window = self.window.as_ref().unwrap();
        window.master.resize(size(columns, rows)).unwrap();
    }

    /// What is on the screen now.
    pub(crate) fn picture(&self) -> Picture {
        self.seen.0.lock().unwrap().picture()
    }

    /// All that was written so far.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.seen.0.lock().unwrap().bytes.clone()
    }

    /// Waits until the screen is as it should be.
    #[track_caller]
    #[allow(clippy::disallowed_methods)] // a deadline
    pub(crate) fn wait(&self, what: &str, is_so: impl Fn(&Picture) -> bool) -> Picture {
        let deadline = Instant::now() + DEADLINE;
        let mut seen = self.seen.0.lock().unwrap();
        loop {
            let picture = seen.picture();
            if is_so(&picture) {
                // Half a frame may be there; it is whole when nothing follows.
                let (more, rest) = self.seen.1.wait_timeout(seen, QUIET).unwrap();
                if rest.timed_out() {
                    return picture;
                }
                seen = more;
                continue;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                drop(seen);
                panic!("waited in vain for {what}; the screen is\n{picture}");
            }
            // A look now and then, in case the screen is what it is without a change.
            let left = left.min(Duration::from_secs(1));
            seen = self.seen.1.wait_timeout(seen, left).unwrap().0;
        }
    }

    /// Waits until this text is on the screen.
    #[track_caller]
    pub(crate) fn shows(&self, text: &str) -> Picture {
        self.wait(text, |picture| picture.contains(text))
    }

    /// Waits until this text is no longer on the screen.
    #[track_caller]
    pub(crate) fn hides(&self, text: &str) -> Picture {
        self.wait(&format!("no {text}"), |picture| !picture.contains(text))
    }

    /// Sends the program a signal.
    #[track_caller]
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = self.child.process_id().unwrap().try_into().unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Whether the line has the settings that it had before anything ran: echo, whole lines, and so on.
    pub(crate) fn line_is_as_before(&self) -> bool {
        self.line_now() == self.line
    }

    fn line_now(&self) -> String {
        line(&*self.window.as_ref().unwrap().master)
    }

    /// Waits for the program's end.
    #[track_caller]
    pub(crate) fn end(&mut self) -> ExitStatus {
        let mut ended = None;
        until("the end of the program in the terminal", || {
            ended = self.child.try_wait().unwrap();
            ended.is_some()
        });
        ended.unwrap()
    }

    /// Waits until the terminal is as a shell wants it.
    #[track_caller]
    pub(crate) fn is_given_back(&self) -> Picture {
        let picture = self.wait("the shell's screen", |picture| {
            !picture.alternate && picture.cursor_shown && !picture.mouse && !picture.bracketed_paste
        });
        assert!(self.line_is_as_before(), "{}", self.line_now());
        picture
    }

    /// Waits until the viewer has the terminal.
    #[track_caller]
    pub(crate) fn is_taken(&self) -> Picture {
        let picture = self.wait("the viewer's screen", |picture| {
            picture.alternate && !picture.cursor_shown && picture.mouse && picture.bracketed_paste
        });
        assert!(!self.line_is_as_before());
        picture
    }

    /// Closes the window, and waits for the program to end without it.
    #[track_caller]
    pub(crate) fn hang_up(&mut self) -> ExitStatus {
        // What reads closes its side when there is something to read next.
        self.seen.0.lock().unwrap().closed = true;
        self.window = None;
        self.end()
    }

    /// Leaves by the key for it, and makes sure that all is well.
    #[track_caller]
    pub(crate) fn quit(mut self) {
        self.press("q");
        let ended = self.end();
        assert!(ended.success(), "{ended}");
        self.is_given_back();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(pid) = self.child.process_id().and_then(|pid| pid.try_into().ok())
            && let Ok(None) = self.child.try_wait()
        {
            let _ = Pid::from_raw(pid).map(|pid| kill_process(pid, Signal::KILL));
            let _ = self.child.wait();
        }
    }
}

/// `taskscope ARGS` in a plain environment, with the sockets in `dir`. It opens on the tasks, as it does for who asks for
/// an order of them.
pub(crate) fn viewer_command(dir: &Path, args: &[&str]) -> CommandBuilder {
    let mut command = plain(CommandBuilder::new(viewer()));
    command.args(args);
    if !args.contains(&"--sort") {
        command.arg("--sort=-busy");
    }
    command.env("TASKSCOPE_DIR", dir);
    command
}

/// A command in a plain environment.
pub(crate) fn plain(mut command: CommandBuilder) -> CommandBuilder {
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    command.env("TERM", "xterm-256color");
    command.cwd(env!("CARGO_MANIFEST_DIR"));
    command
}

/// Settings of the line, in words: the type is of a crate that the terminal's does not show.
fn line(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().expect("the line's settings"))
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols,
        ..PtySize::default()
    }
}

fn nonzero(number: u16) -> NonZero<u16> {
    NonZero::new(number).unwrap()
}
