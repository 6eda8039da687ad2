//! From a page's struct to a response: frame, flash, cookies, headers. The words are in `pages`.

use super::error::PageError;
use super::flash::Told;
use super::session::SignedIn;
use super::state::Console;
use super::{cookies, visit};
use crate::domain::principal::IamUser;
use crate::pages::frame::{Flash, Frame, Theme, UserMenu};
use actix_web::cookie::Cookie;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use askama::Template;

/// A response in the making: what the browser brought, and the cookies that it gets back.
pub struct Show {
    console: web::Data<Console>,
    /// Taken away from the browser by being shown.
    pub told: Option<Told>,
    cookies: Vec<Cookie<'static>>,
}

impl Show {
    pub fn of(request: &HttpRequest) -> Result<Self, PageError> {
        let console = super::state::of(request)?;
        let told = Told::of(request, &console);
        let shown = cookies::value(request, cookies::FLASH, console.https)
            .map(|_| cookies::removal(cookies::FLASH, console.https));
        Ok(Self { console, told, cookies: shown.into_iter().collect() })
    }

    pub fn console(&self) -> &Console {
        &self.console
    }

    pub fn set(&mut self, cookie: Cookie<'static>) {
        self.cookies.push(cookie);
    }

    /// For a page that anybody may see; its forms' token belongs to the visit.
    pub fn gate(&mut self, request: &HttpRequest) -> Frame {
        let (value, cookie) = visit::begin(request, &self.console);
        self.cookies.extend(cookie);
        self.cookies.extend(cookies::renewal_of_remembered_users(request, &self.console));
        blank_frame(&self.console, self.console.token_key.token(&value, &self.console.app.random))
    }

    /// For a page of whoever is signed in, without navigation.
    pub fn step(&self, signed_in: &SignedIn) -> Frame {
        let subject = signed_in.cx.caller.session().map_or("", |session| session.session_hash.as_str());
        blank_frame(&self.console, self.console.token_key.token(subject, &self.console.app.random))
    }

    /// For a page of the console.
    pub fn signed_in(&self, signed_in: &SignedIn) -> Result<Frame, PageError> {
        let flash = match self.told {
            Some(Told::PasswordChanged(ended)) => Some(Flash::password_changed(ended)),
            Some(Told::FailedAttempts(count)) => Some(Flash::failed_attempts(count)),
            _ => None,
        };
        Ok(Frame { user_menu: Some(user_menu(signed_in.user()?)), flash, ..self.step(signed_in) })
    }

    pub fn respond(self, status: StatusCode, template: &impl Template) -> Result<HttpResponse, PageError> {
        let html = template.render().map_err(PageError::failed)?;
        let mut response = HttpResponse::build(status);
        response.content_type("text/html; charset=utf-8").insert_header((CACHE_CONTROL, "no-store"));
        for cookie in self.cookies {
            response.cookie(cookie);
        }
        Ok(response.body(html))
    }

    pub fn ok(self, template: &impl Template) -> Result<HttpResponse, PageError> {
        self.respond(StatusCode::OK, template)
    }

    /// The form again, with what is wrong in it.
    pub fn unprocessable(self, template: &impl Template) -> Result<HttpResponse, PageError> {
        self.respond(StatusCode::UNPROCESSABLE_ENTITY, template)
    }

    /// On to the page that shows the result.
    pub fn see_other(self, location: &str) -> HttpResponse {
        let mut response = HttpResponse::SeeOther();
        response.insert_header((LOCATION, location)).insert_header((CACHE_CONTROL, "no-store"));
        for cookie in self.cookies {
            response.cookie(cookie);
        }
        response.finish()
    }

    /// The next page tells this.
    pub fn telling(mut self, told: Told) -> Self {
        let cookie = cookies::flash(told.code(), self.console.https);
        self.cookies.retain(|known| known.name() != cookie.name());
        self.cookies.push(cookie);
        self
    }
}

pub fn blank_frame(console: &Console, csrf: String) -> Frame {
    Frame {
        brand: console.brand.clone(),
        assets: console.assets.urls.clone(),
        footer_links: console.footer_links.clone(),
        theme: Theme::Device,
        csrf,
        user_menu: None,
        flash: None,
    }
}

pub fn user_menu(user: &IamUser) -> UserMenu {
    let alias = user.account_alias.as_ref().map(|alias| alias.as_str().to_owned());
    UserMenu::new(user.user_name.as_str(), user.account_id.as_str(), alias)
}

/// Who is signed in, for an error page, which is made after the session has left the request.
#[derive(Clone)]
pub struct Shown {
    pub user_menu: UserMenu,
    pub csrf: String,
}

pub fn remember_for_errors(request: &HttpRequest, signed_in: &SignedIn) {
    let (Ok(user), Some(session)) = (signed_in.user(), signed_in.cx.caller.session()) else { return };
    if session.stage == crate::domain::principal::Stage::Full {
        let csrf = signed_in.console.token_key.token(&session.session_hash, &signed_in.console.app.random);
        request.extensions_mut().insert(Shown { user_menu: user_menu(user), csrf });
    }
}
