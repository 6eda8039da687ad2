-- What requests to the API are signed with. The secret is sealed: it has to come back in clear to verify a signature.
-- Two slots make two keys a constraint. A signature that made a key is kept until it is too old to be sent again.
CREATE TABLE access_keys (
    access_key_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    slot BIGINT NOT NULL CHECK (slot IN (1, 2)),
    secret BYTEA NOT NULL,
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    last_used_service TEXT,
    last_used_region TEXT,
    UNIQUE (user_id, slot)
);

CREATE TABLE spent_signatures (
    signature_hash TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

CREATE INDEX spent_signatures_expires_at ON spent_signatures (expires_at);
