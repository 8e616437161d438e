CREATE TABLE counters (
    pair TEXT NOT NULL,
    id TEXT NOT NULL,
    data TEXT NOT NULL,
    until BIGINT NOT NULL,
    PRIMARY KEY (pair, id)
);
CREATE INDEX counters_by_time ON counters (until);
