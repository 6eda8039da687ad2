//! Binds, orders the layers, mounts the doors, sets limits and time-outs. `Server::bind` and `Server::run` are two steps,
//! so that the address is known before the first request: tests start the same server as production, on port 0.
//!
//! The outermost layer makes every error a page and puts the security headers on whatever leaves, also where a layer
//! below it failed.

use crate::app::App;
use crate::config::{Config, Deadlines};
use crate::connections::{self, UnderWay};
use crate::console::error::PageError;
use crate::console::error_response::Asked;
use crate::console::{self, Console, SessionKeys, Shown};
use crate::guarded::{Cut, guarded};
use crate::metrics::{Answered, metrics};
use crate::metrics_listener;
use crate::operations::RequestFacts;
use crate::query_api::{self, ApiError, QueryApi};
use crate::request;
use crate::sockets;
use crate::start_error::StartError;
use crate::stopping::Signals;
use crate::tls::Certificate;
use crate::wire::{Begun, Patience};
use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ResponseHead, ServiceRequest, ServiceResponse};
use actix_web::guard::fn_guard;
use actix_web::http::ConnectionType;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::{Next, from_fn};
use actix_web::{App as Actix, HttpMessage, HttpServer, web};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::Instrument;

/// Over all threads; each costs some 8 KiB. Who comes when there are so many waits in the system's queue.
const MOST_CONNECTIONS: usize = 16_384;

/// What is open beside connections: the process's own, a thread's, a database connection's (with SQLite the database, its
/// journal and now and then another one).
const FILES: usize = 16;
const FILES_OF_A_THREAD: usize = 4;
const FILES_OF_A_DATABASE_CONNECTION: usize = 3;

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";

/// No answer of the API is a page.
const API_CSP: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";

const HEADERS: [(&str, &str); 7] = [
    ("content-security-policy", CSP),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ("x-frame-options", "DENY"),
];

/// A server with its address, not yet serving.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    app: Arc<App>,
    config: Config,
    tls: Option<Arc<Certificate>>,
}

impl Server {
    /// Binds the configured address.
    pub fn bind(app: Arc<App>, config: Config) -> Result<Self, StartError> {
        let tls = config.tls.as_ref().map(Certificate::load).transpose().map_err(StartError)?;
        let listener = sockets::listen(config.listen, config.deadlines.taking)
            .map_err(|error| StartError(format!("MSC_LISTEN: cannot listen on {}: {error}", config.listen)))?;
        let address = listener.local_addr().map_err(|error| StartError(error.to_string()))?;
        Ok(Self { listener, address, app, config, tls })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL to open.
    pub fn url(&self) -> String {
        match &self.config.public_url {
            Some(url) => url.origin.clone(),
            None => format!("{}://{}", if self.config.is_https() { "https" } else { "http" }, self.address),
        }
    }

    /// Serves until the process is told to stop, and what is under way then to its end.
    pub async fn run(self) -> std::io::Result<()> {
        let newcomers = self.listener.try_clone()?;
        let stop = told_to_stop(Signals::listen()?, self.app.clone(), self.config.shutdown_delay, newcomers);
        let deadlines = self.config.deadlines;
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let connections = sockets::affordable(MOST_CONNECTIONS, own_files(&self.config, workers));
        let keys = web::Data::new(SessionKeys::new(&self.app.root_secrets, self.config.is_https()));
        let console = web::Data::new(Console::new(self.app.clone(), &self.config));
        let api = web::Data::new(QueryApi { app: self.app.clone() });
        let config = web::Data::new(self.config);
        let server = HttpServer::new(move || {
            Actix::new()
                .app_data(config.clone())
                .wrap(from_fn(outermost))
                .app_data(api.clone())
                .service(web::resource("/").guard(fn_guard(|cx| query_api::is_call(cx.head()))).to(query_api::call))
                .configure(|services| console::routes(services, &console, &keys))
        })
        .on_connect(move |connection, extensions| {
            connections::watch(connection, extensions, between_requests(deadlines));
        })
        .client_request_timeout(deadlines.head)
        .keep_alive(deadlines.idle)
        .workers(workers)
        .max_connections((connections / workers).max(1))
        .shutdown_signal(stop)
        // It looks once a second.
        .shutdown_timeout(deadlines.last_answer.as_secs() + 1);
        match self.tls {
            Some(certificate) => {
                let tls = certificate.server_config().map_err(std::io::Error::other)?;
                actix_web::rt::spawn(certificate.watch());
                server.listen_rustls_0_23(self.listener, tls)?.run().await
            }
            None => server.listen(self.listener)?.run().await,
        }
    }
}

/// For those who have arrived to be taken, and to say what they want.
const LAST_ARRIVALS: Duration = Duration::from_millis(300);

fn own_files(config: &Config, workers: usize) -> usize {
    // SQLite has one more, for writing.
    let database = (config.database_connections as usize + 1) * FILES_OF_A_DATABASE_CONNECTION;
    let metrics = config.metrics_listen.map_or(0, |_| metrics_listener::MOST_CONNECTIONS + FILES);
    FILES + workers * FILES_OF_A_THREAD + database + metrics
}

/// Ends when nothing new is to be taken any more. Who asks a second time does not want to wait.
async fn told_to_stop(mut signals: Signals, app: Arc<App>, delay: Duration, newcomers: TcpListener) {
    signals.next().await;
    tracing::info!(delay_ms = delay.as_millis(), "told to stop: not ready any more");
    app.stopping.begin();
    tokio::spawn(async move {
        signals.next().await;
        tracing::warn!("told to stop again: ends at once");
        std::process::exit(1);
    });
    tokio::time::sleep(delay).await;
    tracing::info!("takes nothing new, and finishes what is under way");
    app.stopping.close();
    // The library drops whoever stands in a queue when it is told to stop.
    if sockets::let_nobody_in(&newcomers) {
        tokio::time::sleep(LAST_ARRIVALS).await;
    }
}

fn known_method(method: &str) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"];
    known.into_iter().find(|known| *known == method).unwrap_or("other")
}

