//! What tests stand on: a database of their own, a server with a clock in hand, a browser without a screen.

/// Makes a test of each behaviour on each engine, each with a migrated database of its own.
macro_rules! each_engine {
    ($($behaviour:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                super::$behaviour($crate::support::database::Database::sqlite().await).await;
            })*
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                super::$behaviour($crate::support::database::Database::postgres().await).await;
            })*
        }
    };
}

pub mod api;
pub mod browser;
pub mod cluster;
pub mod cpu;
pub mod database;
pub mod disk;
mod dump;
pub mod figures;
pub mod html;
pub mod keep_alive;
pub mod postgres_proxy;
pub mod probe;
pub mod process;
pub mod raw;
pub mod record;
pub mod server;
pub mod signing;
pub mod sources;
pub mod wire;
