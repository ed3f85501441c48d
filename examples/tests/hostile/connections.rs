//! Who connects: those that babble, are silent, are many, or ask for what can't be.

use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

use taskscope_proto::v1::{self, taskscope_client::TaskscopeClient};
use tokio::{runtime::Runtime, task::JoinSet, time::timeout};
use tonic::{
    Code, Status, Streaming,
    transport::{Channel, Endpoint},
};

use crate::{
    target::{DEADLINE, Target, folder, until},
    viewer::run,
};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Says something, and returns what is answered until the target closes the connection.
fn say(socket: &Path, words: &[u8]) -> Vec<u8> {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    // The target may have had enough before all is said, and a reset is as good an end as any.
    let _ = stream.write_all(words);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    loop {
        match stream.read(&mut part) {
            Ok(0) => return answer,
            Ok(length) => answer.extend_from_slice(&part[..length]),
            Err(error) => {
                let hangs = matches!(
                    error.kind(),
                    std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
                );
                assert!(!hangs, "the target keeps the connection");
                return answer;
            }
        }
    }
}

/// Makes sure that a viewer sees the target's tasks.
#[track_caller]
fn is_watched(target: &Target, dir: &Path) {
    until("its tasks in a viewer", || {
        let ran = run(dir, &["tasks", target.address()]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran.stdout.contains("rounds")
    });
}

#[test]
fn garbage_and_other_protocols_only_close_their_connection() {
    let dir = folder();
    let mut target = Target::hostile("", dir.path());
    let mut random = fastrand::Rng::with_seed(7);
    let mut garbage = vec![0; 100_000];
    random.fill(&mut garbage);
    let after_preface = [PREFACE, &garbage].concat();
    let huge_frame = [PREFACE, b"\xff\xff\xff\x00\x00\x00\x00\x00\x01", &garbage].concat();
    let cases: [&[u8]; 7] = [
        &garbage,
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        &PREFACE[..10],
        &after_preface,
        &huge_frame,
        b"",
    ];
    for words in cases {
        say(&target.socket, words);
        target.goes_on();
    }
    for _ in 0..50 {
        let length = random.usize(1..3000);
        let mut words = vec![0; length];
        random.fill(&mut words);
        if random.bool() {
            words.splice(..0, PREFACE.iter().copied());
        }
        say(&target.socket, &words);
    }
    is_watched(&target, dir.path());
    target.ends_well();
}

#[test]
fn silent_ones_and_three_hundred_at_once_leave_the_target_alone() {
    let dir = folder();
    let mut target = Target::hostile("", dir.path());
    let mut crowd: Vec<_> = (0..300)
        .map(|n| {
            let mut stream = UnixStream::connect(&target.socket).unwrap();
            if n % 2 == 0 {
                let _ = stream.write_all(&PREFACE[..12]);
            }
            stream
        })
        .collect();
    target.goes_on();
    // There are only so many seats: the last ones were closed, or are so now.
    let mut last = crowd.pop().unwrap();
    last.set_read_timeout(Some(DEADLINE)).unwrap();
    assert!(matches!(last.read(&mut [0; 16]), Ok(0) | Err(_)));
    drop(crowd);
    // Their seats come free.
    until("a free seat", || {
        run(dir.path(), &["tasks", target.address()]).code == Some(0)
    });
    is_watched(&target, dir.path());
    target.ends_well();
}

#[test]
fn who_says_nothing_is_hung_up_on() {
    let dir = folder();
    let mut target = Target::hostile("", dir.path());
    let mut silent = UnixStream::connect(&target.socket).unwrap();
    let mut half = UnixStream::connect(&target.socket).unwrap();
    half.write_all(&PREFACE[..5]).unwrap();
    for stream in [&mut silent, &mut half] {
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut answer = Vec::new();
        let end = stream.read_to_end(&mut answer);
        assert!(end.is_ok(), "{end:?}");
    }
    target.goes_on();
    target.ends_well();
}

async fn client(target: &Target) -> TaskscopeClient<Channel> {
    let address = format!("unix://{}", target.address());
    let endpoint = Endpoint::from_shared(address).unwrap();
    let channel = timeout(DEADLINE, endpoint.connect()).await.unwrap();
    TaskscopeClient::new(channel.unwrap())
}

async fn watch(
    target: &Target,
    request: v1::WatchRequest,
) -> Result<Streaming<v1::WatchUpdate>, Status> {
    let mut client = client(target).await;
    let answer = timeout(DEADLINE, client.watch(request)).await.unwrap();
    answer.map(tonic::Response::into_inner)
}

/// The names of a whole first picture.
async fn picture(updates: &mut Streaming<v1::WatchUpdate>) -> Vec<String> {
    let mut names = Vec::new();
    loop {
        let update = timeout(DEADLINE, updates.message()).await.unwrap();
        let update = update.unwrap().unwrap();
        names.extend(
            update
                .tasks
                .into_iter()
                .filter_map(|task| Some(task.birth?.name)),
        );
        if update.complete {
            return names;
        }
    }
}

#[test]
fn a_hundred_viewers_at_once_are_served_or_told_that_there_are_too_many() {
    let dir = folder();
    let mut target = Target::hostile("--names", dir.path());
    until("its tasks", || {
        run(dir.path(), &["tasks", target.address()])
            .stdout
            .contains("rounds")
    });
    let served = Runtime::new().unwrap().block_on(async {
        let mut viewers = JoinSet::new();
        for _ in 0..100 {
            let mut client = client(&target).await;
            viewers.spawn(async move {
                let mut updates = client
                    .watch(v1::WatchRequest::default())
                    .await?
                    .into_inner();
                let names = picture(&mut updates).await;
                // Kept, so that all are there at once.
                Ok::<_, Status>((names, updates))
            });
        }
        let (served, refused): (Vec<_>, Vec<_>) = viewers
            .join_all()
            .await
            .into_iter()
            .partition(Result::is_ok);
        for refusal in refused {
            let status = refusal.unwrap_err();
            assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
            assert!(
                status.message().contains("viewers watch already"),
                "{status}"
            );
        }
        for (names, _) in served.iter().flatten() {
            assert!(names.iter().any(|name| name == "rounds"), "{names:?}");
        }
        tokio::task::block_in_place(|| target.goes_on());
        served.len()
    });
    assert!((64..=100).contains(&served), "{served}");
    until("a free seat", || {
        run(dir.path(), &["tasks", target.address()]).code == Some(0)
    });
    target.ends_well();
}

#[test]
fn requests_beyond_reason_get_an_answer_within_it() {
    let dir = folder();
    let mut target = Target::hostile("", dir.path());
    Runtime::new().unwrap().block_on(async {
        let huge = "x ".repeat(1 << 19);
        let nested = format!("{}x", "-".repeat(100_000));
        let many = (1..=5_000).collect::<Vec<u64>>();
        let filters = [
            (huge.as_str(), "a filter of 1 MB"),
            (&nested, "a filter of dashes"),
            ("nonsense:1", "a field that is none"),
            ("\0\u{1b}[31m\"", "a filter of control characters"),
        ];
        for (filter, what) in filters {
            let request = v1::WatchRequest {
                filter: filter.to_owned(),
                ..Default::default()
            };
            match watch(&target, request).await {
                Ok(mut updates) => drop(picture(&mut updates).await),
                Err(status) => {
                    let clear = [
                        Code::InvalidArgument,
                        Code::OutOfRange,
                        Code::ResourceExhausted,
                    ];
                    assert!(clear.contains(&status.code()), "{what}: {status}");
                    assert!(status.message().len() < 1000, "{what}: {status}");
                }
            }
        }
        for request in [
            v1::WatchRequest {
                interval_ms: u32::MAX,
                ..Default::default()
            },
            v1::WatchRequest {
                sketching: v1::Sketching::Named as i32,
                sketch_tasks: many.clone(),
                ..Default::default()
            },
            v1::WatchRequest {
                tasks: vec![0, u64::MAX],
                ..Default::default()
            },
        ] {
            let mut updates = watch(&target, request).await.unwrap();
            picture(&mut updates).await;
        }
        // More than anybody has to say.
        let request = v1::WatchRequest {
            tasks: (1..=1_000_000).collect(),
            ..Default::default()
        };
        let status = watch(&target, request).await.unwrap_err();
        assert_eq!(status.code(), Code::OutOfRange, "{status}");
        let status = watch(
            &target,
            v1::WatchRequest {
                sketching: 77,
                ..Default::default()
            },
        )
        .await;
        assert_eq!(status.unwrap_err().code(), Code::InvalidArgument);

        // As often as there can be news: bounded by the target, whatever was asked for.
        for interval_ms in [0, 1] {
            let request = v1::WatchRequest {
                interval_ms,
                ..Default::default()
            };
            let mut updates = watch(&target, request).await.unwrap();
            let mut last = 0;
            let mut number = 0;
            while number < 20 {
                let update = timeout(DEADLINE, updates.message())
                    .await
                    .unwrap()
                    .unwrap()
                    .unwrap();
                assert_eq!(update.sequence, last + 1);
                last = update.sequence;
                number += 1;
            }
        }
    });
    target.goes_on();
    target.ends_well();
}

#[test]
fn a_viewer_from_the_future_is_answered_in_our_version() {
    let dir = folder();
    let mut target = Target::hostile("", dir.path());
    Runtime::new().unwrap().block_on(async {
        for protocol_version in [1, 2, 99, u32::MAX] {
            let request = v1::HelloRequest {
                protocol_version,
                viewer_version: "9".repeat(10_000),
            };
            let answer = client(&target)
                .await
                .hello(request)
                .await
                .unwrap()
                .into_inner();
            assert_eq!(answer.protocol_version, 1);
            assert_eq!(answer.pid, target.pid());
        }
    });
    target.goes_on();
    target.ends_well();
}

/// A viewer that stops reading costs the target nothing, and may go on when it likes.
#[test]
fn a_viewer_that_stops_reading_leaves_the_target_alone() {
    let dir = folder();
    let mut target = Target::hostile("--places", dir.path());
    let runtime = Runtime::new().unwrap();
    let request = v1::WatchRequest {
        interval_ms: 10,
        ..Default::default()
    };
    let mut stalled = runtime.block_on(async {
        let mut updates = watch(&target, request).await.unwrap();
        picture(&mut updates).await;
        updates
    });
    // A runtime that is not driven reads nothing.
    for _ in 0..20 {
        target.goes_on();
    }
    runtime.block_on(async {
        for _ in 0..10 {
            timeout(Duration::from_secs(20), stalled.message())
                .await
                .unwrap()
                .unwrap()
                .unwrap();
        }
    });
    target.ends_well();
}
