-- An account without a row has the default policy. NULL means that the rule is off.
CREATE TABLE password_policies (
    account_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES accounts (account_id) ON DELETE CASCADE,
    minimum_password_length BIGINT NOT NULL,
    require_symbols BOOLEAN NOT NULL,
    require_numbers BOOLEAN NOT NULL,
    require_uppercase_characters BOOLEAN NOT NULL,
    require_lowercase_characters BOOLEAN NOT NULL,
    allow_users_to_change_password BOOLEAN NOT NULL,
    max_password_age BIGINT,
    password_reuse_prevention BIGINT,
    hard_expiry BOOLEAN NOT NULL
);