/// What is known of a request before and after it has passed the layers below.
struct Passing {
    console: web::Data<Console>,
    facts: RequestFacts,
    /// It is for the API, whose errors are no pages.
    is_call: bool,
    /// What a client makes up instead of one is nobody's business.
    method: &'static str,
    path: String,
    /// Of the page, not its address, in which somebody may have typed what is nobody's business.
    pattern: String,
    deadlines: Deadlines,
    began: Instant,
}

async fn outermost<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let passing = Passing::of(&request)?;
    let under_way = UnderWay::of(&request, between_requests(passing.deadlines));
    if !passing.is_call {
        request::keep_own_cookies(&mut request);
    }
    // Every line about the request is inside. The level is the highest, so that no filter shows a line without its request.
    let span = tracing::error_span!("request", request.id = %passing.facts.request_id);
    let response = answered(passing, request, next).instrument(span).await?;
    Ok(under_way.until_handed_over(response))
}

fn between_requests(deadlines: Deadlines) -> Duration {
    deadlines.idle + deadlines.head
}

async fn answered<B: MessageBody + 'static>(
    passing: Passing,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let begun = Begun::default();
    request.extensions_mut().insert(passing.facts.clone());
    request.extensions_mut().insert(begun.clone());
    request.extensions_mut().insert(Patience(passing.deadlines.body));
    let probe = request::is_probe(&request);
    if !probe && !request::is_for_us(&request) {
        return Ok(passing.turned_away(request, "This server does not answer for that host name."));
    }
    if !probe && !request::came_safely(&request) {
        return Ok(passing.turned_away(request, "This server takes plain HTTP from its proxy only."));
    }
    let Deadlines { request: limit, last_answer, .. } = passing.deadlines;
    let app = passing.console.app.clone();
    match guarded(next.call(request), limit, &app.stopping, last_answer).await {
        Ok(Ok(response)) => Ok(passing.finish(response)),
        // Nothing below makes such an error but the sessions, whose store did not answer: before the page was asked, or
        // after it had done its work.
        Ok(Err(error)) => Err(passing.out_of_reach(error.to_string(), begun.0.get())),
        Err(Cut::Panicked) => Err(passing.panicked(begun.0.get())),
        Err(Cut::Late) => Err(passing.out_of_reach("the request took longer than it may".to_owned(), begun.0.get())),
        Err(Cut::Stopping) => Err(passing.out_of_reach("the server stops".to_owned(), begun.0.get())),
    }
}

