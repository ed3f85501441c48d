//! A target that can't tell: what keeps it from that is said.

use crate::command::run;
use crate::target::Target;
use crate::{dir, scenes};

#[test]
fn a_doctor_that_finds_something_says_so_with_its_exit_code() {
    let dir = dir();
    let mut script = scenes::shop();
    for source in &mut script.hello.sources {
        (source.events, source.trial_events) = (0, 0);
    }
    if let Some(setup) = &mut script.hello.setup {
        setup.tokio_unstable = false;
    }
    let _target = Target::start(dir.path(), 4242, script);
    let ran = run(dir.path(), &["doctor"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(1), ""));
    assert!(
        ran.stdout
            .contains(r#"rustflags = ["--cfg", "tokio_unstable"]"#),
        "{ran:?}"
    );
    let json = run(dir.path(), &["doctor", "--format=json"]);
    assert_eq!(
        (json.code, json.json()["advice"][0]["code"].as_str()),
        (Some(1), Some("tokio_unstable"))
    );
}
