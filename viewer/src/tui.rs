//! The interactive viewer, in Elm shape: [`update`] turns a [`Msg`] into a new [`App`] and [`Effect`]s, [`draw`] is a
//! function of the app, and [`run`] alone owns the terminal, the channels and the clock.
//!
//! Reading order: `msg` (what comes in and goes out), `app` (what there is), `update` (what happens), `view` (how it
//! looks), `run` (the loop). `picture` holds the world that is on screen, `table` and `cursor` the rows of it.
//!
//! Deliberately absent: sockets and the protocol, which are on the other side of [`feed`](crate::feed); widgets with
//! state of their own; a clock anywhere but in `run`.

mod app;
mod cursor;
mod detail;
mod groups;
mod keys;
mod link;
mod msg;
mod picker;
mod picture;
mod problems;
mod prompt;
mod resources;
mod run;
mod sources;
mod stacks;
mod table;
mod terminal;
#[cfg(test)]
mod tests;
mod theme;
mod thing;
mod update;
mod view;
mod walk;

pub use app::{App, Options};
pub use msg::{Effect, Msg};
pub use run::run;
pub use sources::SourceLine;
pub use terminal::TuiError;
pub use theme::{Theme, UnknownTheme};
pub use update::update;
pub use view::draw;
