-- People. Names are unique without regard to case and kept as written. A console session is good for one session_epoch,
-- which every change of the password moves; it stands here and not with the password, so that it never starts again.
CREATE TABLE users (
    user_id TEXT NOT NULL PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    user_name TEXT NOT NULL,
    user_name_folded TEXT NOT NULL,
    path TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    session_epoch BIGINT NOT NULL,
    password_last_used_at BIGINT,
    version BIGINT NOT NULL,
    UNIQUE (account_id, user_name_folded)
);
