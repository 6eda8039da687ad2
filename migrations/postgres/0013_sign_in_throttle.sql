-- What was tried against passwords: a row counts the tries of one bucket (all devices that nobody knows, one device, one
-- session, one access key) for one user. Both keys are an HMAC, so that nothing that was typed is kept. untold_failures is
-- what the owner has not been told of yet.
CREATE TABLE sign_in_throttle (
    bucket TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    user_key TEXT COLLATE "C" NOT NULL,
    tries BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    last_try_at BIGINT NOT NULL,
    last_failure_at BIGINT
);

CREATE INDEX sign_in_throttle_user_key ON sign_in_throttle (user_key);
CREATE INDEX sign_in_throttle_last_try_at ON sign_in_throttle (last_try_at);

ALTER TABLE login_profiles ADD COLUMN untold_failures BIGINT NOT NULL DEFAULT 0;
