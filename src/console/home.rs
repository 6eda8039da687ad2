//! `GET /console`: who is signed in, what needs attention, where to go.

use super::error::PageError;
use super::moment;
use super::page::Show;
use super::security_credentials::{account_details, may_change_password, own_user};
use super::session::SignedIn;
use crate::operations::session;
use crate::pages::frame::Fact;
use crate::pages::home::HomePage;
use actix_web::{HttpRequest, HttpResponse};

pub async fn get(request: HttpRequest, cx: SignedIn) -> Result<HttpResponse, PageError> {
    let show = Show::of(&request)?;
    let user = own_user(&cx).await?;
    let mut page = HomePage::new(show.signed_in(&cx)?, account_details(&cx, &user).await?);
    page.may_change_password = may_change_password(&cx).await?;
    page.last_sign_in = cx.last_sign_in_at.map(moment::shown);
    if let Some(at) = cx.told_change_at {
        page = page.password_changed_elsewhere(&moment::shown(at));
    }
    if let Fact::Known(found) = &user {
        let changed = found.login_profile.and_then(|profile| moment::past(profile.changed_at, cx.now).relative);
        page.password_changed = changed.map(|ago| ago.to_lowercase());
    }
    // A fact of the session: who may not read it is warned all the same.
    let warning = match &user {
        Fact::Known(found) => found.expiry_warning,
        _ => session::expiry_warning(&cx.app, cx.user()?, cx.now).await?,
    };
    if let Some(warning) = warning {
        let days = u32::try_from(warning.days).unwrap_or_default();
        page = page.password_expires(days, &moment::shown(warning.expires_at));
    }
    show.ok(&page)
}

/// `GET /`.
pub async fn root() -> HttpResponse {
    HttpResponse::SeeOther().insert_header(("Location", "/console")).finish()
}
