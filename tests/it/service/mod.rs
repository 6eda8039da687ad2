//! The server as a service: what every answer carries, deadlines and limits, readiness, the end, logs and figures.

mod deadlines;
mod every_answer;
mod logs;
mod metrics;
mod readiness;
mod round_trips;
mod serializable;
mod shutdown;
