//! Root secrets, and many access keys at once.

use crate::support::database::Database;
pub use crate::support::server::ROOT_SECRET as OLD;
use my_security_credentials::crypto::identifier::Random;
use my_security_credentials::crypto::root_secret::{RootSecret, RootSecrets};
use my_security_credentials::crypto::sealed::{Place, Sealer};
use my_security_credentials::store::sealed_values::{SEALED_COLUMNS, SealedColumn};
use std::fmt::Write;

pub const NEW: &str = "1111111111111111111111111111111111111111111111111111111111111111";

/// Of access keys.
pub const COLUMN: &SealedColumn = &SEALED_COLUMNS[0];

/// What a node has whose current root secret is the first one.
pub fn sealer(secrets: &[&str]) -> Sealer {
    let mut secrets = secrets.iter().map(|text| RootSecret::parse(text).expect("a root secret"));
    Sealer::new(&RootSecrets::new(secrets.next().expect("one at least"), secrets.collect()))
}

fn secret_of(number: u32) -> String {
    format!("secret of key {number}")
}

fn user_id(number: u32) -> String {
    format!("AIDAXXXXXXXXXXXX{number:05}")
}

/// So many users of the account, each with a key that is sealed with the old root secret.
pub async fn with_keys(database: &Database, account_id: &str, count: u32) {
    let (old, random) = (sealer(&[OLD]), Random::system());
    let is_sqlite = database.settings.url.starts_with("sqlite");
    let (mut users, mut keys) = (Vec::new(), Vec::new());
    for number in 0..count {
        let (key, user) = (format!("AKIAXXXXXXXXXXX{number:05}"), user_id(number));
        let place = Place { table: "access_keys", column: "secret", row: &key, owner: &user };
        let sealed = old.seal(&random, place, secret_of(number).as_bytes());
        let hex = sealed.iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("text");
            hex
        });
        let sealed = if is_sqlite { format!("x'{hex}'") } else { format!("'\\x{hex}'") };
        users.push(format!("('{user}', '{account_id}', 'user{number}', 'user{number}', '/', 0, 1, 1)"));
        keys.push(format!("('{key}', '{user}', 1, {sealed}, 'Active', 0)"));
    }
    let columns = "user_id, account_id, user_name, user_name_folded, path, created_at, session_epoch, version";
    database.execute(&format!("INSERT INTO users ({columns}) VALUES {}", users.join(", "))).await;
    let columns = "access_key_id, user_id, slot, secret, status, created_at";
    database.execute(&format!("INSERT INTO access_keys ({columns}) VALUES {}", keys.join(", "))).await;
}

/// How many of them are sealed with the old root secret.
pub async fn sealed_with_the_old_one(database: &Database) -> u64 {
    let old = *sealer(&[OLD]).current_id();
    database.store.count_sealed_with(COLUMN, &old).await.expect("a count")
}

/// Every one of them opens in its place and is what it was.
pub async fn all_are_readable(database: &Database, count: u32) {
    let opener = sealer(&[NEW, OLD]);
    let mut found = 0;
    for id in database.store.sealing_keys(COLUMN).await.expect("the keys") {
        for value in database.store.sealed_values(COLUMN, &id, "", count).await.expect("the values") {
            let place = Place { table: "access_keys", column: "secret", row: &value.row, owner: &value.owner };
            let clear = opener.open(place, &value.sealed).expect("it opens");
            let number: u32 = value.row[15..].parse().expect("a number");
            assert_eq!(clear.as_slice(), secret_of(number).as_bytes());
            found += 1;
        }
    }
    assert_eq!(found, count);
}
