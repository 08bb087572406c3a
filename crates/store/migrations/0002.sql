-- The latest version that each baseline ever had: the number of one that was deleted is not given to another, for people
-- and files remember it. It is also what two programs that save the same name at once wait for each other on.
CREATE TABLE annvil_version (
    name TEXT NOT NULL PRIMARY KEY,
    latest BIGINT NOT NULL
);
INSERT INTO annvil_version (name, latest) SELECT name, max(version) FROM annvil_baseline GROUP BY name;

-- The latest runs of a scenario, without sorting all of them.
CREATE INDEX annvil_run_latest ON annvil_run (scenario, began);

-- The request that a run was measured for, such as the number of a pull request: trends leave them out.
ALTER TABLE annvil_run ADD COLUMN request TEXT;
