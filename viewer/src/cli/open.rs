//! `taskscope [ADDR]`: the viewer on a screen.

use std::io::IsTerminal;
use std::process::ExitCode;

use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::args::{Choice, Looks, ViewArgs};
use super::failure::Failure;
use super::tasks::Question;
use super::{Outcome, pick};
use crate::client::{Address, Sketching, WatchOptions, discover, socket_dir, watch};
use crate::tui::{self, Options, Theme};

/// News that wait to be drawn. A full queue makes the target merge what it has to tell, so a long one would only be old.
const QUEUE: usize = 16;

/// Opens the screen on the program at `address`, or on the only one, or on one that is picked.
pub(super) fn run(
    address: Option<Address>,
    choice: &Choice,
    looks: &Looks,
    runtime: &Runtime,
) -> Outcome {
    let terminal = need_terminal("taskscope tasks")?;
    // What is written wrongly is said before the screen is taken.
    read(choice)?;
    // Who named no process means the program, which may be started again while it is looked at.
    let follow_restart = address.is_none();
    let address = match address {
        Some(address) => address,
        None => match choose(runtime)? {
            Some(address) => address,
            None => return Ok(ExitCode::SUCCESS),
        },
    };
    screen(terminal, &address, follow_restart, choice, looks, runtime)
}

/// Proof that there is a terminal to draw on.
pub(super) struct Terminal(());

/// Makes sure that there is a terminal; `instead` is the command that needs none.
pub(super) fn need_terminal(instead: &str) -> Result<Terminal, Failure> {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return Err(Failure::Usage(format!(
            "the screen needs a terminal, and the standard output or input is none: `{instead}` prints the tasks instead"
        )));
    }
    // Such a one would show the commands that draw a screen as text.
    if std::env::var_os("TERM").is_some_and(|term| term == "dumb") {
        return Err(Failure::Usage(format!(
            "this terminal can't draw a screen (TERM is `dumb`): `{instead}` prints the tasks instead"
        )));
    }
    Ok(Terminal(()))
}

/// The viewer on the program at `address`, until the person leaves it.
pub(super) fn screen(
    _: Terminal,
    address: &Address,
    follow_restart: bool,
    choice: &Choice,
    looks: &Looks,
    runtime: &Runtime,
) -> Outcome {
    let question = read(choice)?;
    let options = WatchOptions {
        interval: looks.interval.unwrap_or_default().0,
        filter: question.only.to_string(),
        sketching: Sketching::Asked,
        follow_restart,
    };
    let (feed, news) = mpsc::channel(QUEUE);
    let (asks, asked) = mpsc::channel(QUEUE);
    runtime.spawn(watch(address.clone(), options, feed, asked));
    let theme = match &looks.theme {
        Some(theme) => *theme,
        None => Theme::from_environment(),
    };
    let options = Options {
        address: address.to_string(),
        theme,
        // Only what was asked for: who does so wants to see tasks first.
        order: question.order().filter(|_| choice.sort.is_some()),
        filter: Some(question.own).filter(|filter| !filter.is_empty()),
        only: question.only,
    };
    runtime.block_on(tui::run(news, asks, options))?;
    Ok(ExitCode::SUCCESS)
}

fn read(choice: &Choice) -> Result<Question, Failure> {
    Question::read(choice, &ViewArgs::default())
}

/// The only program there is, or the one that the person picks; `None` where they leave without picking one.
fn choose(runtime: &Runtime) -> Result<Option<Address>, Failure> {
    let dir = socket_dir();
    let listing = runtime.block_on(discover(&dir));
    match listing.watchable().count() {
        0 => Err(Failure::Nobody(listing)),
        1 => Ok(listing
            .watchable()
            .next()
            .map(|(process, _)| Address::Socket(process.socket.clone()))),
        _ => Ok(pick::run(listing, runtime)?.map(Address::Socket)),
    }
}
