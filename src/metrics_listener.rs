//! `/metrics` on an address of its own, which `MSC_METRICS_LISTEN` names: nothing else is there, and it is nowhere else.
//! Who can reach the address reads the figures; nobody is asked for a password.

use crate::app::App;
use crate::connections::{self, UnderWay};
use crate::metrics::{CONTENT_TYPE, metrics};
use crate::sockets;
use crate::start_error::StartError;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE as KIND, X_CONTENT_TYPE_OPTIONS};
use actix_web::middleware::{DefaultHeaders, Next, from_fn};
use actix_web::{App as Actix, HttpResponse, HttpServer, web};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

/// Of a head, and of a connection that asks nothing.
const PATIENCE: Duration = Duration::from_secs(5);
/// To ask again, and for the head of that.
const BETWEEN_REQUESTS: Duration = Duration::from_secs(10);
/// A scraper needs one.
pub const MOST_CONNECTIONS: usize = 16;

/// Bound, not yet serving.
pub struct MetricsListener {
    listener: TcpListener,
    address: SocketAddr,
}

impl MetricsListener {
    pub fn bind(address: SocketAddr) -> Result<Self, StartError> {
        let told = |error| StartError(format!("MSC_METRICS_LISTEN: cannot listen on {address}: {error}"));
        let listener = sockets::listen(address, PATIENCE).map_err(told)?;
        let address = listener.local_addr().map_err(told)?;
        Ok(Self { listener, address })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Until it is dropped: it also tells how a server comes to its end.
    pub async fn run(self, app: Arc<App>) -> std::io::Result<()> {
        let app = web::Data::from(app);
        let server = HttpServer::new(move || {
            let headers =
                DefaultHeaders::new().add((X_CONTENT_TYPE_OPTIONS, "nosniff")).add((CACHE_CONTROL, "no-store"));
            Actix::new().app_data(app.clone()).wrap(headers).wrap(from_fn(watched)).service(
                web::resource("/metrics")
                    .route(web::get().to(figures))
                    .route(web::head().to(figures))
                    .default_service(web::to(method_not_allowed)),
            )
        });
        let server = server.on_connect(|connection, extensions| {
            connections::watch(connection, extensions, BETWEEN_REQUESTS);
        });
        let server = server.workers(1).max_connections(MOST_CONNECTIONS).keep_alive(PATIENCE);
        server.client_request_timeout(PATIENCE).disable_signals().listen(self.listener)?.run().await
    }
}

/// With so few connections, some that are never let go would leave none for the scraper.
async fn watched<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let under_way = UnderWay::of(&request, BETWEEN_REQUESTS);
    Ok(under_way.until_handed_over(next.call(request).await?))
}

async fn figures(app: web::Data<App>) -> HttpResponse {
    HttpResponse::Ok().insert_header((KIND, CONTENT_TYPE)).body(metrics().text(app.store.connections()))
}

async fn method_not_allowed() -> HttpResponse {
    HttpResponse::MethodNotAllowed().insert_header((ALLOW, "GET, HEAD")).finish()
}
