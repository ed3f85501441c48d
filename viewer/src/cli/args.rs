//! What can be written on the command line.

mod spell;

use clap::{Args, Parser, Subcommand, ValueEnum};
use taskscope_model::query::{Column, FILTER_HELP, RESOURCE_FILTER_HELP};

use crate::client::Address;
use crate::tui::Theme;

pub(super) use spell::{FailOn, Interval, Length};

/// See every task of a running tokio program: what it is doing, for how long, how often it is polled, who wakes it.
///
/// Without a command it opens the program at ADDR on a screen of its own, or the only one there is, or lets you pick one.
#[derive(Debug, Parser)]
#[command(
    name = "taskscope",
    version,
    max_term_width = 100,
    after_help = "\
Examples:
  taskscope                          watch the only program there is, or pick one
  taskscope pid:4242                 watch that one
  taskscope tasks --sort -busy       print its tasks, the busiest first
  taskscope tasks --filter 'state:idle idle>10s'
  taskscope findings                 what is wrong with it
  taskscope check --for 10s          watch it, and fail where something is wrong
  taskscope doctor                   what the program can tell, and what to change to get the rest
  taskscope demo                     try it on a program of ours

Exit codes: 0 all is well, 1 something was found, 2 wrong usage, 3 no connection.",
    subcommand_help_heading = "Commands"
)]
pub(super) struct Cli {
    /// The program to watch: a socket's path, `pid:N`, or `http://host:port`. Without it, the only one there is.
    #[arg(value_name = "ADDR")]
    pub(super) address: Option<Address>,
    #[command(flatten)]
    pub(super) choice: Choice,
    #[command(flatten)]
    pub(super) looks: Looks,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// Which tasks are shown, and in which order.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct Choice {
    /// Show only tasks that match; `taskscope filters` explains the language.
    #[arg(
        long,
        value_name = "FILTER",
        default_value = "",
        hide_default_value = true
    )]
    pub(super) filter: String,
    /// Sort by this column, downwards with a `-` before it [default: -busy].
    #[arg(long, value_name = "[-]COLUMN", allow_hyphen_values = true)]
    pub(super) sort: Option<String>,
    /// Have the program tell only the tasks that match. For programs with very many tasks: what does not match can't be
    /// shown without asking again, only its totals are known.
    #[arg(
        long,
        value_name = "FILTER",
        default_value = "",
        hide_default_value = true
    )]
    pub(super) only: String,
}

/// How the screen is drawn.
#[derive(Args, Clone, Debug)]
pub(super) struct Looks {
    /// Least time between two updates, from 10ms to 60s [default: 200ms].
    #[arg(long, value_name = "TIME")]
    pub(super) interval: Option<Interval>,
    /// Colours of the screen: dark, light or mono [default: dark, or mono where NO_COLOR is set].
    #[arg(long, value_name = "THEME")]
    pub(super) theme: Option<Theme>,
}

