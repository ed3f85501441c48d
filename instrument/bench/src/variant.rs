//! Which instrument the process runs under, and the proof that it was built as that variant needs.

/// Why a variant is not to be had in this build.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VariantError {
    #[cfg(feature = "traced")]
    #[error("there is no variant `{0}` in this program")]
    Unknown(String),
    #[error(
        "this variant needs {0} of `--cfg tokio_unstable` and feature `traced`: let `cargo bench -p taskscope` build it"
    )]
    Build(&'static str),
    #[cfg(feature = "traced")]
    #[error("another subscriber was already installed: {0}")]
    Installed(String),
    #[cfg(feature = "traced")]
    #[error(
        "`{0}` was installed, and no subscriber listens at level TRACE: there is nothing to measure"
    )]
    Silent(String),
}

/// Installs the instrument of `variant`; call before the runtime is built.
pub(crate) fn install(variant: &str) -> Result<(), VariantError> {
    let is_traced = cfg!(feature = "traced") && cfg!(tokio_unstable);
    let is_plain = !cfg!(feature = "traced") && !cfg!(tokio_unstable);
    match variant {
        "plain" if is_plain => Ok(()),
        "plain" => Err(VariantError::Build("neither")),
        _ if !is_traced => Err(VariantError::Build("both")),
        traced => instrument(traced),
    }
}

#[cfg(not(feature = "traced"))]
fn instrument(_: &str) -> Result<(), VariantError> {
    Err(VariantError::Build("both"))
}

/// All but the console are in one program: a build of its own for each would compare where the compiler laid their code, too.
#[cfg(feature = "traced")]
fn instrument(variant: &str) -> Result<(), VariantError> {
    use tracing_core::{Dispatch, LevelFilter, dispatcher};

    let level = match variant {
        "traced" => return Ok(()),
        "bare" => {
            let bare = Dispatch::new(subscriber::Bare::new());
            dispatcher::set_global_default(bare)
                .map_err(|error| VariantError::Installed(error.to_string()))?;
            None
        }
        #[cfg(feature = "console")]
        "console" => {
            console()?;
            None
        }
        "tasks" => Some(taskscope::Level::Tasks),
        "locks" => Some(taskscope::Level::Locks),
        "taskscope" => Some(taskscope::Level::default()),
        other => return Err(VariantError::Unknown(other.into())),
    };
    if let Some(level) = level {
        taskscope::builder().level(level).init();
    }
    // Figures of an instrument that is not there would look splendid.
    if LevelFilter::current() == LevelFilter::TRACE {
        Ok(())
    } else {
        Err(VariantError::Silent(variant.into()))
    }
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
