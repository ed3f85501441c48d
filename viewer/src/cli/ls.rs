//! `taskscope ls`: the programs on this machine.

use serde::Serialize;
use taskscope_model::Nanos;

use super::args::{Format, LsArgs};
use super::output::Style;
use super::table::{Column, Table};
use super::{Outcome, output, schema};
use crate::client::{Answer, Listing, Process, discover, socket_dir};
use crate::feed::Hello;
use crate::text::{clean, duration};

/// Lists the programs on this machine.
pub(super) async fn run(args: &LsArgs) -> Outcome {
    let listing = discover(&socket_dir()).await;
    match args.format {
        Format::Json => output::print_json(&Ls::of(&listing)),
        Format::Text => output::print(&text(&listing, Style::of_stdout())),
    }
}

fn text(listing: &Listing, style: Style) -> String {
    let dir = listing.dir.display();
    if let Some(trouble) = &listing.trouble {
        return format!("{}\n", clean(trouble));
    }
    if listing.processes.is_empty() {
        return format!(
            "no program with taskscope is to be seen in {dir}; `taskscope demo` shows one\n"
        );
    }
    let column = |title, right, least| Column {
        title,
        right,
        least,
        ..Column::default()
    };
    let columns = vec![
        column("ADDR", false, None),
        column("STATE", false, None),
        column("UP", true, None),
        column("TASKSCOPE", false, None),
        column("NAME", false, Some(8)),
        Column {
            spare: 1,
            ..column("EXECUTABLE", false, Some(12))
        },
    ];
    Table {
        columns,
        rows: listing.processes.iter().map(row).collect(),
    }
    .draw(style)
}

fn row(process: &Process) -> Vec<String> {
    let known = |of: fn(&Hello) -> String| match &process.answer {
        Answer::Hello(hello) => of(hello),
        _ => "?".to_owned(),
    };
    vec![
        format!("pid:{}", process.pid),
        state(&process.answer).0.replace('_', " "),
        known(|hello| duration(Nanos(hello.now_ns))),
        known(|hello| clean(&hello.instrument_version).into_owned()),
        match state(&process.answer).1 {
            Some(why) => why.to_owned(),
            None => known(|hello| clean(&hello.name).into_owned()),
        },
        known(|hello| clean(&hello.executable).into_owned()),
    ]
}

/// The word for an answer, and what there is to say about it.
fn state(answer: &Answer) -> (&'static str, Option<&str>) {
    match answer {
        Answer::Hello(_) => ("ok", None),
        Answer::Silent => ("silent", None),
        Answer::Gone => ("gone", None),
        Answer::NoPermission => ("no_permission", None),
        Answer::Incompatible(why) => ("incompatible", Some(why)),
        Answer::Odd(why) => ("odd", Some(why)),
    }
}

/// The JSON.
#[derive(Debug, Serialize)]
struct Ls<'a> {
    schema: &'static str,
    dir: String,
    trouble: Option<&'a str>,
    processes: Vec<Row<'a>>,
}

#[derive(Debug, Serialize)]
struct Row<'a> {
    pid: u32,
    address: String,
    socket: String,
    state: &'static str,
    detail: Option<&'a str>,
    name: Option<&'a str>,
    executable: Option<&'a str>,
    session_id: Option<String>,
    protocol_version: Option<u32>,
    instrument_version: Option<&'a str>,
    started_unix_ns: Option<u64>,
    up_ns: Option<u64>,
}

impl<'a> Ls<'a> {
    fn of(listing: &'a Listing) -> Self {
        Self {
            schema: schema::LS,
            dir: listing.dir.display().to_string(),
            trouble: listing.trouble.as_deref(),
            processes: listing.processes.iter().map(Row::of).collect(),
        }
    }
}

impl<'a> Row<'a> {
    fn of(process: &'a Process) -> Self {
        let hello = match &process.answer {
            Answer::Hello(hello) => Some(&**hello),
            _ => None,
        };
        let (state, detail) = state(&process.answer);
        Self {
            pid: process.pid,
            address: format!("pid:{}", process.pid),
            socket: process.socket.display().to_string(),
            state,
            detail,
            name: hello.map(|hello| hello.name.as_str()),
            executable: hello
                .map(|hello| hello.executable.as_str())
                .filter(|path| !path.is_empty()),
            session_id: hello.map(|hello| hello.session.to_string()),
            protocol_version: hello.map(|hello| hello.protocol_version),
            instrument_version: hello.map(|hello| hello.instrument_version.as_str()),
            started_unix_ns: hello.map(|hello| hello.started_unix_ns),
            up_ns: hello.map(|hello| hello.now_ns),
        }
    }
}