impl Cli {
    /// The first option that stands before a command, where each command takes its own.
    pub(super) fn misplaced(&self) -> Option<&'static str> {
        let (choice, looks) = (&self.choice, &self.looks);
        let given = [
            ("--filter", !choice.filter.is_empty()),
            ("--sort", choice.sort.is_some()),
            ("--only", !choice.only.is_empty()),
            ("--interval", looks.interval.is_some()),
            ("--theme", looks.theme.is_some()),
        ];
        let first = given.iter().find(|(_, given)| *given);
        first
            .filter(|_| self.command.is_some())
            .map(|(name, _)| *name)
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the programs on this machine that can be watched
    #[command(after_help = "\
Looks for the sockets of this user's programs and asks each who it is, for a second at most.

Examples:
  taskscope ls
  taskscope ls --format json | jq -r '.processes[].address'")]
    Ls(LsArgs),
    /// Print the tasks of a program as they are now
    #[command(after_help = "\
Examples:
  taskscope tasks                                     the busiest first
  taskscope tasks pid:4242 --sort -for --limit 20     longest in their state first
  taskscope tasks --filter 'state:running busy>100ms' what blocks a worker?
  taskscope tasks --group                             totals by the place where tasks are spawned
  taskscope tasks --columns id,name,wakes,self,wakers
  taskscope tasks --format json | jq '.tasks[] | select(.polls == 0)'
")]
    Tasks(TasksArgs),
    /// Say what is wrong with a program now, with the evidence and what to do
    #[command(after_help = "\
Findings that are over are listed too, for as long as the program keeps them. Ends with 0 whether or not there are any:
`taskscope check` is for scripts that want to know.

Examples:
  taskscope findings
  taskscope findings --format json | jq '.findings[] | select(.cleared_ns == null) | .summary'")]
    Findings(FindingsArgs),
    /// Print who holds which lock, permit or channel, and who waits for it
    #[command(after_help = "\
Examples:
  taskscope resources                                   what most wait for first
  taskscope resources --filter 'waiters>0 kind:mutex held>1s'
  taskscope resources --sort -longest --limit 10
  taskscope resources --format json | jq '.resources[] | select(.waiting_total > 0)'")]
    Resources(ResourcesArgs),
    /// Print at which places in the source tasks wait, and how many at each
    #[command(after_help = "\
Tasks that wait at the same places are one line: ten thousand idle connections are one line with a count. The innermost line
of the program's own code stands first, behind it what called it.

Examples:
  taskscope stacks                                      where most tasks wait first
  taskscope stacks --filter 'idle>10s'
  taskscope stacks --filter at:worker.rs --limit 5
  taskscope stacks --format json | jq '.groups[] | {count, at: .awaits[0].frames[0]}'")]
    Stacks(StacksArgs),
    /// Watch a program for a while, and fail where something is wrong
    #[command(after_help = "\
What stood at any moment of the watch counts, also what was cleared meanwhile.

Exit codes: 0 nothing of the tiers given, 1 something of them, 2 wrong usage, 3 no connection, or none to the end.

Examples:
  taskscope check --for 10s
  taskscope check pid:4242 --for 1m --fail-on proven
  taskscope check --for 5s --fail-on none --format json > findings.json")]
    Check(CheckArgs),
    /// Tell what a rule looks for, why that is wrong, and what to do
    #[command(after_help = "\
Examples:
  taskscope explain deadlock
  taskscope explain --list")]
    Explain(ExplainArgs),
    /// Say what a program can tell, and what to change to get the rest
    #[command(after_help = "\
Each source counts as proven where an event of it arrived: from the program, or from the trial that its taskscope makes
at start-up. Ends with 0 where all is proven and nothing is to be changed, with 1 otherwise.

Examples:
  taskscope doctor
  taskscope doctor http://localhost:6670 --format json")]
    Doctor(DoctorArgs),
    /// Start a program of ours and open the viewer on it
    #[command(after_help = "\
The program serves requests that it sends to itself; it ends with the viewer.

Examples:
  taskscope demo
  taskscope demo --headless      print its tasks once, without a screen")]
    Demo(DemoArgs),
    /// Explain the language of filters
    #[command(long_about = filters_help())]
    Filters,
    /// Print the JSON Schema of an output
    #[command(after_help = "\
Examples:
  taskscope schema tasks > tasks.schema.json")]
    Schema(SchemaArgs),
    /// Print a script that completes arguments in a shell
    #[command(after_help = "\
Examples:
  taskscope completions bash > ~/.local/share/bash-completion/completions/taskscope
  taskscope completions fish > ~/.config/fish/completions/taskscope.fish
  taskscope completions zsh  > ~/.zfunc/_taskscope")]
    Completions(CompletionsArgs),
}

/// Arguments of `ls`.
#[derive(Args, Debug)]
pub(super) struct LsArgs {
    /// A table for people, or JSON (see `taskscope schema ls`).
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: Format,
}

/// Arguments of `tasks`.
#[derive(Args, Clone, Debug)]
pub(super) struct TasksArgs {
    /// A socket's path, `pid:N`, or `http://host:port`. Without it, the only program there is.
    #[arg(value_name = "ADDR")]
    pub(super) address: Option<Address>,
    #[command(flatten)]
    pub(super) choice: Choice,
    #[command(flatten)]
    pub(super) view: ViewArgs,
}

/// How tasks are printed.
#[derive(Args, Clone, Debug, Default)]
pub(super) struct ViewArgs {
    /// A table for people, or JSON (see `taskscope schema tasks`).
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: Format,
    /// Print at most this many.
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<usize>,
    /// Add tasks up by the place where they were spawned, ended ones included.
    #[arg(long)]
    pub(super) group: bool,
    /// The columns of the table, separated by commas. Columns that were named are never left out for want of room.
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', value_parser = column, conflicts_with = "group")]
    pub(super) columns: Vec<Column>,
    /// List ended tasks too. They are also listed where the filter asks for them, as `state:done` does.
    #[arg(long)]
    pub(super) ended: bool,
    /// Tell percentiles of poll times and of the waits for a worker.
    #[arg(long, conflicts_with = "group")]
    pub(super) percentiles: bool,
}

/// Arguments of `doctor`.
#[derive(Args, Debug)]
pub(super) struct DoctorArgs {
    /// A socket's path, `pid:N`, or `http://host:port`. Without it, the only program there is.
    #[arg(value_name = "ADDR")]
    pub(super) address: Option<Address>,
    /// Text for people, or JSON (see `taskscope schema doctor`).
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: Format,
}

/// Arguments of `findings`.
#[derive(Args, Debug)]
pub(super) struct FindingsArgs {
    /// A socket's path, `pid:N`, or `http://host:port`. Without it, the only program there is.
    #[arg(value_name = "ADDR")]
    pub(super) address: Option<Address>,
    /// Text for people, or JSON (see `taskscope schema findings`).
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: Format,
}

