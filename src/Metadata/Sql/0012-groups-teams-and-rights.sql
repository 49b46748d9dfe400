-- Groups, spaces of teams, and the one function that decides what somebody may do with an entry.

ALTER TABLE users ADD COLUMN disabled_at timestamptz;    -- set: no login, no token, no link of this user works

CREATE TABLE groups (
    group_id   uuid PRIMARY KEY,
    name       text COLLATE "C" NOT NULL UNIQUE,
    created_at timestamptz NOT NULL
);

CREATE TABLE group_members (
    group_id uuid NOT NULL REFERENCES groups ON DELETE CASCADE,
    user_id  uuid NOT NULL REFERENCES users,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX group_members_of_user ON group_members (user_id, group_id);

-- A space belongs to one user, or to a team: then it has a name and no owner, and who may use it are the shares on its root.
ALTER TABLE spaces
    ALTER COLUMN owner_id DROP NOT NULL,
    ADD COLUMN name text COLLATE "C" UNIQUE,
    ADD CHECK ((owner_id IS NULL) = (name IS NOT NULL));

-- shared_with is a user or a group; the two generated columns hold it to the table that it is in.
ALTER TABLE shares
    DROP CONSTRAINT shares_shared_with_fkey,
    ADD COLUMN with_group boolean NOT NULL DEFAULT false,
    ADD COLUMN user_id  uuid GENERATED ALWAYS AS (CASE WHEN NOT with_group THEN shared_with END) STORED REFERENCES users,
    ADD COLUMN group_id uuid GENERATED ALWAYS AS (CASE WHEN with_group THEN shared_with END) STORED REFERENCES groups ON DELETE CASCADE,
    ALTER COLUMN created_by DROP NOT NULL;                -- null: an administrator gave it, for a space of a team

-- A user, and the groups of a user: to whom a share may have been given.
CREATE FUNCTION principals_of(asking uuid) RETURNS uuid[] LANGUAGE sql STABLE
RETURN array_append(ARRAY(SELECT m.group_id FROM group_members m WHERE m.user_id = asking), asking);

-- Rights are found by walking from the entry up to the root of its space:
-- * in the trash, or below something that is: 0, whoever asks;
-- * the owner of the space: 4;
-- * else the strongest share to the user, or to a group of the user, on the way (viewer 1, editor 2, manager 3). A share counts only while who gave it may
--   still give it: the space's owner, an administrator (created_by null), or somebody who has a share as manager there or above that counts itself.
-- So a manager who loses that right takes along what he gave; it counts again when he gets the right back.
-- `giver` chains are walked from the asking user upwards, so shares of others on a folder cost nothing; a chain never goes down again, so it ends.
CREATE FUNCTION access_of(asking uuid, in_space uuid, target uuid, OUT permission integer, OUT depth integer)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    owner uuid;
    path uuid[];
    is_trashed boolean;
BEGIN
    SELECT s.owner_id INTO owner FROM spaces s WHERE s.space_id = in_space;
    WITH RECURSIVE up AS (
        SELECT e.entry_id, e.parent_id, e.trashed_at, 0 AS level
        FROM entries e WHERE e.space_id = in_space AND e.entry_id = target
        UNION ALL
        SELECT e.entry_id, e.parent_id, e.trashed_at, up.level + 1
        FROM up JOIN entries e ON e.space_id = in_space AND e.entry_id = up.parent_id
    )
    SELECT array_agg(up.entry_id ORDER BY up.level), bool_or(up.trashed_at IS NOT NULL) INTO path, is_trashed FROM up;

    depth := cardinality(path) - 1;
    IF path IS NULL OR is_trashed THEN
        permission := 0;
    ELSIF owner = asking THEN
        permission := 4;
    ELSE
        WITH RECURSIVE chain AS (
            SELECT array_position(ARRAY['viewer', 'editor', 'manager'], s.permissions) AS given, s.created_by AS giver, array_position(path, s.file_id) AS level
            FROM shares s
            WHERE s.space_id = in_space AND s.file_id = ANY (path)
              AND s.shared_with = ANY (principals_of(asking))
            UNION
            SELECT c.given, s.created_by, array_position(path, s.file_id)
            FROM chain c
            JOIN shares s ON s.space_id = in_space AND s.file_id = ANY (path[c.level:]) AND s.permissions = 'manager'
             AND s.shared_with = ANY (principals_of(c.giver))
            WHERE c.giver IS DISTINCT FROM owner
        )
        SELECT coalesce(max(c.given), 0) INTO permission FROM chain c WHERE c.giver IS NULL OR c.giver = owner;
    END IF;
END
$$;
