-- Upload sessions and their chunks; garbage collection is fenced by the epoch that a session recorded.

CREATE TABLE gc_state (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch    bigint NOT NULL
);
INSERT INTO gc_state (epoch) VALUES (1);

CREATE TABLE upload_sessions (
    space_id      uuid NOT NULL REFERENCES spaces,
    upload_id     uuid NOT NULL,
    user_id       uuid NOT NULL REFERENCES users,
    parent_id     uuid NOT NULL,
    name          text COLLATE "C" NOT NULL,
    file_id       uuid NOT NULL,                    -- of the file that the commit creates, or adds a version to
    is_new_file   boolean NOT NULL,
    base_version  uuid,                             -- If-Match: the version that must still be current
    size          bigint NOT NULL,
    mime_type     text NOT NULL,
    fingerprint   bytea,
    part_size     bigint NOT NULL,                  -- 0: the client sends a chunk list
    part_count    integer NOT NULL,                 -- parts, or chunks listed so far
    listed_bytes  bigint NOT NULL,                  -- sum of the chunks listed so far
    list_complete boolean NOT NULL,
    epoch         bigint NOT NULL,
    status        smallint NOT NULL,                -- 0 open, 1 committed, 2 aborted, 3 expired
    version_id    uuid,                             -- when committed
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    PRIMARY KEY (space_id, upload_id),
    CHECK ((status = 1) = (version_id IS NOT NULL))
);
CREATE INDEX upload_sessions_by_id ON upload_sessions (upload_id);
CREATE INDEX upload_sessions_expiry ON upload_sessions (expires_at) WHERE status = 0;
CREATE INDEX upload_sessions_ended ON upload_sessions (expires_at) WHERE status IN (2, 3);

-- The chunk list of a version is the rows of its session, so a commit copies none of them.
-- Chunk list: part_index is the chunk's position, chunk_no 0. Positional parts: chunk_no counts within the part.
CREATE TABLE upload_chunks (
    space_id   uuid NOT NULL,
    upload_id  uuid NOT NULL,
    part_index integer NOT NULL,
    chunk_no   integer NOT NULL,
    chunk_id   bytea NOT NULL CHECK (octet_length(chunk_id) = 32),
    size       integer NOT NULL CHECK (size > 0),
    status     smallint NOT NULL,                   -- 0 not-uploaded, 1 uploaded, 2 have
    PRIMARY KEY (space_id, upload_id, part_index, chunk_no),
    FOREIGN KEY (space_id, upload_id) REFERENCES upload_sessions ON DELETE CASCADE
);
-- What a notification looks for: it finds nothing once the chunk is proved, however often the chunk repeats.
CREATE INDEX upload_chunks_unproved ON upload_chunks (space_id, upload_id, chunk_id) WHERE status = 0;
-- Who is entitled to skip a chunk, and the walk over all chunks in order of id.
CREATE INDEX upload_chunks_proved ON upload_chunks (chunk_id, space_id) WHERE status > 0;
