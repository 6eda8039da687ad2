//! For whoever watches the server: does it run, can it work.

use super::Console;
use actix_web::{HttpResponse, web};

/// `GET /healthz`: the process answers. It asks nobody else, so that a database that is away restarts nothing.
pub async fn healthy() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok\n")
}

/// `GET /readyz`: the database answers too.
pub async fn ready(console: web::Data<Console>) -> HttpResponse {
    if crate::operations::housekeeping::store_answers(&console.app).await {
        HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ready\n")
    } else {
        HttpResponse::ServiceUnavailable()
            .content_type("text/plain; charset=utf-8")
            .body("the database does not answer\n")
    }
}
