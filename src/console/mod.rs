//! The HTML door: one file, one page. It knows the wire and no rule; what a page says is in `pages`.
//! The routes are all here, in one list; each says what it takes, and answers anything else with 405 and `Allow`.

mod assets;
mod change_password;
pub mod cookies;
mod csrf;
pub mod error;
pub mod error_response;
mod flash;
mod forced_change;
mod form;
mod health;
mod home;
mod moment;
mod origin;
mod page;
mod password_form;
mod remembered_user;
mod security_credentials;
pub mod session;
mod session_cookie;
mod session_row;
mod session_store;
mod sign_in;
mod sign_out;
pub mod state;
mod user_sign_in;
mod visit;

pub use page::Shown;
pub use session_cookie::SessionKeys;
pub use state::Console;

use actix_session::SessionMiddleware;
use actix_session::config::CookieContentSecurity;
use actix_web::cookie::SameSite;
use actix_web::middleware::{Compress, from_fn};
use actix_web::{Resource, web};
use error::PageError;
use session::SignedIn;
use session_store::Sessions;

const GET: &str = "GET, HEAD";
const POST: &str = "POST";
const BOTH: &str = "GET, HEAD, POST";

/// What needs no session comes first; the rest is wrapped in one.
pub fn routes(config: &mut web::ServiceConfig, console: &web::Data<Console>, keys: &web::Data<SessionKeys>) {
    config
        .app_data(console.clone())
        .app_data(keys.clone())
        .app_data(
            web::QueryConfig::default().error_handler(|_, _| unreadable("The address has a query that does not fit.")),
        )
        .app_data(
            web::PathConfig::default().error_handler(|_, _| unreadable("The address holds text that is not valid.")),
        )
        .service(only(
            web::resource("/healthz").route(web::get().to(health::healthy)).route(web::head().to(health::healthy)),
            GET,
        ))
        .service(only(
            web::resource("/readyz").route(web::get().to(health::ready)).route(web::head().to(health::ready)),
            GET,
        ))
        .service(only(
            web::resource("/static/{name}").route(web::get().to(assets::get)).route(web::head().to(assets::get)),
            GET,
        ))
        .service(only(
            web::resource("/favicon.ico").route(web::get().to(assets::favicon)).route(web::head().to(assets::favicon)),
            GET,
        ))
        .service(only(
            web::resource("/robots.txt").route(web::get().to(assets::robots)).route(web::head().to(assets::robots)),
            GET,
        ))
        .service(
            web::scope("")
                .wrap(sessions(console, keys))
                .wrap(from_fn(session_cookie::reseal))
                .wrap(Compress::default())
                .configure(pages),
        );
}

fn pages(config: &mut web::ServiceConfig) {
    config
        // What is posted here is for the Query API, which takes it first.
        .service(only(web::resource("/").route(web::get().to(home::root)).route(web::head().to(home::root)), BOTH))
        .service(only(
            web::resource("/signin")
                .route(web::get().to(sign_in::get))
                .route(web::head().to(sign_in::get))
                .route(web::post().to(sign_in::post)),
            BOTH,
        ))
        .service(only(web::resource("/signin/step/forget").route(web::post().to(sign_in::forget)), POST))
        .service(only(
            web::resource("/signin/step/change-password")
                .route(web::get().to(forced_change::get))
                .route(web::head().to(forced_change::get))
                .route(web::post().to(forced_change::post)),
            BOTH,
        ))
        .service(only(
            web::resource("/signin/{account}")
                .route(web::get().to(user_sign_in::get))
                .route(web::head().to(user_sign_in::get))
                .route(web::post().to(user_sign_in::post)),
            BOTH,
        ))
        .service(only(web::resource("/signout").route(web::post().to(sign_out::post)), POST))
        .service(only(web::resource("/console").route(web::get().to(home::get)).route(web::head().to(home::get)), GET))
        .service(only(
            web::resource("/console/security-credentials")
                .route(web::get().to(security_credentials::get))
                .route(web::head().to(security_credentials::get)),
            GET,
        ))
        .service(only(
            web::resource("/console/security-credentials/password")
                .route(web::get().to(change_password::get))
                .route(web::head().to(change_password::get))
                .route(web::post().to(change_password::post)),
            BOTH,
        ))
        .service(only(
            web::resource("/.well-known/change-password")
                .route(web::get().to(change_password::well_known))
                .route(web::head().to(change_password::well_known)),
            GET,
        ))
        .default_service(web::to(nothing_here));
}

fn unreadable(what: &str) -> actix_web::Error {
    PageError::unreadable(400, what).into()
}

fn only(resource: Resource, allow: &'static str) -> Resource {
    resource.default_service(web::to(move || async move { Err::<&str, _>(PageError::method_not_allowed(allow)) }))
}

/// With the navigation, for whoever is signed in.
async fn nothing_here(_: Option<SignedIn>) -> Result<&'static str, PageError> {
    Err(PageError::not_found())
}

fn sessions(console: &Console, keys: &SessionKeys) -> SessionMiddleware<Sessions> {
    SessionMiddleware::builder(Sessions { app: console.app.clone() }, keys.current.clone())
        .cookie_name(cookies::name(cookies::SESSION, console.https))
        .cookie_secure(console.https)
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .cookie_path("/".to_owned())
        .cookie_content_security(CookieContentSecurity::Private)
        .build()
}
