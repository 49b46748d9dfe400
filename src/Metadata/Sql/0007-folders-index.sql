-- How deep the folders below a folder go, asked before a move, without a visit to their files.

CREATE INDEX entries_folders ON entries (space_id, parent_id) WHERE kind = 1 AND trashed_at IS NULL;
