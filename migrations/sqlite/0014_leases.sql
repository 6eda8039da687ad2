-- Of several nodes one keeps house and one ships the audit records: a lease says which one, until when. A cursor says how
-- far the records were shipped, so that whoever goes on misses none. The index finds what a user did, by name and newest
-- first, also when the user is gone; what nobody did by name stands in none of its rows.
CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE audit_cursors (
    name TEXT NOT NULL PRIMARY KEY,
    event_time BIGINT NOT NULL,
    event_id TEXT NOT NULL
);

CREATE INDEX audit_records_user_name ON audit_records (account_id, user_name, event_time, event_id)
    WHERE user_name IS NOT NULL;
