-- A large database for the test that reads plans: one account, one group and one policy that everything belongs to, which
-- is the worst that an account can be; of the audit records every other one is of other accounts. Nothing in it opens anything.
SET session_replication_role = replica;
INSERT INTO accounts SELECT '1' || LPAD(n::TEXT, 11, '0'), 'alias-' || n, 'c', 0, 1 FROM generate_series(1, 10000) n;
INSERT INTO users
    SELECT 'AIDA' || LPAD(n::TEXT, 17, '0'), '100000000001', 'user-' || n, 'user-' || LPAD(n::TEXT, 6, '0'), '/', n, 1, NULL, 1
    FROM generate_series(1, 10000) n;
INSERT INTO login_profiles (user_id, hash, parameters, created_at, changed_at, password_reset_required, version)
    SELECT user_id, 'hash', '$argon2id$v=19$m=19456,t=2,p=1', 0, 0, FALSE, 1 FROM users;
INSERT INTO password_history SELECT user_id, n, 'hash', 0 FROM users, generate_series(1, 2) n;
INSERT INTO user_policies SELECT user_id, 'policy', '{}' FROM users;
INSERT INTO attached_user_policies SELECT user_id, 'arn:aws:iam::100000000001:policy/all', 0 FROM users;
INSERT INTO user_tags SELECT user_id, 'team', 'team', 'blue' FROM users;
INSERT INTO console_sessions (session_hash, user_id, session_epoch, stage, signed_in_at, last_seen_at, expires_at)
    SELECT MD5(user_id), user_id, 1, 'full', created_at, created_at, created_at FROM users;
INSERT INTO access_keys (access_key_id, user_id, slot, secret, status, created_at)
    SELECT REPLACE(user_id, 'AIDA', 'AKIA'), user_id, 1, '\x01020304050607080910', 'Active', 0 FROM users;
INSERT INTO spent_signatures SELECT MD5(n::TEXT), n FROM generate_series(1, 10000) n;
INSERT INTO sign_in_throttle SELECT MD5(n::TEXT), MD5((n / 2)::TEXT), 1, 0, n, NULL FROM generate_series(1, 10000) n;
INSERT INTO user_groups
    SELECT 'AGPA' || LPAD(n::TEXT, 17, '0'), '100000000001', 'group-' || n, 'group-' || LPAD(n::TEXT, 6, '0'), '/', n, 1
    FROM generate_series(1, 10000) n;
INSERT INTO user_group_members SELECT user_id, 'AGPA00000000000000001', 0 FROM users;
INSERT INTO group_policies SELECT group_id, 'policy', '{}' FROM user_groups;
INSERT INTO attached_group_policies SELECT group_id, 'arn:aws:iam::100000000001:policy/all', 0 FROM user_groups;
INSERT INTO managed_policies
    SELECT 'arn:aws:iam::100000000001:policy/' || n, 'ANPA' || n, '100000000001', 'policy-' || n,
    'policy-' || LPAD(n::TEXT, 6, '0'), '/', NULL, '{}', 0 FROM generate_series(1, 10000) n;
INSERT INTO audit_records (event_id, account_id, user_id, event_time, event_name, event_source, event_type, user_name, user_identity)
    SELECT MD5(n::TEXT), CASE n % 2 WHEN 0 THEN '100000000001' ELSE '1' || LPAD(n::TEXT, 11, '0') END,
    'AIDA' || LPAD((CASE n % 2 WHEN 0 THEN 1 ELSE n END)::TEXT, 17, '0'), n, 'ConsoleLogin', 'signin.amazonaws.com',
    'AwsConsoleSignIn', 'user-' || CASE n % 2 WHEN 0 THEN 1 ELSE n END, '{}' FROM generate_series(1, 10000) n;
SET session_replication_role = DEFAULT;
ANALYZE;
