CREATE TABLE prices (
    name TEXT PRIMARY KEY,
    versions TEXT NOT NULL,
    modified_at BIGINT NOT NULL,
    revision BIGINT NOT NULL
);
