-- Spaces, their folders and files, and who may see them. Every row of a space carries space_id, first in its key.

CREATE TABLE spaces (
    space_id   uuid PRIMARY KEY,
    owner_id   uuid NOT NULL UNIQUE REFERENCES users,
    root_id    uuid NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE entries (
    space_id        uuid NOT NULL REFERENCES spaces,
    entry_id        uuid NOT NULL,
    parent_id       uuid,                           -- null: the root of the space
    kind            smallint NOT NULL,              -- 1 folder, 2 file
    name            text COLLATE "C" NOT NULL,      -- byte order, so that pages have one order everywhere
    current_version uuid,                           -- files only
    created_by      uuid NOT NULL REFERENCES users,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    trashed_at      timestamptz,
    PRIMARY KEY (space_id, entry_id),
    FOREIGN KEY (space_id, parent_id) REFERENCES entries (space_id, entry_id),
    CHECK (kind IN (1, 2)),
    CHECK ((kind = 2) = (current_version IS NOT NULL))
);
-- A name is taken only while its entry is live; the same index serves listings.
CREATE UNIQUE INDEX entries_live_name ON entries (space_id, parent_id, name) WHERE trashed_at IS NULL;
CREATE INDEX entries_by_id ON entries (entry_id);
CREATE INDEX entries_trashed ON entries (space_id, trashed_at) WHERE trashed_at IS NOT NULL;

CREATE TABLE versions (
    space_id        uuid NOT NULL REFERENCES spaces,
    version_id      uuid NOT NULL,
    entry_id        uuid NOT NULL,
    upload_id       uuid NOT NULL,                  -- whose upload_chunks are the chunks of this version
    content_id      bytea NOT NULL,                 -- a manifest, or the only chunk
    content_kind    smallint NOT NULL,              -- 1 chunk, 2 manifest
    inner_manifests bytea[] NOT NULL DEFAULT '{}',  -- manifests that content_id names, beyond 290,000 chunks
    size            bigint NOT NULL,
    mime_type       text NOT NULL,
    fingerprint     bytea,                          -- SHA-256 of the whole file, when known
    policy          text NOT NULL,
    created_by      uuid NOT NULL REFERENCES users,
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (space_id, version_id),
    FOREIGN KEY (space_id, entry_id) REFERENCES entries (space_id, entry_id),
    CHECK (content_kind IN (1, 2)),
    CHECK (octet_length(content_id) = 32),
    CHECK (size >= 0)
);
CREATE INDEX versions_of_entry ON versions (space_id, entry_id, version_id);
CREATE UNIQUE INDEX versions_of_upload ON versions (space_id, upload_id);
CREATE INDEX versions_by_content ON versions (content_id) WHERE content_kind = 2;

CREATE TABLE shares (
    space_id    uuid NOT NULL REFERENCES spaces,
    share_id    uuid NOT NULL,
    file_id     uuid NOT NULL,                      -- an entry: a file or a folder with all below it
    shared_with uuid NOT NULL REFERENCES users,
    permissions text NOT NULL CHECK (permissions IN ('viewer', 'editor', 'manager')),
    created_by  uuid NOT NULL REFERENCES users,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (space_id, share_id),
    UNIQUE (space_id, file_id, shared_with),
    FOREIGN KEY (space_id, file_id) REFERENCES entries (space_id, entry_id)
);
CREATE INDEX shares_by_id ON shares (share_id);
CREATE INDEX shares_with ON shares (shared_with, share_id);
