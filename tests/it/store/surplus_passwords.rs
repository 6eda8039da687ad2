//! Passwords that nobody has to remember any more.

use super::fixtures::*;
use crate::support::database::Database;

on_both_engines! {
    all_but_the_newest_24_passwords_of_each_user_are_forgotten,
}

/// As a version that remembers more would leave it.
async fn remembered(database: &Database, user: &str, count: i64) {
    for position in 2..=count {
        let row = format!("('{user}', {position}, 'hash-{position}', 0)");
        database.execute(&format!("INSERT INTO password_history (user_id, position, hash, set_at) VALUES {row}")).await;
    }
}

async fn all_but_the_newest_24_passwords_of_each_user_are_forgotten(database: &Database) {
    with_alice(database).await;
    for (id, name) in [('B', "Bob"), ('C', "Carol")] {
        database.store.create_user(&new_user(user_id(id), name), &[record("CreateUser")]).await.unwrap();
    }
    let ids = ['A', 'B', 'C'].map(user_id);
    for (id, count) in ids.iter().zip([30, 24, 26]) {
        remembered(database, id.as_str(), count).await;
    }
    let forget = async |after| database.store.forget_surplus_passwords(after, 2).await.unwrap();
    assert_eq!(forget(None).await, (6, Some(ids[1].clone())));
    assert_eq!(forget(Some(&ids[1])).await, (2, Some(ids[2].clone())));
    assert_eq!(forget(Some(&ids[2])).await, (0, None));
    let left = "SELECT user_id || ' ' || CAST(MIN(position) AS TEXT) || ' ' || CAST(COUNT(*) AS TEXT) FROM password_history GROUP BY user_id ORDER BY user_id";
    let expected = ["7 24", "1 24", "3 24"];
    let expected: Vec<String> = ids.iter().zip(expected).map(|(id, left)| format!("{} {left}", id.as_str())).collect();
    assert_eq!(database.texts(left).await, expected);
}
