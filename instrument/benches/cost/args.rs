//! The command line of the benchmark.

use std::time::Duration;

use crate::variant::Variant;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
Measures what taskscope costs the program that it watches: cargo bench -p taskscope -- [OPTIONS]

  --rounds N          processes measured of each variant (default 5); memory takes at most 2 of them
  --quick             the same as --rounds 2, and memory once
  --variants LIST     of plain,traced,bare,tasks,locks,taskscope,console (default: all)
  --ops LIST          of poll,yield,spawn,pingpong,mutex,mpsc,oneshot,sleep (default: all), or `none`
  --runtimes LIST     of current,multi (default: both; multi has 2 workers)
  --tasks LIST        how many idle tasks memory is measured with (default 100000,1000000), or `none`
  --settle SECONDS    rest between the last spawn and the look at memory (default 3)
  --viewer PATH       also measure memory while this program runs beside the taskscope process, again and again
  --viewer-args ARGS  its arguments, split at spaces; {pid} becomes the process watched
                      (default: tasks pid:{pid} --format json)
  --check             fail if taskscope exceeds its limits
  --help              this text

Times are nanoseconds per operation, medians over the processes: on the wall clock (the best of 15 repetitions); of CPU
time of the one thread of a current_thread runtime, which other processes do not disturb; of CPU time of the whole
process, background threads included. `×` is the median of the rounds' ratios to `traced`.";

const OPS: [&str; 8] = [
    "poll", "yield", "spawn", "pingpong", "mutex", "mpsc", "oneshot", "sleep",
];
const RUNTIMES: [&str; 2] = ["current", "multi"];

/// What to measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Args {
    /// Processes of each variant; at least 1.
    pub(crate) rounds: usize,
    /// In the order of the tables.
    pub(crate) variants: Vec<Variant>,
    /// Empty if no speed is to be measured.
    pub(crate) ops: Vec<String>,
    /// `current`, `multi` or both.
    pub(crate) runtimes: Vec<String>,
    /// Empty if no memory is to be measured.
    pub(crate) tasks: Vec<u64>,
    /// Between the last spawn and the look at memory.
    pub(crate) settle: Duration,
    /// What to run beside the process while its memory is measured.
    pub(crate) viewer: Option<Viewer>,
    /// Whether an exceeded limit is a failure.
    pub(crate) check: bool,
}

/// A program to run beside the watched process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Viewer {
    /// What to run.
    pub(crate) path: String,
    /// `{pid}` stands for the process watched.
    pub(crate) args: Vec<String>,
}

impl Args {
    /// Parses what came after the program's name; `None` if there is nothing to measure: help was asked for, or the
    /// program was not started by `cargo bench` (`cargo test --benches` runs it too, and must stay quick).
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut args = Self {
            rounds: 5,
            variants: Variant::ALL.to_vec(),
            ops: OPS.map(String::from).to_vec(),
            runtimes: RUNTIMES.map(String::from).to_vec(),
            tasks: vec![100_000, 1_000_000],
            settle: Duration::from_secs(3),
            viewer: None,
            check: false,
        };
        let mut viewer_args = None;
        let (mut benching, mut help) = (false, false);
        let mut words = words;
        while let Some(word) = words.next() {
            let mut value = || {
                words
                    .next()
                    .ok_or_else(|| format!("`{word}` needs a value"))
            };
            match word.as_str() {
                "--bench" => benching = true,
                "--help" | "-h" => help = true,
                "--quick" => args.rounds = 2,
                "--check" => args.check = true,
                "--rounds" => args.rounds = at_least_one(&value()?)?,
                "--variants" => args.variants = variants(&value()?)?,
                "--ops" => args.ops = chosen(&value()?, &OPS)?,
                "--runtimes" => args.runtimes = chosen(&value()?, &RUNTIMES)?,
                "--tasks" => args.tasks = counts(&value()?)?,
                "--settle" => args.settle = seconds(&value()?)?,
                "--viewer" => {
                    args.viewer = Some(Viewer {
                        path: value()?,
                        args: Vec::new(),
                    })
                }
                "--viewer-args" => viewer_args = Some(value()?),
                other => return Err(format!("there is no option `{other}`")),
            }
        }
        match (&mut args.viewer, viewer_args) {
            (Some(viewer), line) => {
                let line = line.as_deref().unwrap_or("tasks pid:{pid} --format json");
                viewer.args = line.split_whitespace().map(String::from).collect();
            }
            (None, Some(_)) => return Err("`--viewer-args` needs `--viewer`".into()),
            (None, None) => {}
        }
        if help {
            println!("{HELP}");
            return Ok(None);
        }
        Ok(benching.then_some(args))
    }

    /// Memory differs little from run to run, and a run is long.
    pub(crate) fn memory_rounds(&self) -> usize {
        if self.rounds > 2 { 2 } else { 1 }
    }
}

fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .filter(|word| !word.is_empty() && *word != "none")
}

fn chosen(text: &str, known: &[&str]) -> Result<Vec<String>, String> {
    match list(text).find(|word| !known.contains(word)) {
        Some(unknown) => Err(format!("`{unknown}` is none of {}", known.join(", "))),
        None => Ok(list(text).map(String::from).collect()),
    }
}

fn variants(text: &str) -> Result<Vec<Variant>, String> {
    let mut variants = list(text)
        .map(str::parse)
        .collect::<Result<Vec<Variant>, _>>()?;
    variants.sort();
    variants.dedup();
    if variants.is_empty() {
        Err("`--variants` names none".into())
    } else {
        Ok(variants)
    }
}

fn counts(text: &str) -> Result<Vec<u64>, String> {
    list(text)
        .map(|word| match word.replace('_', "").parse() {
            Ok(count) if count > 0 => Ok(count),
            _ => Err(format!("`{word}` is no number of tasks")),
        })
        .collect()
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|&rounds| rounds > 0)
        .ok_or_else(|| format!("`{text}` is no number of rounds"))
}

fn seconds(text: &str) -> Result<Duration, String> {
    text.trim_end_matches('s')
        .parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| format!("`{text}` is no number of seconds"))
}
