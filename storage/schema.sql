-- One snapshot. A change here needs a new number in storage.contents, SCHEMA: who reads by another refuses it. Built once and only read afterwards, so it has no index and no key; the publisher checks uniqueness.
-- Moments are UTC. Positions count from 0. The lists of an account stand in the order of `features` and `promotions`.

CREATE TABLE snapshot (
    snapshot_id           VARCHAR   NOT NULL,
    generation            INTEGER   NOT NULL CHECK (generation > 0),
    created_at            TIMESTAMP NOT NULL,
    accounts              BIGINT    NOT NULL CHECK (accounts > 0),
    source_description    VARCHAR   NOT NULL,
    source_sha256         VARCHAR   NOT NULL,
    source_as_of          TIMESTAMP NOT NULL,
    fitness               VARCHAR CHECK (fitness IN ('ready', 'usable with care')),
    findings              VARCHAR[] NOT NULL,
    verdict               VARCHAR   NOT NULL CHECK (verdict IN ('better than a constant', 'no better than a constant')),
    family                VARCHAR   NOT NULL,
    outcome_rows          BIGINT    NOT NULL,
    training_rows         BIGINT    NOT NULL CHECK (training_rows <= outcome_rows),
    measured_rows         BIGINT    NOT NULL,
    outcome_values        BIGINT    NOT NULL,
    seed                  BIGINT    NOT NULL,
    target_mean           DOUBLE    NOT NULL,
    r2                    DOUBLE    NOT NULL,
    r2_error              DOUBLE    NOT NULL,
    mae                   DOUBLE    NOT NULL,
    mae_error             DOUBLE    NOT NULL,
    spearman              DOUBLE    NOT NULL,
    spearman_error        DOUBLE    NOT NULL,
    r2_holdout            DOUBLE    NOT NULL,
    r2_ceiling            DOUBLE,
    interval_level        DOUBLE    NOT NULL,
    interval_coverage     DOUBLE    NOT NULL,
    earlier_target_mean   DOUBLE,
    artefact_sha256       VARCHAR   NOT NULL,
    versions              MAP(VARCHAR, VARCHAR) NOT NULL,
    allocator             VARCHAR   NOT NULL,
    capacity              BIGINT    NOT NULL,
    cap_per_account       BIGINT    NOT NULL,
    allocated             BIGINT    NOT NULL,
    accounts_with_actions BIGINT    NOT NULL,
    allocation_value      DOUBLE,
    allocation_gap        DOUBLE CHECK (allocation_gap >= 0),
    one_more              DOUBLE,
    allocation_rules      VARCHAR   NOT NULL -- JSON, read by whoever gives the actions again
);

-- What the business calls things: one row.
CREATE TABLE words (
    pack      VARCHAR NOT NULL,
    account   VARCHAR NOT NULL,
    accounts  VARCHAR NOT NULL,
    rep       VARCHAR NOT NULL,
    reps      VARCHAR NOT NULL,
    action    VARCHAR NOT NULL,
    actions   VARCHAR NOT NULL,
    target    VARCHAR NOT NULL,
    unit      VARCHAR NOT NULL,
    owner     VARCHAR NOT NULL,
    territory VARCHAR NOT NULL,
    industry  VARCHAR NOT NULL,
    source    VARCHAR NOT NULL
);

CREATE TABLE features (
    position INTEGER NOT NULL,
    name     VARCHAR NOT NULL,
    label    VARCHAR NOT NULL,
    "group"  VARCHAR NOT NULL,
    unit     VARCHAR NOT NULL,
    kind     VARCHAR NOT NULL CHECK (kind IN ('number', 'category'))
);

CREATE TABLE promotions (
    position INTEGER NOT NULL,
    name     VARCHAR NOT NULL,
    label    VARCHAR NOT NULL
);

-- How the business speaks of a feature and of a promotion, as in storage.records.Topic and Offer.
CREATE TABLE topics (
    position  INTEGER   NOT NULL,
    feature   VARCHAR   NOT NULL,
    influence VARCHAR   NOT NULL CHECK (influence IN ('rep can raise', 'rep can lower', 'none')),
    many      VARCHAR   NOT NULL,
    one       VARCHAR   NOT NULL,
    none      VARCHAR   NOT NULL,
    plural    BOOLEAN   NOT NULL,
    terms     VARCHAR[] NOT NULL,
    better    VARCHAR   NOT NULL CHECK (better IN ('high', 'low', '')),
    middle    DOUBLE,
    fixed     BOOLEAN   NOT NULL,
    opening   VARCHAR   NOT NULL,
    need      VARCHAR   NOT NULL,
    action    VARCHAR   NOT NULL,
    remedy    VARCHAR   NOT NULL,
    metric    VARCHAR   NOT NULL,
    pain      VARCHAR   NOT NULL,
    ask       VARCHAR   NOT NULL,
    risk      VARCHAR   NOT NULL,
    rival     VARCHAR   NOT NULL CHECK (rival IN ('name', 'count', 'pressure', '')),
    compare   VARCHAR   NOT NULL
);

CREATE TABLE offers (
    position  INTEGER   NOT NULL,
    promotion VARCHAR   NOT NULL,
    terms     VARCHAR[] NOT NULL,
    fits      VARCHAR[] NOT NULL,
    how       VARCHAR   NOT NULL
);

