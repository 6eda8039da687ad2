//! The store's contract, on both engines: every sentence does it, refuses what is stale, leaves nothing half done, and
//! writes its audit record.

/// Makes a test of each behaviour on each engine, each with a migrated database of its own.
macro_rules! on_both_engines {
    ($($behaviour:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                super::$behaviour(&crate::support::database::Database::sqlite().await).await;
            })*
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $behaviour() {
                super::$behaviour(&crate::support::database::Database::postgres().await).await;
            })*
        }
    };
}

mod access_keys;
mod accounts;
mod audit;
mod audit_search;
mod belongings;
mod dialect;
mod expectations;
mod faults;
mod fixtures;
mod group_members;
mod groups;
mod leases;
mod login_profiles;
mod managed_policies;
mod opening;
mod paging;
mod password_policies;
mod permissions;
mod plans;
mod policies;
mod renaming;
mod replace_password;
mod schema;
mod sealed_values;
mod sessions;
mod sign_in;
mod spent_signatures;
mod surplus_passwords;
mod tags;
mod throttle;
mod users;
