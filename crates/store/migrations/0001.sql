-- One schema for SQLite and PostgreSQL. Words in braces differ between them: see database/migrate.rs.

-- Every run, told apart by its name; `provenance` is all that is known of it, as JSON.
CREATE TABLE annvil_run (
    key {KEY},
    id TEXT NOT NULL UNIQUE,
    session TEXT NOT NULL,
    tool TEXT NOT NULL,
    scenario TEXT NOT NULL,
    plan_hash TEXT,
    fingerprint TEXT,
    branch TEXT,
    commit_id TEXT,
    -- Start in microseconds since 1970; 0 if unknown.
    began BIGINT NOT NULL,
    -- 1 if it came to its end, nothing failed and nothing was invalid.
    usable BIGINT NOT NULL,
    blocks BIGINT NOT NULL,
    folder TEXT,
    provenance TEXT NOT NULL
);
CREATE INDEX annvil_run_began ON annvil_run (began);
CREATE INDEX annvil_run_scenario ON annvil_run (scenario, branch, began);
CREATE INDEX annvil_run_plan ON annvil_run (plan_hash, began);
CREATE INDEX annvil_run_commit ON annvil_run (commit_id);

-- Names of figures. There are few of them, and they are long.
CREATE TABLE annvil_metric (
    key {KEY},
    variant TEXT NOT NULL,
    point TEXT NOT NULL,
    phase TEXT NOT NULL,
    form TEXT NOT NULL,
    quantity TEXT NOT NULL,
    stat TEXT NOT NULL,
    UNIQUE (variant, point, phase, form, quantity, stat)
);

-- Figures in base units, those of one name beside each other: a trend reads one stretch.
CREATE TABLE annvil_figure (
    metric BIGINT NOT NULL REFERENCES annvil_metric (key),
    run BIGINT NOT NULL REFERENCES annvil_run (key) ON DELETE CASCADE,
    block BIGINT NOT NULL,
    value DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (metric, run, block)
){CLUSTERED};
CREATE INDEX annvil_figure_run ON annvil_figure (run);

-- The recall of each query, packed: see database/answers.rs.
CREATE TABLE annvil_answers (
    run BIGINT NOT NULL REFERENCES annvil_run (key) ON DELETE CASCADE,
    metric BIGINT NOT NULL REFERENCES annvil_metric (key),
    block BIGINT NOT NULL,
    recalls {BYTES} NOT NULL,
    PRIMARY KEY (run, metric, block)
);

-- Baselines. A new version leaves the old ones as they are. `spec` is the whole of it, as JSON.
CREATE TABLE annvil_baseline (
    key {KEY},
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    spec TEXT NOT NULL,
    UNIQUE (name, version)
);

-- The runs of a baseline that does not roll. They can't be removed while it is there.
CREATE TABLE annvil_member (
    baseline BIGINT NOT NULL REFERENCES annvil_baseline (key) ON DELETE CASCADE,
    place BIGINT NOT NULL,
    run BIGINT NOT NULL REFERENCES annvil_run (key),
    PRIMARY KEY (baseline, place)
);
CREATE INDEX annvil_member_run ON annvil_member (run);

-- Changes that somebody accepted, as JSON.
CREATE TABLE annvil_acceptance (
    key {KEY},
    baseline TEXT NOT NULL,
    version BIGINT NOT NULL,
    acceptance TEXT NOT NULL
);
CREATE INDEX annvil_acceptance_baseline ON annvil_acceptance (baseline, version);

-- What comparing the same with the same has shown, as JSON.
CREATE TABLE annvil_aa (
    key {KEY},
    fingerprint TEXT NOT NULL,
    plan_hash TEXT NOT NULL,
    record TEXT NOT NULL
);
CREATE INDEX annvil_aa_machine ON annvil_aa (fingerprint, plan_hash);
