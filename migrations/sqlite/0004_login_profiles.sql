-- A user without a row here cannot sign in. The history belongs to the user, so that it outlives a deleted password.
-- parameters repeats what the hash says of its cost, so that the commonest can be found without reading every hash.
CREATE TABLE login_profiles (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (user_id) ON DELETE CASCADE,
    hash TEXT NOT NULL,
    parameters TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    password_reset_required BOOLEAN NOT NULL,
    temporary_expires_at BIGINT,
    untold_change_at BIGINT,
    version BIGINT NOT NULL
);

CREATE INDEX login_profiles_parameters ON login_profiles (parameters);

CREATE TABLE password_history (
    user_id TEXT NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    hash TEXT NOT NULL,
    set_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, position)
);
