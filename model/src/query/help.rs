//! The text that explains the language of filters.

/// The language of filters, explained on one screen of 80 columns. Examples stand in lines that begin with two spaces,
/// up to the next two spaces.
pub const FILTER_HELP: &str = "\
A filter is a list of terms; a task is shown if it meets all of them.

  handle               in the name or the place, or the id; any case
  name:conn            in the name that the app gave the task
  loc:handler.rs:42    in the file:line where it was spawned
  at:worker.rs:71      in a frame of where it waits: its file:line, or function
  state:idle           scheduled (sched) running (run) idle done cancelled
                       panicked; live (the first 3), ended (the last 3)
  kind:blocking        task local blocking block_on unknown; runtime:2, from 1
  id:17                the id that tokio prints; parent:17 for its children
  polls>1k             counts: polls, wakes, self (wakes by itself), wakers
  busy>100ms           times: busy, sched, idle, age, for (in its state);
                       ns us ms s m h d, as in 1.5s or 2m10s
  size>=2KiB           bytes of its future; k M G, KiB MiB GiB

Numbers are compared with  >  <  >=  <=  =  and no spaces around.

  -state:idle          not (also !state:idle)
  state:idle|running   one of several values
  name:\"read loop\"     quotes keep spaces, and | : > as they are; \\\" is a quote
  state:running busy>100ms loc:handler.rs

What is not known of a task matches nothing: size>1 leaves out an unknown size.
";

#[cfg(test)]
mod tests {
    use super::FILTER_HELP;
    use crate::query::Filter;

    #[test]
    fn every_example_is_a_filter() {
        let examples: Vec<_> = FILTER_HELP
            .lines()
            .filter_map(|line| {
                line.strip_prefix("  ")
                    .filter(|line| !line.starts_with(' '))
            })
            .map(|line| line.split_once("  ").map_or(line, |(example, _)| example))
            .collect();
        assert_eq!(examples.len(), 14, "{examples:#?}");
        // Those within sentences: what has a colon or a comparison with something on both sides.
        let in_sentences: Vec<_> = FILTER_HELP
            .split_whitespace()
            .map(|word| word.trim_matches(['(', ')', ',', ';', '.']))
            .filter(|word| {
                let sign = word.find([':', '>', '<', '=']);
                sign.is_some_and(|i| i > 0 && !word[i..].ends_with([':', '>', '<', '=']))
            })
            .filter(|word| !word.contains("file:line") && !word.contains('"'))
            .collect();
        for inner in ["!state:idle", "parent:17", "size>1"] {
            assert!(in_sentences.contains(&inner), "{in_sentences:#?}");
        }
        for example in examples.into_iter().chain(in_sentences) {
            if let Err(error) = example.parse::<Filter>() {
                panic!("{example}: {error}");
            }
        }
    }

    #[test]
    fn it_fits_a_screen() {
        assert!(FILTER_HELP.lines().count() <= 23);
        assert!(
            FILTER_HELP.lines().all(|line| line.chars().count() <= 80),
            "{FILTER_HELP}"
        );
    }
}
