//! What tests stand on: a database of their own, a server with a clock in hand, a browser without a screen.

pub mod api;
pub mod browser;
pub mod database;
pub mod html;
pub mod server;
