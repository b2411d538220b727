-- The central platform's copy of every console's log. Owned by the role that installs it;
-- consoles reach it through the functions of 002 and in no other way.

CREATE SCHEMA IF NOT EXISTS gwanje_central;
REVOKE ALL ON SCHEMA gwanje_central FROM PUBLIC;

-- One row: who this centre is, and the last position given. Every writer locks it until its
-- commit, so that positions become visible in their order and a reader never skips one.
CREATE TABLE IF NOT EXISTS gwanje_central.centre (
    only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    name text NOT NULL DEFAULT gen_random_uuid()::text,
    version integer NOT NULL,
    last_position bigint NOT NULL DEFAULT 0
);

-- `refused` says why the centre set an entry aside: then it keeps no text, but its hash stays
-- in the chain, so that the entries after it are accepted and the proof still counts it.
CREATE TABLE IF NOT EXISTS gwanje_central.entry (
    position bigint PRIMARY KEY,
    device text NOT NULL,
    epoch integer NOT NULL CHECK (epoch >= 1),
    seq bigint NOT NULL CHECK (seq >= 1),
    prev text NOT NULL CHECK (length(prev) = 64),
    hash text NOT NULL CHECK (length(hash) = 64),
    body text,
    refused text,
    received timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (device, epoch, seq),
    CHECK ((body IS NULL) = (refused IS NOT NULL))
);

CREATE TABLE IF NOT EXISTS gwanje_central.head (
    device text NOT NULL,
    epoch integer NOT NULL,
    count bigint NOT NULL,
    hash text NOT NULL,
    PRIMARY KEY (device, epoch)
);

CREATE TABLE IF NOT EXISTS gwanje_central.blob (
    sha256 text PRIMARY KEY CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    size bigint NOT NULL CHECK (size >= 0),
    have bigint NOT NULL DEFAULT 0,
    complete boolean NOT NULL DEFAULT false
);

CREATE TABLE IF NOT EXISTS gwanje_central.blob_chunk (
    sha256 text NOT NULL REFERENCES gwanje_central.blob ON DELETE CASCADE,
    at_byte bigint NOT NULL,
    bytes bytea NOT NULL,
    PRIMARY KEY (sha256, at_byte)
);

-- An entry is never changed and never deleted, whoever asks.
CREATE OR REPLACE FUNCTION gwanje_central.refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'an entry of the log is never changed' USING ERRCODE = 'GW009';
END $$;

CREATE OR REPLACE TRIGGER entry_stays BEFORE UPDATE OR DELETE ON gwanje_central.entry
    FOR EACH ROW EXECUTE FUNCTION gwanje_central.refuse_change();
CREATE OR REPLACE TRIGGER entry_stays_whole BEFORE TRUNCATE ON gwanje_central.entry
    FOR EACH STATEMENT EXECUTE FUNCTION gwanje_central.refuse_change();
