//! For whoever watches the server: does it run, can it work. Both answer under any host name, because a load balancer
//! asks by address, and say nothing that is not for everybody.

use super::Console;
use crate::operations::readiness::readiness;
use actix_web::{HttpResponse, web};

const TEXT: &str = "text/plain; charset=utf-8";

/// `GET /healthz`: the process answers. It asks nobody else, so that a database that is away restarts nothing.
pub async fn healthy() -> HttpResponse {
    HttpResponse::Ok().content_type(TEXT).body("ok\n")
}

/// `GET /readyz`: requests can be sent here. Otherwise one word says why not.
pub async fn ready(console: web::Data<Console>) -> HttpResponse {
    match readiness(&console.app).await {
        Ok(()) => HttpResponse::Ok().content_type(TEXT).body("ready\n"),
        Err(unready) => HttpResponse::ServiceUnavailable().content_type(TEXT).body(format!("{}\n", unready.word())),
    }
}
