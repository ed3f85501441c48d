//! Which instrument the process runs under, and the proof that it was built as that variant needs.

/// Why a variant is not to be had in this build.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VariantError {
    #[error("there is no variant `{0}`")]
    Unknown(String),
    #[error(
        "`{variant}` needs {needs}, and this program was built without: let `cargo bench -p taskscope` build it"
    )]
    Build {
        variant: &'static str,
        needs: &'static str,
    },
    #[cfg(feature = "traced")]
    #[error("another subscriber was already installed: {0}")]
    Installed(String),
    #[cfg(feature = "traced")]
    #[error(
        "`{0}` was installed, and no subscriber listens at level TRACE: there is nothing to measure"
    )]
    Silent(&'static str),
}

/// Installs the instrument of `variant`; call before the runtime is built.
pub(crate) fn install(variant: &str) -> Result<(), VariantError> {
    match variant {
        "plain" => {
            if cfg!(feature = "traced") || cfg!(tokio_unstable) {
                return Err(VariantError::Build {
                    variant: "plain",
                    needs: "neither `--cfg tokio_unstable` nor feature `traced`",
                });
            }
            Ok(())
        }
        "traced" => traced("traced"),
        "bare" => {
            traced("bare")?;
            bare()?;
            listening("bare")
        }
        "tasks" | "locks" | "taskscope" => {
            traced("taskscope")?;
            taskscope(variant)?;
            listening("taskscope")
        }
        "console" => {
            traced("console")?;
            console()?;
            listening("console")
        }
        other => Err(VariantError::Unknown(other.into())),
    }
}

fn traced(variant: &'static str) -> Result<(), VariantError> {
    if cfg!(feature = "traced") && cfg!(tokio_unstable) {
        Ok(())
    } else {
        Err(VariantError::Build {
            variant,
            needs: "`--cfg tokio_unstable` and feature `traced`",
        })
    }
}

/// Proves that somebody now listens at tokio's level: figures of an instrument that is not there would look splendid.
#[cfg(feature = "traced")]
fn listening(variant: &'static str) -> Result<(), VariantError> {
    if tracing_core::LevelFilter::current() == tracing_core::LevelFilter::TRACE {
        Ok(())
    } else {
        Err(VariantError::Silent(variant))
    }
}

#[cfg(not(feature = "traced"))]
fn listening(variant: &'static str) -> Result<(), VariantError> {
    traced(variant)
}

#[cfg(feature = "traced")]
fn bare() -> Result<(), VariantError> {
    tracing_core::dispatcher::set_global_default(tracing_core::Dispatch::new(
        subscriber::Bare::new(),
    ))
    .map_err(|error| VariantError::Installed(error.to_string()))
}

#[cfg(not(feature = "traced"))]
fn bare() -> Result<(), VariantError> {
    traced("bare")
}

#[cfg(feature = "taskscope")]
fn taskscope(variant: &str) -> Result<(), VariantError> {
    let level = match variant {
        "tasks" => taskscope::Level::Tasks,
        "locks" => taskscope::Level::Locks,
        _ => taskscope::Level::default(),
    };
    taskscope::builder().level(level).init();
    Ok(())
}

#[cfg(not(feature = "taskscope"))]
fn taskscope(_: &str) -> Result<(), VariantError> {
    Err(VariantError::Build {
        variant: "taskscope",
        needs: "feature `taskscope`",
    })
}

#[cfg(feature = "console")]
fn console() -> Result<(), VariantError> {
    use tracing_subscriber::{layer::SubscriberExt as _, util::SubscriberInitExt as _};

    // Port 0: nobody connects, and no other process can be in the way.
    let layer = console_subscriber::ConsoleLayer::builder()
        .server_addr(([127, 0, 0, 1], 0))
        .spawn();
    tracing_subscriber::registry()
        .with(layer)
        .try_init()
        .map_err(|error| VariantError::Installed(error.to_string()))
}

#[cfg(not(feature = "console"))]
fn console() -> Result<(), VariantError> {
    Err(VariantError::Build {
        variant: "console",
        needs: "feature `console`",
    })
}

#[cfg(feature = "traced")]
mod subscriber {
    use std::sync::atomic::{AtomicU64, Ordering};

    use tracing_core::{Event, Interest, Metadata, Subscriber, span};

    /// Wants everything and does nothing with it: what any subscriber pays at least.
    pub(super) struct Bare {
        next: AtomicU64,
    }

    impl Bare {
        pub(super) fn new() -> Self {
            Self {
                next: AtomicU64::new(1),
            }
        }
    }

    impl Subscriber for Bare {
        fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
            Interest::always()
        }

        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            span::Id::from_u64(self.next.fetch_add(1, Ordering::Relaxed))
        }

        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

        fn event(&self, _: &Event<'_>) {}

        fn enter(&self, _: &span::Id) {}

        fn exit(&self, _: &span::Id) {}
    }
}
