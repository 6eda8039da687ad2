-- Policies that an account's administrators wrote and attach to users and groups by ARN. Attachments do not refer here,
-- because those of AWS-managed policies stand in the same tables; both writes move the account's authorization_version
-- first and so come one after the other.
CREATE TABLE managed_policies (
    policy_arn TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    policy_id TEXT COLLATE "C" NOT NULL UNIQUE,
    account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts (account_id),
    policy_name TEXT NOT NULL,
    policy_name_folded TEXT COLLATE "C" NOT NULL,
    path TEXT NOT NULL,
    description TEXT,
    document TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (account_id, policy_name_folded)
);
