-- Heartbeats, layouts of the data, and what volumes have said of one another.

ALTER TABLE nodes
    ADD COLUMN seen_at     timestamptz,                   -- last heartbeat; compared for equality only, so no clock is trusted
    ADD COLUMN map_version bigint NOT NULL DEFAULT 0,     -- that the node confirmed with it
    ADD COLUMN cut_off     boolean NOT NULL DEFAULT false; -- silent for so long that it takes no records by itself; ends with the next heartbeat

ALTER TABLE volumes
    ADD COLUMN number  integer NOT NULL DEFAULT 0,        -- which of the node's directories, from 1
    ADD COLUMN seen_at timestamptz,                       -- last heartbeat in which it was open
    ADD COLUMN cut_off boolean NOT NULL DEFAULT false;

ALTER TABLE cluster
    ADD COLUMN map_floor               bigint NOT NULL DEFAULT 0,        -- below it no process acts any more
    ADD COLUMN repair_bytes_per_second bigint NOT NULL DEFAULT 67108864 CHECK (repair_bytes_per_second > 0); -- of each volume

CREATE TABLE layouts (
    layout_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state            text NOT NULL CHECK (state IN ('staged', 'applied', 'reverted')),
    members          jsonb NOT NULL,                      -- [{volume_id, weight, is_replaced}]
    target_table     bytea,                               -- owners as indices into members; null while staged
    base_map_version bigint NOT NULL,                     -- that the change was made from
    author           text NOT NULL,
    reason           text NOT NULL,
    created_at       timestamptz NOT NULL,
    applied_at       timestamptz,
    CHECK (state = 'staged' OR target_table IS NOT NULL)
);
CREATE UNIQUE INDEX layouts_one_staged ON layouts (state) WHERE state = 'staged';

-- The newest comparison of a partition on one volume with one other. Evidence of moves and of health.
CREATE TABLE partition_reports (
    partition   integer NOT NULL,
    volume_id   uuid NOT NULL,                            -- who compared
    source_id   uuid NOT NULL,                            -- with whom
    floor       bigint NOT NULL,                          -- at which it began
    records     bigint NOT NULL,                          -- that the volume holds
    lacking     bigint NOT NULL,                          -- records of the source that the volume still lacks
    bytes_left  bigint NOT NULL,
    reported_at timestamptz NOT NULL,
    PRIMARY KEY (partition, volume_id, source_id)
);
