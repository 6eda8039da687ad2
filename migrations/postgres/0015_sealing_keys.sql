-- Every sealed value begins with the id of its key, eight bytes. By these ids it is known without reading every value which
-- root secrets are still in use, and those that are to be sealed anew are found in small batches.
CREATE INDEX access_keys_sealing_key ON access_keys (substr(secret, 1, 8), access_key_id);
