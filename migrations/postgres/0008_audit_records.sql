-- What happened, in the shape of CloudTrail's events; the members that hold JSON are text. Nothing refers to accounts or
-- users, so that a record outlives what it is about.
CREATE TABLE audit_records (
    event_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account_id TEXT COLLATE "C",
    user_id TEXT COLLATE "C",
    event_time BIGINT NOT NULL,
    event_name TEXT NOT NULL,
    event_source TEXT NOT NULL,
    event_type TEXT NOT NULL,
    user_name TEXT,
    user_identity TEXT NOT NULL,
    source_ip_address TEXT,
    user_agent TEXT,
    request_id TEXT,
    error_code TEXT,
    error_message TEXT,
    request_parameters TEXT,
    response_elements TEXT,
    additional_event_data TEXT
);

CREATE INDEX audit_records_event_time ON audit_records (event_time, event_id);
CREATE INDEX audit_records_account_id ON audit_records (account_id, event_time, event_id);
CREATE INDEX audit_records_user_id ON audit_records (user_id, event_time, event_id);
