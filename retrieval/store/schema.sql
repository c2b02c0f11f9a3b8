-- The library on disk. One file; WAL. Times are Unix seconds.

CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE documents (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256   TEXT NOT NULL UNIQUE,
    kind     TEXT NOT NULL,                  -- pdf, scan, image, video, text
    path     TEXT,                           -- the original, referenced in place; NULL: it is in blobs/
    size     INTEGER NOT NULL,
    mtime    REAL,
    stage    TEXT NOT NULL,                  -- words, vectors, ocr, done
    paused   INTEGER NOT NULL DEFAULT 0,
    job_id   INTEGER,                        -- the ingest that brought it
    added    REAL NOT NULL,
    deleted  REAL                            -- in the bin since
);
CREATE INDEX documents_stage ON documents (stage);
CREATE INDEX documents_job ON documents (job_id);

CREATE TABLE names (
    id          INTEGER PRIMARY KEY,
    document_id INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    name        TEXT NOT NULL UNIQUE,
    path        TEXT                         -- where that name was seen
);
CREATE INDEX names_document ON names (document_id);

CREATE TABLE tags (
    document_id INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    tag         TEXT NOT NULL,
    PRIMARY KEY (document_id, tag)
) WITHOUT ROWID;

CREATE TABLE pages (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    number      INTEGER NOT NULL,            -- 1-based
    kind        TEXT NOT NULL,               -- page, picture, moment
    width       REAL NOT NULL,
    height      REAL NOT NULL,
    start_s     REAL,
    end_s       REAL,
    key_s       REAL,
    picture     TEXT,                        -- blob of a moment's keyframe
    thumbnail   TEXT,                        -- blob
    text        TEXT NOT NULL DEFAULT '',    -- all its passages, joined by a newline
    extra       TEXT NOT NULL DEFAULT '',    -- number and unit tokens that the text spells otherwise
    title       TEXT NOT NULL DEFAULT '',    -- words of the document's names and of its first page's beginning
    ocr         TEXT,                        -- NULL: not wanted; wanted, done, failed
    has_text    INTEGER NOT NULL DEFAULT 0,  -- enough to count: a sign on a photo does not make it a page of text
    UNIQUE (document_id, number)
);
CREATE INDEX pages_picture ON pages (picture) WHERE picture IS NOT NULL;
CREATE INDEX pages_thumbnail ON pages (thumbnail) WHERE thumbnail IS NOT NULL;
CREATE INDEX pages_ocr ON pages (document_id) WHERE ocr = 'wanted';

CREATE VIRTUAL TABLE pages_fts USING fts5 (
    text, extra, title, content = 'pages', content_rowid = 'id', tokenize = 'porter unicode61 remove_diacritics 2'
);

CREATE TABLE page_errors (
    document_id INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    number      INTEGER NOT NULL,
    reason      TEXT NOT NULL
);
CREATE INDEX page_errors_document ON page_errors (document_id);

CREATE TABLE parts (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    page_id     INTEGER NOT NULL REFERENCES pages ON DELETE CASCADE,
    route       TEXT NOT NULL,               -- text, picture
    source      TEXT,                        -- text, ocr, subtitles; NULL for a picture
    first       INTEGER,                     -- characters of pages.text: [first, last)
    last        INTEGER,
    x0 REAL, y0 REAL, x1 REAL, y1 REAL
);
CREATE INDEX parts_document ON parts (document_id, id);
CREATE INDEX parts_page ON parts (page_id);

CREATE TABLE generations (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    document_key TEXT NOT NULL UNIQUE,
    dim          INTEGER NOT NULL,
    created      REAL NOT NULL,
    embedded_to  INTEGER NOT NULL DEFAULT 0  -- every Part up to this id has had its turn, if not in the bin or paused
);

CREATE TABLE vectors (                       -- float16 rows of some Parts of one document
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    generation_id INTEGER NOT NULL REFERENCES generations ON DELETE CASCADE,
    document_id   INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    route         TEXT NOT NULL,
    part_ids      BLOB NOT NULL,             -- int64 [n]
    page_ids      BLOB NOT NULL,             -- int64 [n]
    rows          BLOB NOT NULL              -- float16 [n, dim]
);
CREATE INDEX vectors_generation ON vectors (generation_id, document_id);

