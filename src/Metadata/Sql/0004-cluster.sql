-- What the storage cluster is: its keys (sealed by the root key), nodes, volumes and map.

CREATE TABLE cluster (
    only_row        boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    cluster_id      uuid NOT NULL,
    dedup_policy    text NOT NULL,
    chunking_policy text NOT NULL,
    created_at      timestamptz NOT NULL
);

CREATE TABLE cluster_keys (
    purpose    text NOT NULL CHECK (purpose IN ('url', 'receipt', 'internal', 'map', 'data')),
    key_id     bigint NOT NULL,
    created_at timestamptz NOT NULL,
    wrapped    bytea NOT NULL,
    PRIMARY KEY (purpose, key_id)
);

CREATE TABLE nodes (
    node_id       uuid PRIMARY KEY,
    name          text NOT NULL UNIQUE,
    url           text,                             -- null until it registers
    zone          text NOT NULL DEFAULT '',
    joined_at     timestamptz NOT NULL,
    registered_at timestamptz
);

CREATE TABLE volumes (
    volume_id      uuid PRIMARY KEY,
    node_id        uuid NOT NULL REFERENCES nodes,
    incarnation    bigint NOT NULL,
    capacity_bytes bigint NOT NULL,
    registered_at  timestamptz NOT NULL
);
CREATE INDEX volumes_of_node ON volumes (node_id);

CREATE TABLE join_tokens (
    token_hash bytea PRIMARY KEY,
    name       text,                                -- the only name that it admits, when set
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_by    uuid REFERENCES nodes,
    used_at    timestamptz
);

CREATE TABLE cluster_maps (
    version    bigint PRIMARY KEY,
    map        bytea NOT NULL,
    created_at timestamptz NOT NULL
);