-- The families of models that were tried, the simplest first.
CREATE TABLE candidates (
    position       INTEGER NOT NULL,
    family         VARCHAR NOT NULL,
    r2             DOUBLE  NOT NULL,
    r2_error       DOUBLE  NOT NULL,
    mae            DOUBLE  NOT NULL,
    mae_error      DOUBLE  NOT NULL,
    spearman       DOUBLE  NOT NULL,
    spearman_error DOUBLE  NOT NULL
);

CREATE TABLE coverage (
    position INTEGER NOT NULL,
    segment  VARCHAR NOT NULL,
    name     VARCHAR NOT NULL,
    accounts BIGINT  NOT NULL CHECK (accounts > 0),
    coverage DOUBLE  NOT NULL CHECK (coverage BETWEEN 0 AND 1)
);

CREATE TABLE calibration (
    position      INTEGER NOT NULL,
    accounts      BIGINT  NOT NULL CHECK (accounts > 0),
    predicted     DOUBLE  NOT NULL,
    outcome       DOUBLE  NOT NULL,
    outcome_error DOUBLE  NOT NULL
);

-- Since the snapshot that `comparison` names; empty where there is none.
CREATE TABLE drift (
    position INTEGER NOT NULL,
    feature  VARCHAR NOT NULL,
    psi      DOUBLE  NOT NULL,
    "limit"  DOUBLE  NOT NULL
);

CREATE TABLE base_rates (
    position       INTEGER NOT NULL,
    feature        VARCHAR NOT NULL,
    threshold      DOUBLE,
    category       VARCHAR CHECK ((threshold IS NULL) <> (category IS NULL)),
    count_with     BIGINT  NOT NULL,
    median_with    DOUBLE  NOT NULL,
    count_without  BIGINT  NOT NULL,
    median_without DOUBLE  NOT NULL
);

-- The pairs of features that add or take most over all accounts: "value" is the mean of the absolute ones.
CREATE TABLE top_interactions (
    position INTEGER NOT NULL,
    first    VARCHAR NOT NULL,
    second   VARCHAR NOT NULL,
    value    DOUBLE  NOT NULL CHECK (value >= 0)
);

-- In the order of account_key, so that a lookup reads one row group.
CREATE TABLE accounts (
    account_key   VARCHAR   NOT NULL,
    account_id    VARCHAR   NOT NULL,
    name          VARCHAR   NOT NULL,
    owner         VARCHAR   NOT NULL,
    region        VARCHAR   NOT NULL,
    industry      VARCHAR   NOT NULL,
    predicted     DOUBLE    NOT NULL,
    low           DOUBLE    NOT NULL,
    high          DOUBLE    NOT NULL,
    baseline      DOUBLE    NOT NULL,
    numbers       DOUBLE[]  NOT NULL,
    texts         VARCHAR[] NOT NULL,
    shap          DOUBLE[]  NOT NULL,
    interactions  STRUCT(first INTEGER, second INTEGER, "value" DOUBLE)[] NOT NULL, -- positions in `features`
    fold          INTEGER   NOT NULL,
    sensitivities DOUBLE[]  NOT NULL,
    promotion     INTEGER, -- null where there are no promotions
    actions       INTEGER   NOT NULL,
    rank          INTEGER   NOT NULL,
    score         DOUBLE    NOT NULL,
    scaled_score  DOUBLE    NOT NULL,
    reason        VARCHAR   NOT NULL,
    by_type       STRUCT(actions VARCHAR, count INTEGER)[] NOT NULL,
    reasons       STRUCT(kind VARCHAR, text VARCHAR, accounts VARCHAR[])[] NOT NULL,
    -- Derived from the other columns when the rows are written.
    percentile      DOUBLE  NOT NULL,
    book_percentile DOUBLE  NOT NULL,
    book            BIGINT  NOT NULL,
    span            DOUBLE  NOT NULL
);

-- The snapshot that this one was compared with: one row, or none when there was no other.
CREATE TABLE comparison (
    previous_id           VARCHAR   NOT NULL,
    previous_as_of        TIMESTAMP NOT NULL,
    not_told_apart        VARCHAR,
    allocator             VARCHAR   NOT NULL,
    capacity              BIGINT    NOT NULL,
    cap_per_account       BIGINT    NOT NULL,
    allocated             BIGINT    NOT NULL,
    accounts_with_actions BIGINT    NOT NULL,
    allocation_value      DOUBLE,
    allocation_gap        DOUBLE,
    one_more              DOUBLE
);

-- One row for each account that is new, gone or not as it was, in the order of account_id.
-- "feature" is a position in `features`.
CREATE TABLE changes (
    account_id       VARCHAR NOT NULL,
    name             VARCHAR NOT NULL,
    owner            VARCHAR NOT NULL,
    region           VARCHAR NOT NULL,
    kind             VARCHAR NOT NULL CHECK (kind IN ('changed', 'new', 'gone')),
    predicted_before DOUBLE,
    predicted_after  DOUBLE,
    by_data          DOUBLE,
    by_model         DOUBLE,
    actions_before   INTEGER,
    actions_after    INTEGER,
    actions_by_data  INTEGER,
    actions_by_model INTEGER,
    actions_by_rules INTEGER,
    "values"         STRUCT(
        feature INTEGER, number_before DOUBLE, number_after DOUBLE, text_before VARCHAR, text_after VARCHAR
    )[] NOT NULL
);

CREATE VIEW shap_long AS
SELECT
    accounts.account_id,
    features.position,
    features.name AS feature,
    features.kind,
    accounts.numbers[features.position + 1] AS number,
    accounts.texts[features.position + 1] AS text,
    accounts.shap[features.position + 1] AS shap
FROM accounts
CROSS JOIN features;
