//! The pages through the front door: a real server, a browser without a screen. Assert the answer and the database.

mod change_password;
mod change_password_races;
mod forced_change;
mod forms;
mod headers;
mod hosts;
mod pages;
mod permissions;
mod sessions;
mod sign_in;
mod snapshots;
mod throttle;
mod unavailable;