/// Arguments of `resources`.
#[derive(Args, Debug)]
pub(super) struct ResourcesArgs {
    /// A socket's path, `pid:N`, or `http://host:port`. Without it, the only program there is.
    #[arg(value_name = "ADDR")]
    pub(super) address: Option<Address>,
    /// Show only resources that match; `taskscope filters` explains the language.
    #[arg(
        long,
        value_name = "FILTER",
        default_value = "",
        hide_default_value = true
    )]
    pub(super) filter: String,
    /// Sort by this column, downwards with a `-` before it [default: -waiters].
    #[arg(long, value_name = "[-]COLUMN", allow_hyphen_values = true)]
    pub(super) sort: Option<String>,
    /// A table for people, or JSON (see `taskscope schema resources`).
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: Format,
    /// Print at most this many.
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<usize>,
}

/// Arguments of `stacks`.
#[derive(Args, Debug)]
pub(super) struct StacksArgs {
    /// A socket's path, `pid:N`, or `http://host:port`. Without it, the only program there is.
    #[arg(value_name = "ADDR")]
    pub(super) address: Option<Address>,
    /// Count only tasks that match; `taskscope filters` explains the language.
    #[arg(
        long,
        value_name = "FILTER",
        default_value = "",
        hide_default_value = true
    )]
    pub(super) filter: String,
    /// A table for people, or JSON (see `taskscope schema stacks`).
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: Format,
    /// Print at most this many groups.
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<usize>,
}

/// Arguments of `check`.
#[derive(Args, Clone, Debug)]
pub(super) struct CheckArgs {
    /// A socket's path, `pid:N`, or `http://host:port`. Without it, the only program there is.
    #[arg(value_name = "ADDR")]
    pub(super) address: Option<Address>,
    /// How long to watch, from 10ms to 60m.
    #[arg(long = "for", value_name = "TIME", default_value = "10s")]
    pub(super) length: Length,
    /// The tiers that make it fail, separated by commas: proven, persistent, statistical; or none.
    #[arg(long, value_name = "TIERS", default_value = "proven,persistent")]
    pub(super) fail_on: FailOn,
    /// Least time between two updates, from 10ms to 60s [default: 200ms].
    #[arg(long, value_name = "TIME")]
    pub(super) interval: Option<Interval>,
    /// Count what was cleared before the watch began too.
    #[arg(long)]
    pub(super) past: bool,
    /// Text for people, or JSON (see `taskscope schema check`).
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: Format,
}

/// Arguments of `explain`.
#[derive(Args, Debug)]
pub(super) struct ExplainArgs {
    /// The rule, as findings name it.
    #[arg(value_name = "RULE", required_unless_present = "list")]
    pub(super) rule: Option<String>,
    /// List all rules.
    #[arg(long, conflicts_with = "rule")]
    pub(super) list: bool,
    /// Text for people, or JSON (see `taskscope schema explain`).
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: Format,
}

/// Arguments of `demo`.
#[derive(Args, Debug)]
pub(super) struct DemoArgs {
    /// Arguments for the program.
    #[arg(value_name = "ARGS", last = true)]
    pub(super) args: Vec<String>,
    /// Print the program's tasks once, as `taskscope tasks` does, instead of opening a screen.
    #[arg(long)]
    pub(super) headless: bool,
    #[command(flatten)]
    pub(super) choice: Choice,
    #[command(flatten)]
    pub(super) looks: Looks,
    #[command(flatten)]
    pub(super) view: ViewArgs,
}

/// Arguments of `schema`.
#[derive(Args, Debug)]
pub(super) struct SchemaArgs {
    /// The command whose JSON is meant.
    #[arg(value_name = "COMMAND")]
    pub(super) of: Documented,
}

/// Arguments of `completions`.
#[derive(Args, Debug)]
pub(super) struct CompletionsArgs {
    /// The shell.
    pub(super) shell: clap_complete::Shell,
}

/// How a command prints what it has to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// A command whose JSON has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Documented {
    /// `taskscope ls`
    Ls,
    /// `taskscope tasks`
    Tasks,
    /// `taskscope findings`
    Findings,
    /// `taskscope resources`
    Resources,
    /// `taskscope stacks`
    Stacks,
    /// `taskscope check`
    Check,
    /// `taskscope explain`
    Explain,
    /// `taskscope doctor`
    Doctor,
}

/// The languages of filters.
pub(super) fn filters_help() -> String {
    format!("{FILTER_HELP}\n{RESOURCE_FILTER_HELP}")
}

fn column(text: &str) -> Result<Column, String> {
    text.trim().parse().map_err(|error| {
        let all: Vec<_> = Column::ALL.iter().map(|column| column.name()).collect();
        format!("{error}; there are {}", all.join(", "))
    })
}

#[cfg(test)]
mod tests;