CREATE TABLE progress (                      -- Parts are embedded in the order of their ids
    generation_id INTEGER NOT NULL REFERENCES generations ON DELETE CASCADE,
    document_id   INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    last_part     INTEGER NOT NULL,
    PRIMARY KEY (generation_id, document_id)
) WITHOUT ROWID;

CREATE TABLE questions (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    text     TEXT NOT NULL UNIQUE,
    judged   REAL,                           -- when a Page was first called right for it
    held_out INTEGER                         -- its side, for ever; NULL: not settled yet
);
CREATE INDEX questions_unsettled ON questions (judged) WHERE held_out IS NULL AND judged IS NOT NULL;

CREATE TABLE question_vectors (              -- of judged questions: what is nearly the same takes the same side
    question_id INTEGER PRIMARY KEY REFERENCES questions ON DELETE CASCADE,
    query_key   TEXT NOT NULL,
    vector      BLOB NOT NULL                -- float16 [dim]
);

CREATE TABLE sides (                         -- of all questions ever settled, also those whose judgements are gone
    words    TEXT PRIMARY KEY,               -- sha256 of the casefolded words
    held_out INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE asked (                         -- the last questions that people asked
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    text  TEXT NOT NULL,
    at    REAL NOT NULL
);

CREATE TABLE shown (                         -- and the Pages that they were shown
    asked_id INTEGER NOT NULL REFERENCES asked ON DELETE CASCADE,
    rank     INTEGER NOT NULL,               -- 1-based
    page_id  INTEGER NOT NULL REFERENCES pages ON DELETE CASCADE,
    PRIMARY KEY (asked_id, rank)
) WITHOUT ROWID;
CREATE INDEX shown_page ON shown (page_id);

CREATE TABLE labels (
    question_id INTEGER NOT NULL REFERENCES questions ON DELETE CASCADE,
    page_id     INTEGER NOT NULL REFERENCES pages ON DELETE CASCADE,
    relevant    INTEGER NOT NULL,
    source      TEXT NOT NULL,
    at          REAL NOT NULL,
    PRIMARY KEY (question_id, page_id)
) WITHOUT ROWID;
CREATE INDEX labels_page ON labels (page_id);

CREATE TABLE models (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL,
    location      TEXT NOT NULL,             -- 'builtin', a local folder or a hub id
    revision      TEXT,
    base          TEXT,
    recipe        TEXT,
    labels        INTEGER,
    ndcg          REAL,
    generation_id INTEGER REFERENCES generations,
    query_key     TEXT,
    created       REAL NOT NULL,
    promoted      REAL,                      -- when it last began to answer
    recommended   INTEGER,
    settings      TEXT,                      -- of the retrain, JSON
    weights_hash  TEXT,
    labels_hash   TEXT,
    code          TEXT,                      -- the version that trained it
    discarded     REAL,                      -- nobody wants it
    dropped       REAL                       -- weights and vectors are gone, the card is not
);

CREATE TABLE reports (                       -- verdicts, JSON; apart, for rows of models are written again when one is promoted
    model_id TEXT PRIMARY KEY REFERENCES models ON DELETE CASCADE,
    report   TEXT NOT NULL
);

CREATE TABLE promotions (                    -- which Model answered after which: the way back
    id       INTEGER PRIMARY KEY,
    model_id TEXT NOT NULL REFERENCES models ON DELETE CASCADE,
    at       REAL NOT NULL
);

CREATE TABLE jobs (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    kind     TEXT NOT NULL,                  -- ingest, embed
    subject  TEXT,                           -- an embed job's model
    state    TEXT NOT NULL,
    message  TEXT,
    created  REAL NOT NULL,
    started  REAL,
    finished REAL,
    detail   TEXT                            -- a retrain's steps, JSON
);

CREATE TABLE refusals (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id    INTEGER,
    sha256    TEXT,
    document  TEXT NOT NULL,
    reason    TEXT NOT NULL,
    remedy    TEXT NOT NULL,
    at        REAL NOT NULL,
    dismissed INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE worker (                        -- the one process that works on this library
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    token     TEXT NOT NULL,
    pid       INTEGER,                       -- NULL while it is being started
    heartbeat REAL NOT NULL,
    starts    INTEGER NOT NULL               -- since it last got something done: it stops trying after three
);
