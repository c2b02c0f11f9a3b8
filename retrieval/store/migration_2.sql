-- From format 1: sides of judged questions, questions asked, and Models that were trained here.

ALTER TABLE generations ADD COLUMN embedded_to INTEGER NOT NULL DEFAULT 0;

ALTER TABLE questions ADD COLUMN judged REAL;
ALTER TABLE questions ADD COLUMN held_out INTEGER;
UPDATE questions SET judged = (SELECT min(at) FROM labels WHERE question_id = questions.id AND relevant);
CREATE INDEX questions_unsettled ON questions (judged) WHERE held_out IS NULL AND judged IS NOT NULL;

CREATE TABLE question_vectors (
    question_id INTEGER PRIMARY KEY REFERENCES questions ON DELETE CASCADE,
    query_key   TEXT NOT NULL,
    vector      BLOB NOT NULL
);

CREATE TABLE sides (
    words    TEXT PRIMARY KEY,
    held_out INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE asked (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    text  TEXT NOT NULL,
    at    REAL NOT NULL
);

CREATE TABLE shown (
    asked_id INTEGER NOT NULL REFERENCES asked ON DELETE CASCADE,
    rank     INTEGER NOT NULL,
    page_id  INTEGER NOT NULL REFERENCES pages ON DELETE CASCADE,
    PRIMARY KEY (asked_id, rank)
) WITHOUT ROWID;
CREATE INDEX shown_page ON shown (page_id);

ALTER TABLE models ADD COLUMN promoted REAL;
ALTER TABLE models ADD COLUMN recommended INTEGER;
ALTER TABLE models ADD COLUMN report TEXT;
ALTER TABLE models ADD COLUMN settings TEXT;
ALTER TABLE models ADD COLUMN weights_hash TEXT;
ALTER TABLE models ADD COLUMN labels_hash TEXT;
ALTER TABLE models ADD COLUMN code TEXT;
ALTER TABLE models ADD COLUMN discarded REAL;
ALTER TABLE models ADD COLUMN dropped REAL;

ALTER TABLE jobs ADD COLUMN detail TEXT;

CREATE TABLE promotions (
    id       INTEGER PRIMARY KEY,
    model_id TEXT NOT NULL REFERENCES models ON DELETE CASCADE,
    at       REAL NOT NULL
);
INSERT INTO promotions (model_id, at)
    SELECT id, created FROM models WHERE id = (SELECT json_extract(value, '$') FROM settings WHERE key = 'current_model');
UPDATE models SET promoted = created WHERE id IN (SELECT model_id FROM promotions);
