-- The names and columns of the original data model, over the tables that hold the facts.

CREATE VIEW files AS
SELECT e.entry_id AS file_id, e.name::text AS name, v.size, v.mime_type, v.created_by AS uploaded_by,
       CASE WHEN e.trashed_at IS NULL THEN 'uploaded' ELSE 'trashed' END AS status,
       e.created_at, e.space_id
FROM entries e
JOIN versions v ON v.space_id = e.space_id AND v.version_id = e.current_version
UNION ALL
SELECT s.file_id, s.name::text, s.size, s.mime_type, s.user_id, 'uploading', s.created_at, s.space_id
FROM upload_sessions s
WHERE s.status = 0 AND s.is_new_file;

CREATE VIEW chunks AS
SELECT encode(c.chunk_id, 'hex') AS chunk_id, v.entry_id AS file_id,
       row_number() OVER (PARTITION BY v.entry_id, v.version_id ORDER BY c.part_index, c.chunk_no) - 1 AS chunk_index,
       c.size, v.created_at AS upload_date,
       '/v1/chunks/' || encode(c.chunk_id, 'hex') AS storage_url,
       v.version_id, v.space_id
FROM versions v
JOIN upload_chunks c ON c.space_id = v.space_id AND c.upload_id = v.upload_id;
