-- The state of the bot. Each migration runs once, in the order of its number, all that are due in one transaction; one
-- that has been released is never changed. Moments are text, UTC, all of one length, so that they sort as they follow.

-- migration 1: seen events, threads with their turns, the ledger of digests
CREATE TABLE seen_events (
    event_key TEXT NOT NULL PRIMARY KEY,
    seen_at   TEXT NOT NULL
);

CREATE INDEX seen_events_by_moment ON seen_events (seen_at);

CREATE TABLE threads (
    channel     TEXT NOT NULL,
    thread_ts   TEXT NOT NULL,
    account_id  TEXT NOT NULL,
    snapshot_id TEXT NOT NULL,
    opened_by   TEXT NOT NULL,
    opened_at   TEXT NOT NULL,
    PRIMARY KEY (channel, thread_ts)
);

CREATE TABLE turns (
    channel   TEXT    NOT NULL,
    thread_ts TEXT    NOT NULL,
    position  INTEGER NOT NULL CHECK (position >= 1),
    author    TEXT    NOT NULL CHECK (author IN ('person', 'precall')),
    user_id   TEXT    NOT NULL,
    text      TEXT    NOT NULL,
    at        TEXT    NOT NULL,
    PRIMARY KEY (channel, thread_ts, position),
    FOREIGN KEY (channel, thread_ts) REFERENCES threads (channel, thread_ts)
);

CREATE TABLE digests (
    channel      TEXT NOT NULL,
    local_day    TEXT NOT NULL,
    claims       INTEGER NOT NULL CHECK (claims >= 1),
    leased_until TEXT NOT NULL,
    posted_at    TEXT,
    message_ts   TEXT,
    PRIMARY KEY (channel, local_day),
    CHECK ((posted_at IS NULL) = (message_ts IS NULL))
);

-- migration 2: audit, messages with feedback, outcomes, subscriptions, plans written ahead; claims that can be repeated
ALTER TABLE seen_events ADD COLUMN claimant TEXT NOT NULL DEFAULT '';

ALTER TABLE threads ADD COLUMN private INTEGER NOT NULL DEFAULT 0 CHECK (private IN (0, 1));

ALTER TABLE threads ADD COLUMN nudged_at TEXT;

ALTER TABLE threads ADD COLUMN plan_id TEXT;

ALTER TABLE threads ADD COLUMN nudge_claimant TEXT NOT NULL DEFAULT '';

ALTER TABLE turns ADD COLUMN turn_id TEXT;

CREATE UNIQUE INDEX turns_by_id ON turns (turn_id);

CREATE TABLE messages (
    channel      TEXT NOT NULL,
    message_ts   TEXT NOT NULL,
    thread_ts    TEXT,
    requested_by TEXT NOT NULL,
    account_id   TEXT,
    posted_at    TEXT NOT NULL,
    deleted_at   TEXT,
    PRIMARY KEY (channel, message_ts)
);

CREATE INDEX messages_by_moment ON messages (posted_at);

CREATE TABLE feedback (
    channel    TEXT    NOT NULL,
    message_ts TEXT    NOT NULL,
    user_id    TEXT    NOT NULL,
    vote       INTEGER NOT NULL CHECK (vote IN (-1, 1)),
    reason     TEXT    NOT NULL,
    at         TEXT    NOT NULL,
    PRIMARY KEY (channel, message_ts, user_id)
);

CREATE TABLE outcomes (
    outcome_id  TEXT NOT NULL PRIMARY KEY,
    account_id  TEXT NOT NULL,
    action      TEXT NOT NULL,
    snapshot_id TEXT NOT NULL,
    user_id     TEXT NOT NULL,
    status      TEXT NOT NULL CHECK (status IN ('done', 'not now', 'won', 'lost')),
    reason      TEXT NOT NULL,
    amount      DOUBLE PRECISION CHECK (amount IS NULL OR status IN ('won', 'lost')),
    at          TEXT NOT NULL
);

