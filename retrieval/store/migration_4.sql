-- From format 3: whether a page has text stands beside it, for every question asks it of some hundred pages.

ALTER TABLE pages ADD COLUMN has_text INTEGER NOT NULL DEFAULT 0;
UPDATE pages SET has_text = length(text) >= 20;
