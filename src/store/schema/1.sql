CREATE TABLE state (id BIGINT PRIMARY KEY, change BIGINT NOT NULL);
INSERT INTO state (id, change) VALUES (1, 0);

CREATE TABLE routes (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    latest BIGINT NOT NULL,
    deployment BIGINT
);
CREATE TABLE versions (
    route TEXT NOT NULL REFERENCES routes (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    hash TEXT NOT NULL,
    valid BIGINT NOT NULL,
    author TEXT NOT NULL,
    comment TEXT,
    created_at BIGINT NOT NULL,
    elements TEXT NOT NULL,
    PRIMARY KEY (route, number)
);
CREATE TABLE deployments (
    route TEXT NOT NULL REFERENCES routes (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    version BIGINT NOT NULL,
    canary_version BIGINT,
    canary TEXT,
    author TEXT NOT NULL,
    comment TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (route, number)
);
CREATE TABLE pins (
    route TEXT NOT NULL REFERENCES routes (id) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    PRIMARY KEY (route, version)
);

CREATE TABLE client_keys (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    terms TEXT NOT NULL,
    secrets TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    revision BIGINT NOT NULL
);

CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    prefix TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT
);
CREATE UNIQUE INDEX tokens_by_name ON tokens (name) WHERE revoked_at IS NULL;
CREATE TABLE sessions (
    hash TEXT PRIMARY KEY,
    token TEXT NOT NULL,
    csrf TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE audit (
    number BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor_id TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    action TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    was TEXT NOT NULL,
    became TEXT NOT NULL
);
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX audit_by_thing ON audit (kind, id, number);

CREATE TABLE once (
    actor TEXT NOT NULL,
    once_key TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (actor, once_key)
);
CREATE INDEX once_by_time ON once (at);

CREATE TABLE pairs (
    id TEXT PRIMARY KEY,
    status TEXT NOT NULL,
    seen_at BIGINT NOT NULL
);