CREATE INDEX outcomes_by_account ON outcomes (account_id, at);

CREATE INDEX outcomes_by_moment ON outcomes (at);

CREATE TABLE audit (
    audit_id           TEXT NOT NULL PRIMARY KEY,
    at                 TEXT NOT NULL,
    user_id            TEXT NOT NULL,
    channel            TEXT NOT NULL,
    thread_ts          TEXT,
    kind               TEXT NOT NULL,
    account_id         TEXT,
    snapshot_id        TEXT,
    evidence           TEXT NOT NULL,
    model              TEXT,
    input_tokens       BIGINT NOT NULL CHECK (input_tokens >= 0),
    cache_read_tokens  BIGINT NOT NULL CHECK (cache_read_tokens >= 0),
    cache_write_tokens BIGINT NOT NULL CHECK (cache_write_tokens >= 0),
    output_tokens      BIGINT NOT NULL CHECK (output_tokens >= 0),
    dollars            DOUBLE PRECISION,
    seconds            DOUBLE PRECISION NOT NULL,
    dropped            INTEGER NOT NULL CHECK (dropped >= 0)
);

CREATE INDEX audit_by_moment ON audit (at, audit_id);

CREATE TABLE subscriptions (
    subscription_id TEXT    NOT NULL PRIMARY KEY,
    channel         TEXT    NOT NULL,
    created_by      TEXT    NOT NULL,
    local_time      TEXT    NOT NULL,
    timezone        TEXT    NOT NULL,
    days            TEXT    NOT NULL,
    territory       TEXT,
    top             INTEGER NOT NULL CHECK (top >= 1),
    created_at      TEXT    NOT NULL,
    ended_at        TEXT,
    ended_by        TEXT,
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);

CREATE TABLE plans (
    plan_id    TEXT NOT NULL PRIMARY KEY,
    brief_hash TEXT NOT NULL,
    model      TEXT,
    content    TEXT NOT NULL,
    written_at TEXT NOT NULL
);

CREATE INDEX plans_by_brief ON plans (brief_hash, written_at);

CREATE INDEX plans_by_moment ON plans (written_at);

-- Digests belonged to channels. The subscription of a channel that the settings name has the channel's id.
ALTER TABLE digests RENAME COLUMN channel TO subscription_id;

ALTER TABLE digests ADD COLUMN claimant TEXT NOT NULL DEFAULT '';

ALTER TABLE digests ADD COLUMN snapshot_id TEXT;

ALTER TABLE digests ADD COLUMN skipped_at TEXT;

-- migration 3: what a digest said, so that one that would say the same again is not posted
ALTER TABLE digests ADD COLUMN content TEXT;

-- migration 4: requests that are being answered, so that their askers hear of it when their process was killed
CREATE TABLE open_requests (
    event_key    TEXT NOT NULL PRIMARY KEY,
    channel      TEXT NOT NULL,
    thread_ts    TEXT,
    user_id      TEXT NOT NULL,
    worker       TEXT NOT NULL,
    leased_until TEXT NOT NULL
);

-- migration 5: how often each person asked within a minute, whichever process they asked
CREATE TABLE paces (
    user_id  TEXT    NOT NULL PRIMARY KEY,
    since    TEXT    NOT NULL,
    requests INTEGER NOT NULL CHECK (requests >= 1),
    claimant TEXT    NOT NULL
);

-- migration 6: the message that says a turn, or that answers it, so that both leave with a message that is deleted
ALTER TABLE turns ADD COLUMN message_ts TEXT;

CREATE INDEX turns_by_message ON turns (channel, message_ts);

-- migration 7: the message of a person that asks a turn, or that it answers, so that both leave with it, too
ALTER TABLE turns ADD COLUMN asked_ts TEXT;

CREATE INDEX turns_by_question ON turns (channel, asked_ts);
