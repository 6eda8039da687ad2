-- What administrators note about users and policies may ask about. Keys are unique on a user without regard to case.
CREATE TABLE user_tags (
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    tag_key TEXT NOT NULL,
    tag_key_folded TEXT COLLATE "C" NOT NULL,
    tag_value TEXT NOT NULL,
    PRIMARY KEY (user_id, tag_key_folded)
);
