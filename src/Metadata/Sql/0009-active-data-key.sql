-- Which data key seals new records. Above it: a key that nodes are storing and none uses yet. Below it: keys that only open what they have sealed.
ALTER TABLE cluster ADD COLUMN active_data_key bigint NOT NULL DEFAULT 0;
UPDATE cluster SET active_data_key = coalesce((SELECT max(key_id) FROM cluster_keys WHERE purpose = 'data'), 0);
