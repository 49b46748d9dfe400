-- Counts the changes of a session's chunk list, so that a commit notices one that came after it read the list.

ALTER TABLE upload_sessions ADD COLUMN revision integer NOT NULL DEFAULT 0;
