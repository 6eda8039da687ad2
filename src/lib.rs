//! A self-hosted web console for My Security Credentials, with the semantics of AWS IAM.
//!
//! The map of the house; an arrow reads "knows":
//!
//! ```text
//!   domain                          what IAM is: names, passwords, policies, the vocabulary of "no"
//!   crypto, store  -> domain        the few lines that must be right; what we keep, on SQLite or PostgreSQL
//!   app            -> domain, crypto, store   what lives as long as the process; clock, the time; address_limit, turns
//!   operations     -> app and all above   what one may do: `Context::perform` is the only way in
//!   pages                           the words and states of every page: plain data to HTML
//!   wire                            bodies and forms as they come in, read strictly; for both doors
//!   console        -> operations, pages, wire   the HTML door: one file, one page
//!   query_api      -> operations, wire   the IAM Query API: signature, parameters, XML; one file, one noun
//!   command_line   -> operations    the operator's door
//!   config, telemetry               every setting; the log
//!   audit_log                       where audit records are written out, line by line
//!   start, first_account, server, request, tls, start_error   put it together
//!   metrics_listener                 the operator's figures, on an address of their own
//!
//!   sockets, connections             what listening asks of the system; connections between two requests
//!   metrics, stopping, guarded       what is counted, the end of the process, the bounds of a request: known to many
//! ```
//!
//! The doors know the wire and no rule; operations know the rules and no wire; the store knows SQL and no rule; domain
//! knows nothing. `tests/it/architecture.rs` keeps this.
//!
//! A changed password walks: template -> `server` -> `console/session`, `console/form` -> `console/change_password` ->
//! `operations/context` -> `operations/password` with `domain/password_policy` -> `crypto/password_hash` ->
//! `store/login_profiles`; each file once, in order, no way back but the answer. `aws iam change-password` walks:
//! `server` -> `query_api/authenticate` with `sigv4` -> `query_api/parameters`, `actions`, `passwords` -> the very same
//! `operations/context` and all after it -> `query_api/xml`.

mod address_limit;
pub mod app;
pub mod audit_log;
pub mod clock;
pub mod command_line;
pub mod config;
mod connections;
pub mod console;
pub mod crypto;
pub mod domain;
mod first_account;
mod guarded;
pub mod metrics;
pub mod metrics_listener;
pub mod operations;
pub mod pages;
pub mod query_api;
mod request;
pub mod server;
mod sockets;
pub mod start;
pub mod start_error;
pub mod stopping;
pub mod store;
pub mod telemetry;
mod tls;
mod turns;
mod wire;
