//! All that a database holds, as the run's search for secrets reads it: every table and column, bytes both raw and in hex.

use super::record;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

/// Of the database at this URL, into a place of the records. From any thread, also one that waits for a runtime.
pub fn keep(place: &str, url: &str) {
    let (place, url, test) = (place.to_owned(), url.to_owned(), record::test());
    let done = std::thread::spawn(move || {
        record::belongs_to(&test);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let dumped = runtime
            .block_on(async { if url.starts_with("sqlite:") { sqlite(&url).await } else { postgres(&url).await } });
        // A test may have damaged it: then there are its bytes.
        let bytes = || url.strip_prefix("sqlite://").and_then(|file| std::fs::read(file).ok());
        match dumped.or_else(|error| bytes().ok_or(error)) {
            Ok(dump) => record::keep(&place, &dump),
            Err(error) => record::failure(&format!("a database could not be dumped: {error}")),
        }
    });
    if done.join().is_err() {
        record::failure("a database could not be dumped");
    }
}

async fn sqlite(url: &str) -> Result<Vec<u8>, sqlx::Error> {
    let mut connection = SqliteConnection::connect(url).await?;
    let mut dump = Vec::new();
    let columns =
        "SELECT t.name, c.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table'";
    let columns: Vec<(String, String)> = sqlx::query_as(columns).fetch_all(&mut connection).await?;
    for (table, column) in columns {
        let query = format!("SELECT CAST({column} AS BLOB), TYPEOF({column}) = 'blob' FROM {table}");
        let values: Vec<(Option<Vec<u8>>, bool)> =
            sqlx::query_as(AssertSqlSafe(query)).fetch_all(&mut connection).await?;
        add(&mut dump, &table, &column, values);
    }
    connection.close().await?;
    Ok(dump)
}

async fn postgres(url: &str) -> Result<Vec<u8>, sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    let mut dump = Vec::new();
    let columns = "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT), data_type = 'bytea' FROM information_schema.columns \
        WHERE table_schema = 'public' ORDER BY table_name";
    let columns: Vec<(String, String, bool)> = sqlx::query_as(columns).fetch_all(&mut connection).await?;
    for (table, column, is_binary) in columns {
        let shown = if is_binary { column.clone() } else { format!("CONVERT_TO(CAST({column} AS TEXT), 'UTF8')") };
        let query = format!("SELECT {shown} FROM {table}");
        let values: Vec<Option<Vec<u8>>> = sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(&mut connection).await?;
        add(&mut dump, &table, &column, values.into_iter().map(|value| (value, is_binary)).collect());
    }
    connection.close().await?;
    Ok(dump)
}

fn add(dump: &mut Vec<u8>, table: &str, column: &str, values: Vec<(Option<Vec<u8>>, bool)>) {
    for (value, is_binary) in values.into_iter().filter_map(|(value, is_binary)| Some((value?, is_binary))) {
        dump.extend_from_slice(format!("{table}.{column} = ").as_bytes());
        dump.extend_from_slice(&value);
        if is_binary {
            dump.extend(value.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()));
        }
        dump.push(b'\n');
    }
}
