-- A group may have very many members. Their list is read in pieces in the order of their IDs, along this index; the one
-- before knew the group only, so that each piece sorted all of them.
CREATE INDEX IF NOT EXISTS user_group_members_by_group ON user_group_members (group_id, user_id);

DROP INDEX IF EXISTS user_group_members_group_id;
