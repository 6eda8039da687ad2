-- The wall between accounts. authorization_version moves with everything that decides what somebody of the account may do,
-- so that a write can demand that what it was judged by still stands.
CREATE TABLE accounts (
    account_id TEXT NOT NULL PRIMARY KEY,
    alias TEXT UNIQUE,
    canonical_user_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    authorization_version BIGINT NOT NULL
);
