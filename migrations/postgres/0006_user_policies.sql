-- What a user may do. The documents of AWS-managed policies are part of the program; an attachment names the ARN.
CREATE TABLE user_policies (
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    policy_name TEXT COLLATE "C" NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (user_id, policy_name)
);

CREATE TABLE attached_user_policies (
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    policy_arn TEXT COLLATE "C" NOT NULL,
    attached_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, policy_arn)
);
