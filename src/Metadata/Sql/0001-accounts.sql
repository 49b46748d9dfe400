-- People, how they log in, and the space that each of them owns.

CREATE TABLE users (
    user_id          uuid PRIMARY KEY,
    name             text NOT NULL,
    email            text NOT NULL UNIQUE,          -- lower case
    password_hash    text NOT NULL,                 -- algorithm$parameters$salt$hash
    is_administrator boolean NOT NULL DEFAULT false,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL
);

-- Only the SHA-256 of a token is kept: a copy of the database logs nobody in.
CREATE TABLE login_tokens (
    token_hash bytea PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX login_tokens_expiry ON login_tokens (expires_at);

-- Answers of creating calls, so that a repeat of an unknown outcome gets the first answer again.
CREATE TABLE idempotency_keys (
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    key          text NOT NULL,
    route        text NOT NULL,
    request_hash bytea NOT NULL,
    status       integer,                           -- null while the first call runs
    content_type text,
    body         bytea,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (user_id, key, route)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);
