//! What every page of the console shares: names, addresses, keys, assets; and what a request says about itself.

use super::assets::Assets;
use super::csrf::TokenKey;
use super::error::PageError;
use crate::app::App;
use crate::config::Config;
use crate::crypto::sealed::Sealer;
use crate::operations::RequestFacts;
use crate::pages::frame::Link;
use actix_web::http::header::HOST;
use actix_web::{HttpMessage, HttpRequest, web};
use std::sync::Arc;

/// Made once, at the start.
pub struct Console {
    pub app: Arc<App>,
    pub brand: String,
    pub footer_links: Vec<Link>,
    pub assets: Assets,
    /// Browsers speak HTTPS to us: cookies are Secure and prefixed.
    pub https: bool,
    /// `https://console.example.com`; without it the origin is whatever known host the browser asked for.
    public_origin: Option<String>,
    pub token_key: TokenKey,
    pub sealer: Sealer,
}

impl Console {
    pub fn new(app: Arc<App>, config: &Config) -> Self {
        let links = [
            ("Help", &config.help_url),
            ("Privacy", &config.privacy_url),
            ("Accessibility", &config.accessibility_url),
        ];
        let footer_links = links.into_iter().filter_map(|(label, url)| url.as_ref().map(|url| Link::new(label, url)));
        Self {
            brand: config.brand_name.clone(),
            footer_links: footer_links.collect(),
            assets: Assets::embedded(),
            https: config.is_https(),
            public_origin: config.public_url.as_ref().map(|url| url.origin.clone()),
            token_key: TokenKey::new(&app.root_secrets),
            sealer: app.sealer.clone(),
            app,
        }
    }

    /// Whether a browser's `Origin` is the one that this console is served from.
    pub fn is_own_origin(&self, request: &HttpRequest, origin: &str) -> bool {
        self.origin(request).is_some_and(|own| own == origin)
    }

    /// The origin that this request asked for a page of.
    pub fn origin(&self, request: &HttpRequest) -> Option<String> {
        if self.public_origin.is_some() {
            return self.public_origin.clone();
        }
        let scheme = if self.https { "https" } else { "http" };
        // The outermost layer has found this host to be one of ours, and there to be no other one.
        let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
        host.map(|host| format!("{scheme}://{host}"))
    }
}

/// The console that this request came to.
pub fn of(request: &HttpRequest) -> Result<web::Data<Console>, PageError> {
    let console = request.app_data::<web::Data<Console>>().cloned();
    console.ok_or_else(|| PageError::failed("the server was put together without a console"))
}

/// As `server.rs` found them before any page was asked.
pub fn facts(request: &HttpRequest) -> RequestFacts {
    let extensions = request.extensions();
    let facts = extensions.get::<RequestFacts>().cloned().unwrap_or_default();
    RequestFacts { door: "console", ..facts }
}
