-- What is true of this installation as a whole: the key check value, who made the first account, and the oldest schema
-- whose program may still run beside this one.
CREATE TABLE installation (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

INSERT INTO installation (name, value) VALUES ('oldest_compatible_schema', '1');
