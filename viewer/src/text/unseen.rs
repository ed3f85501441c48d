//! What a target can't tell of, in words: silence about it is no good news.

use taskscope_model::World;

use super::{clean, count};
use crate::feed::Hello;

/// What is not seen where a source is missing.
const SOURCES: [(&str, &str); 6] = [
    (
        "tasks",
        "tasks: this target does not tell of them, so nothing can be found",
    ),
    (
        "polls",
        "polls: long ones, starved tasks, wakes without progress",
    ),
    ("wakes", "wakes: starved tasks, wakes without progress"),
    (
        "wakers",
        "wakers: tasks that nothing can wake any more, and whether a wait is the only one",
    ),
    (
        "locks",
        "locks: who holds a Mutex or an RwLock and who waits for it, so no deadlock",
    ),
    (
        "permits",
        "permits: who holds a Semaphore or fills a channel and who waits for it",
    ),
];

/// What the target can't tell of, and what it missed; nothing where all is seen. Safe for a terminal.
#[must_use]
pub fn unseen(hello: &Hello, world: &World) -> Vec<String> {
    let told = |name: &str| {
        hello
            .sources
            .iter()
            .any(|source| source.name == name && source.active)
    };
    let missing = SOURCES.iter().filter(|(name, _)| !told(name));
    let mut lines: Vec<_> = missing.map(|(_, what)| (*what).to_owned()).collect();
    let mut say = |n: u64, what: &str| {
        if n > 0 {
            lines.push(format!("{} {what}", count(n)));
        }
    };
    say(
        hello.setup.tasks_before,
        "tasks that are older than taskscope there",
    );
    say(
        world.totals().untracked,
        "tasks that found the target's table full",
    );
    lines.extend(
        hello
            .setup
            .problems
            .iter()
            .map(|problem| clean(problem).into_owned()),
    );
    lines
}

#[cfg(test)]
mod tests {
    use taskscope_model::World;

    use super::unseen;
    use crate::feed::{Hello, Source};

    #[test]
    fn what_is_not_told_is_named() {
        let source = |name: &str| Source {
            name: name.to_owned(),
            active: true,
            ..Source::default()
        };
        let all = ["tasks", "polls", "wakes", "wakers", "locks", "permits"];
        let mut hello = Hello {
            sources: all.map(source).to_vec(),
            ..Hello::default()
        };
        assert_eq!(unseen(&hello, &World::new()), Vec::<String>::new());
        hello.sources.retain(|source| source.name != "permits");
        hello.sources[4].active = false;
        hello.setup.tasks_before = 3;
        hello.setup.problems = vec!["no \u{1b} port".to_owned()];
        let lines = unseen(&hello, &World::new());
        assert_eq!(lines.len(), 4, "{lines:?}");
        assert!(lines[0].starts_with("locks: ") && lines[1].starts_with("permits: "));
        assert_eq!(lines[2], "3 tasks that are older than taskscope there");
        assert_eq!(lines[3], "no ␛ port");
    }
}
