//! The text that explains filters of resources.

/// What filters of resources ask for, in at most 80 columns; how terms are written is told in
/// [`FILTER_HELP`](crate::query::FILTER_HELP).
pub const RESOURCE_FILTER_HELP: &str = "\
Filters of resources are written in the same way, with fields of their own.

  cache                in the kind or the place
  kind:mutex           Mutex RwLock Semaphore mpsc oneshot Barrier OnceCell
  loc:cache.rs:9       in the file:line where it was made
  holder:17            held by this task; waiter:17 for what it waits for
  waiters>0            counts: waiters, holders, free, acquired, waits,
                       abandoned, across (awaits), cancelled
  held>1s              times: held and waiting (now, by the longest),
                       longest (wait), hold (the longest), waited (all), age
  id:3                 the id of the resource
";

#[cfg(test)]
mod tests {
    use super::RESOURCE_FILTER_HELP;
    use crate::query::{ResourceColumn, ResourceFilter};

    #[test]
    fn every_example_is_a_filter_and_every_number_is_told_of() {
        let mut examples = 0;
        for line in RESOURCE_FILTER_HELP.lines() {
            assert!(line.chars().count() <= 80, "{line}");
            let Some(line) = line
                .strip_prefix("  ")
                .filter(|line| !line.starts_with(' '))
            else {
                continue;
            };
            let example = line.split_once("  ").map_or(line, |(example, _)| example);
            assert!(example.parse::<ResourceFilter>().is_ok(), "{example}");
            examples += 1;
        }
        assert_eq!(examples, 7);
        for column in ResourceColumn::ALL {
            assert!(RESOURCE_FILTER_HELP.contains(column.name()), "{column}");
        }
    }
}
