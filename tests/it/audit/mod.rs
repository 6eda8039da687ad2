//! What becomes of audit records after they were written: shipped, looked up, deleted when they are old. And what else is
//! cleared away, by one node at a time.

mod command;
mod housekeeping;
mod lines;
mod shipping;

use crate::support::record;
use crate::support::server::TestServer;
use my_security_credentials::audit_log::AuditLog;
use my_security_credentials::operations::ship_audit::{BEHIND, Shipper};
use serde_json::Value;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use time::Duration;

/// A folder for lines, and a shipper that writes them there.
pub struct Shipping {
    _removed_when_dropped: TempDir,
    pub file: PathBuf,
}

impl Shipping {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("audit.log");
        Self { _removed_when_dropped: folder, file }
    }

    pub fn shipper(&self, server: &TestServer) -> Shipper {
        Shipper::new(server.app.clone(), self.log())
    }

    pub fn log(&self) -> AuditLog {
        AuditLog::File(self.file.clone())
    }

    pub fn events(&self) -> Vec<Value> {
        events(&self.file)
    }
}

impl Drop for Shipping {
    fn drop(&mut self) {
        record::audit_log(&self.file);
    }
}

/// Each line of the file, as JSON; all of them are.
pub fn events(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.split_terminator('\n').map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

/// The same, without a line that a crash has cut off.
pub fn whole_events(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.split_terminator('\n').filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Until what was recorded now is old enough to go out.
pub fn let_records_grow_old(server: &TestServer) {
    server.clock.advance(BEHIND + Duration::SECOND);
}

/// The IDs of all records of the database, sorted.
pub async fn recorded(server: &TestServer) -> Vec<String> {
    server.database.texts("SELECT event_id FROM audit_records ORDER BY event_id").await
}

/// The IDs of these events, sorted.
pub fn ids(events: &[Value]) -> Vec<String> {
    let mut ids: Vec<String> =
        events.iter().map(|event| event["eventID"].as_str().expect("an ID").to_owned()).collect();
    ids.sort_unstable();
    ids
}
