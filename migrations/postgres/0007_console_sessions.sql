-- Who is signed in. The key in the cookie is not kept, only its hash. A row opens nothing unless its session_epoch is still
-- the user's. replaced_at marks a session that its own browser's change ended: it is remembered for a minute.
CREATE TABLE console_sessions (
    session_hash TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    session_epoch BIGINT NOT NULL,
    stage TEXT NOT NULL,
    signed_in_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    replaced_at BIGINT,
    last_sign_in_at BIGINT,
    told_change_at BIGINT,
    mfa_at BIGINT,
    source_address TEXT,
    user_agent TEXT
);

CREATE INDEX console_sessions_user_id ON console_sessions (user_id);
CREATE INDEX console_sessions_expires_at ON console_sessions (expires_at);
CREATE INDEX console_sessions_last_seen_at ON console_sessions (last_seen_at);
CREATE INDEX console_sessions_replaced_at ON console_sessions (replaced_at) WHERE replaced_at IS NOT NULL;
