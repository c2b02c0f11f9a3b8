-- From format 2: verdicts stand apart, so that promoting writes a short row.

CREATE TABLE reports (
    model_id TEXT PRIMARY KEY REFERENCES models ON DELETE CASCADE,
    report   TEXT NOT NULL
);
INSERT INTO reports SELECT id, report FROM models WHERE report IS NOT NULL;
ALTER TABLE models DROP COLUMN report;
