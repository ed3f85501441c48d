//! Waits for a connection of a pool, and for a service that is busy.

use std::{convert::Infallible, error::Error, sync::Arc, time::Duration};

use deadpool::managed::{Metrics, RecycleResult};
use tokio::{sync::Notify, time::sleep};
use tower::{Service, ServiceBuilder, ServiceExt as _, service_fn};

use crate::{kept::Kept, tasks::LONG};

/// Gives out units for connections.
struct Units;

impl bb8::ManageConnection for Units {
    type Connection = ();
    type Error = Infallible;

    async fn connect(&self) -> Result<(), Infallible> {
        Ok(())
    }

    async fn is_valid(&self, (): &mut ()) -> Result<(), Infallible> {
        Ok(())
    }

    fn has_broken(&self, (): &mut ()) -> bool {
        false
    }
}

impl deadpool::managed::Manager for Units {
    type Type = ();
    type Error = Infallible;

    async fn create(&self) -> Result<(), Infallible> {
        Ok(())
    }

    async fn recycle(&self, (): &mut (), _: &Metrics) -> RecycleResult<Infallible> {
        Ok(())
    }
}

/// A database that does not answer.
struct Silent(Arc<Notify>);

impl deadpool::managed::Manager for Silent {
    type Type = ();
    type Error = Infallible;

    async fn create(&self) -> Result<(), Infallible> {
        self.0.notified().await; // WAITS: deadpool create
        Ok(())
    }

    async fn recycle(&self, (): &mut (), _: &Metrics) -> RecycleResult<Infallible> {
        Ok(())
    }
}

pub(crate) async fn spawn(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    let pool = bb8::Pool::builder()
        .max_size(1)
        .connection_timeout(LONG)
        .build(Units)
        .await?;
    kept.keep(pool.get_owned().await?);
    kept.task("bb8 get", async move {
        let _ = pool.get().await; // WAITS: bb8 get
    })?;
    let pool: deadpool::managed::Pool<Units> = deadpool::managed::Pool::builder(Units)
        .max_size(1)
        .build()?;
    kept.keep(pool.get().await?);
    kept.task("deadpool get", async move {
        let _ = pool.get().await; // WAITS: deadpool get
    })?;
    let silent = Silent(kept.notify());
    let pool: deadpool::managed::Pool<Silent> = deadpool::managed::Pool::builder(silent)
        .max_size(1)
        .build()?;
    kept.task("deadpool create", async move {
        let _ = pool.get().await; // AROUND: deadpool create
    })?;
    services(kept).await
}

async fn services(kept: &mut Kept) -> Result<(), Box<dyn Error>> {
    let notify = kept.notify();
    let slow = service_fn(move |(): ()| {
        let notify = Arc::clone(&notify);
        async move {
            notify.notified().await; // WAITS: tower call; tower buffer call
            Ok::<_, Infallible>(())
        }
    });
    let called = slow.clone();
    kept.task("tower call", async move {
        called.oneshot(()).await // AROUND: tower call
    })?;
    let mut limited = ServiceBuilder::new()
        .concurrency_limit(1)
        .service(slow.clone());
    let mut other = limited.clone();
    limited.ready().await?;
    kept.keep(limited.call(()));
    kept.task("tower concurrency limit", async move {
        other.ready().await.map(drop) // WAITS: tower concurrency limit
    })?;
    let buffered = ServiceBuilder::new()
        .buffer(1)
        .concurrency_limit(1)
        .service(slow);
    let other = buffered.clone();
    kept.task("tower buffer call", async move {
        // The buffer gives back the future of the service, which runs in here.
        let _ = buffered.oneshot(()).await; // AROUND: tower buffer call
    })?;
    sleep(Duration::from_millis(20)).await;
    kept.task("tower buffer queue", async move {
        let _ = other.oneshot(()).await; // WAITS: tower buffer queue
    })?;
    Ok(())
}
