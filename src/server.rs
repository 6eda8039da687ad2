//! Binds, orders the layers, mounts the doors, sets limits and time-outs. `Server::bind` and `Server::run` are two steps,
//! so that the address is known before the first request: tests start the same server as production, on port 0.
//!
//! The outermost layer makes every error a page and puts the security headers on whatever leaves, also where a layer
//! below it failed.

use crate::app::App;
use crate::config::Config;
use crate::console::error::PageError;
use crate::console::error_response::Asked;
use crate::console::{self, Console, Shown};
use crate::operations::RequestFacts;
use crate::query_api::{self, ApiError, QueryApi};
use crate::request;
use crate::start_error::StartError;
use crate::wire::Begun;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::cookie::Key;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::guard::fn_guard;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::{Next, from_fn};
use actix_web::{App as Actix, HttpMessage, HttpServer, web};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

/// The head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// A whole request, from its head to its answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// What runs when the server is told to stop may finish.
const SHUTDOWN_SECONDS: u64 = 8;

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
    tls: Option<rustls::ServerConfig>,
}

impl Server {
    /// Binds the configured address.
    pub fn bind(app: Arc<App>, config: Config) -> Result<Self, StartError> {
        let tls = config.tls.as_ref().map(crate::tls::server_config).transpose().map_err(StartError)?;
        let listener = TcpListener::bind(config.listen)
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

    /// Serves until the process is told to stop.
    pub async fn run(self) -> std::io::Result<()> {
        let key = Key::from(&*self.app.root_secret.derive_long("session cookie"));
        let console = web::Data::new(Console::new(self.app.clone(), &self.config));
        let api = web::Data::new(QueryApi { app: self.app.clone() });
        let config = web::Data::new(self.config);
        let server = HttpServer::new(move || {
            Actix::new()
                .app_data(config.clone())
                .wrap(from_fn(outermost))
                .app_data(api.clone())
                .service(web::resource("/").guard(fn_guard(|cx| query_api::is_call(cx.head()))).to(query_api::call))
                .configure(|services| console::routes(services, &console, &key))
        })
        .client_request_timeout(HEAD_TIMEOUT)
        .shutdown_timeout(SHUTDOWN_SECONDS);
        match self.tls {
            Some(tls) => server.listen_rustls_0_23(self.listener, tls)?.run().await,
            None => server.listen(self.listener)?.run().await,
        }
    }
}

/// What is known of a request before and after it has passed the layers below.
struct Passing {
    console: web::Data<Console>,
    facts: RequestFacts,
    /// It is for the API, whose errors are no pages.
    is_call: bool,
    method: String,
    path: String,
    began: std::time::Instant,
}

async fn outermost<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let passing = Passing::of(&request)?;
    if !passing.is_call {
        request::keep_own_cookies(&mut request);
    }
    let begun = Begun::default();
    request.extensions_mut().insert(passing.facts.clone());
    request.extensions_mut().insert(begun.clone());
    if !request::is_for_us(&request) {
        return Ok(passing.turned_away(request, "This server does not answer for that host name."));
    }
    if !request::came_safely(&request) {
        return Ok(passing.turned_away(request, "This server takes plain HTTP from its proxy only."));
    }
    match tokio::time::timeout(REQUEST_TIMEOUT, next.call(request)).await {
        Ok(Ok(response)) => Ok(passing.finish(response)),
        // Nothing below makes such an error but the sessions, whose store did not answer: before the page was asked, or
        // after it had done its work.
        Ok(Err(error)) => Err(passing.out_of_reach(error.to_string(), begun.0.get())),
        Err(_) => Err(passing.out_of_reach("the request took longer than it may".to_owned(), begun.0.get())),
    }
}

impl Passing {
    fn of(request: &ServiceRequest) -> Result<Self, PageError> {
        Ok(Self {
            console: console::state::of(request.request())?,
            facts: request::facts(request),
            is_call: query_api::is_call(request.head()),
            method: request.method().to_string(),
            path: request.path().to_owned(),
            began: std::time::Instant::now(),
        })
    }

    /// Before any page is asked.
    fn turned_away<B: MessageBody>(&self, request: ServiceRequest, why: &str) -> ServiceResponse<EitherBody<B>> {
        tracing::warn!(request.id = %self.facts.request_id, why, "a request was turned away");
        let (request, _) = request.into_parts();
        let response = if self.is_call {
            self.refusal(&ApiError::outermost(421, why, false))
        } else {
            self.page(&PageError::unreadable(421, why), None, "")
        };
        ServiceResponse::new(request, response).map_into_right_body()
    }

    fn finish<B: MessageBody>(&self, response: ServiceResponse<B>) -> ServiceResponse<EitherBody<B>> {
        let error = response.response().extensions().get::<PageError>().cloned();
        let Some(error) = error else {
            let mut response = response;
            let pattern = response.request().match_pattern().unwrap_or_default();
            self.seal(&pattern, response.response().status().as_u16(), response.headers_mut());
            return response.map_into_left_body();
        };
        let (request, _) = response.into_parts();
        let shown = request.extensions().get::<Shown>().cloned();
        let pattern = request.match_pattern().unwrap_or_default();
        let page = self.page(&error, shown, &pattern);
        ServiceResponse::new(request, page).map_into_right_body()
    }

    fn page(&self, error: &PageError, shown: Option<Shown>, pattern: &str) -> actix_web::HttpResponse {
        let asked = Asked { console: &self.console, request_id: &self.facts.request_id, path: &self.path, shown };
        let mut response = error.render(&asked);
        self.seal(pattern, response.status().as_u16(), response.headers_mut());
        response
    }

    /// The same for a call of the API.
    fn refusal(&self, error: &ApiError) -> actix_web::HttpResponse {
        let mut response = error.response(&self.facts.request_id);
        self.seal("/", response.status().as_u16(), response.headers_mut());
        response
    }

    /// It took too long, or a layer below failed: what became of it is known only where it had not begun.
    fn out_of_reach(&self, why: String, begun: bool) -> actix_web::Error {
        if self.is_call {
            let response = self.refusal(&ApiError::outermost(503, &why, begun));
            return actix_web::error::InternalError::from_response(why, response).into();
        }
        self.broken(&PageError::unavailable(why, begun))
    }

    /// Where the request is gone with the error, the answer travels in an error.
    fn broken(&self, error: &PageError) -> actix_web::Error {
        let response = self.page(error, None, "");
        actix_web::error::InternalError::from_response(error.clone(), response).into()
    }

    /// The headers of every answer, and its line in the log: the pattern of the page, not its address, in which somebody
    /// may have typed what is nobody's business.
    fn seal(&self, pattern: &str, status: u16, headers: &mut HeaderMap) {
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
        let duration_ms = self.began.elapsed().as_millis();
        tracing::info!(request.id = %self.facts.request_id, method = %self.method, page = pattern, status, duration_ms, "answered");
    }
}