impl Passing {
    fn of(request: &ServiceRequest) -> Result<Self, PageError> {
        Ok(Self {
            console: console::state::of(request.request())?,
            facts: request::facts(request),
            is_call: query_api::is_call(request.head()),
            method: known_method(request.method().as_str()),
            path: request.path().to_owned(),
            pattern: request.match_pattern().unwrap_or_default(),
            deadlines: request.app_data::<web::Data<Config>>().map(|config| config.deadlines).unwrap_or_default(),
            began: Instant::now(),
        })
    }

    /// Before any page is asked.
    fn turned_away<B: MessageBody>(&self, request: ServiceRequest, why: &str) -> ServiceResponse<EitherBody<B>> {
        tracing::warn!(request.id = %self.facts.request_id, why, "a request was turned away");
        let (request, _) = request.into_parts();
        let response = if self.is_call {
            self.refusal(&ApiError::outermost(421, why, false))
        } else {
            self.page(&PageError::unreadable(421, why), None)
        };
        ServiceResponse::new(request, response).map_into_right_body()
    }

    fn finish<B: MessageBody>(&self, response: ServiceResponse<B>) -> ServiceResponse<EitherBody<B>> {
        let error = response.response().extensions().get::<PageError>().cloned();
        let Some(error) = error else {
            let mut response = response;
            self.seal(response.response_mut().head_mut());
            return response.map_into_left_body();
        };
        let (request, _) = response.into_parts();
        let shown = request.extensions().get::<Shown>().cloned();
        let page = self.page(&error, shown);
        ServiceResponse::new(request, page).map_into_right_body()
    }

    fn page(&self, error: &PageError, shown: Option<Shown>) -> actix_web::HttpResponse {
        let asked = Asked { console: &self.console, request_id: &self.facts.request_id, path: &self.path, shown };
        let mut response = error.render(&asked);
        self.seal(response.head_mut());
        response
    }

    /// The same for a call of the API.
    fn refusal(&self, error: &ApiError) -> actix_web::HttpResponse {
        let mut response = error.response(&self.facts.request_id);
        self.seal(response.head_mut());
        response
    }

    /// It took too long, or a layer below failed: what became of it is known only where it had not begun.
    fn out_of_reach(&self, why: String, begun: bool) -> actix_web::Error {
        if self.is_call {
            return travelling(self.refusal(&ApiError::outermost(503, &why, begun)));
        }
        travelling(self.page(&PageError::unavailable(why, begun), None))
    }

    /// A defect, which ends this request and no other.
    fn panicked(&self, begun: bool) -> actix_web::Error {
        let why = "the work on the request panicked";
        if self.is_call {
            return travelling(self.refusal(&ApiError::outermost(500, why, begun)));
        }
        travelling(self.page(&PageError::panicked(why, begun), None))
    }

    /// The headers of every answer, its line in the log and its figures.
    fn seal(&self, head: &mut ResponseHead) {
        if self.console.app.stopping.has_begun() {
            head.set_connection_type(ConnectionType::Close);
        }
        let (status, headers) = (head.status.as_u16(), head.headers_mut());
        for (name, value) in HEADERS {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        if self.is_call {
            headers.insert(HeaderName::from_static("content-security-policy"), HeaderValue::from_static(API_CSP));
        }
        if self.facts.secure {
            let year = HeaderValue::from_static("max-age=31536000; includeSubDomains");
            headers.insert(HeaderName::from_static("strict-transport-security"), year);
        }
        if let Ok(id) = HeaderValue::from_str(&self.facts.request_id) {
            headers.insert(HeaderName::from_static("x-request-id"), id.clone());
            if self.is_call {
                headers.insert(HeaderName::from_static("x-amzn-requestid"), id);
            }
        }
        if !headers.contains_key("cache-control") {
            headers.insert(HeaderName::from_static("cache-control"), HeaderValue::from_static("no-store"));
        }
        let (took, route) = (self.began.elapsed(), &*self.pattern);
        tracing::info!(method = self.method, page = route, status, duration_ms = took.as_millis(), "answered");
        let door = if self.is_call { "query-api" } else { "console" };
        metrics().answered(&Answered { door, route, method: self.method, status, took });
    }
}

/// Where the request is gone with the error, the answer travels in an error.
fn travelling(response: actix_web::HttpResponse) -> actix_web::Error {
    actix_web::error::InternalError::from_response("answered", response).into()
}
