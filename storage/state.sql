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
