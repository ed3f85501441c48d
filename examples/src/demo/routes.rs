//! The web server: what can be asked of the shop.

use std::{io, sync::Arc};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post},
};
use serde::Serialize;
use tokio::net::TcpListener;

use super::{
    Crew, Shop,
    metrics::Snapshot,
    orders::{Order, Receipt},
};
use crate::clock;

/// Starts the server; it ends when its connections have, after the crew is asked to.
pub(super) fn start(crew: &Crew, listener: TcpListener, shop: Arc<Shop>) -> io::Result<()> {
    let router = Router::new()
        .route("/", get(index))
        .route("/health", get(health))
        .route("/items/{id}", get(item))
        .route("/orders", post(order))
        .route("/reports/{day}", get(report))
        .route("/stats", get(stats))
        .with_state(shop);
    let end = crew.token.clone().cancelled_owned();
    crew.start("web server", async move {
        // It fails at nothing: errors of connections end that connection alone.
        let _ = axum::serve(listener, router)
            .with_graceful_shutdown(end)
            .await;
    })
}

async fn index(State(shop): State<Arc<Shop>>) -> &'static str {
    shop.metrics.request();
    "GET /items/{id}\nPOST /orders {\"customer\": 1, \"item\": 2}\nGET /reports/{day}\nGET /stats\nGET /health\n"
}

async fn health(State(shop): State<Arc<Shop>>) -> &'static str {
    shop.metrics.request();
    "ok\n"
}

/// An item, as a customer sees it.
#[derive(Debug, Serialize)]
struct Offer {
    id: u64,
    name: String,
    price: f64,
}

async fn item(State(shop): State<Arc<Shop>>, Path(id): Path<u64>) -> Json<Offer> {
    shop.metrics.request();
    let (item, found) = shop
        .cache
        .get(id, clock::now(), || shop.database.item(id))
        .await;
    shop.metrics.found(found);
    let exchange = *shop.exchange.borrow();
    let price = (item.cents as f64 * exchange).round() / 100.0;
    Json(Offer {
        id,
        name: item.name.clone(),
        price,
    })
}

async fn order(
    State(shop): State<Arc<Shop>>,
    Json(order): Json<Order>,
) -> Result<Json<Receipt>, (StatusCode, String)> {
    shop.metrics.request();
    match shop.orders.place(order).await {
        Ok(receipt) => Ok(Json(receipt)),
        Err(busy) => Err((StatusCode::SERVICE_UNAVAILABLE, busy.to_string())),
    }
}

async fn report(
    State(shop): State<Arc<Shop>>,
    Path(day): Path<u64>,
) -> Result<String, (StatusCode, String)> {
    shop.metrics.request();
    match shop.reports.make(day).await {
        Ok(sum) => {
            shop.metrics.report();
            Ok(format!("{sum:016x}\n"))
        }
        Err(error) => Err((StatusCode::INTERNAL_SERVER_ERROR, error.to_string())),
    }
}

async fn stats(State(shop): State<Arc<Shop>>) -> Json<Snapshot> {
    shop.metrics.request();
    let latest = *shop.latest.borrow();
    Json(latest)
}
