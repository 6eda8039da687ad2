-- What several users may do. Names are unique without regard to case and kept as written; what a group may do stands in
-- the like of the users' own tables.
CREATE TABLE user_groups (
    group_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts (account_id),
    group_name TEXT NOT NULL,
    group_name_folded TEXT COLLATE "C" NOT NULL,
    path TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    UNIQUE (account_id, group_name_folded)
);

CREATE TABLE user_group_members (
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    group_id TEXT COLLATE "C" NOT NULL REFERENCES user_groups (group_id) ON DELETE CASCADE,
    added_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, group_id)
);

CREATE INDEX user_group_members_group_id ON user_group_members (group_id);

CREATE TABLE group_policies (
    group_id TEXT COLLATE "C" NOT NULL REFERENCES user_groups (group_id) ON DELETE CASCADE,
    policy_name TEXT COLLATE "C" NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (group_id, policy_name)
);

CREATE TABLE attached_group_policies (
    group_id TEXT COLLATE "C" NOT NULL REFERENCES user_groups (group_id) ON DELETE CASCADE,
    policy_arn TEXT COLLATE "C" NOT NULL,
    attached_at BIGINT NOT NULL,
    PRIMARY KEY (group_id, policy_arn)
);

CREATE INDEX attached_group_policies_policy_arn ON attached_group_policies (policy_arn);
CREATE INDEX attached_user_policies_policy_arn ON attached_user_policies (policy_arn);
