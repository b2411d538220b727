-- What a console may ask. SECURITY DEFINER with a pinned search_path: the caller needs the right
-- to execute, and no right on any table. Refusals carry SQLSTATE GW001 (fork), GW002 (the chain
-- does not verify), GW003 (entries are missing before these), GW004 (our rows are not those the
-- console's mark speaks of), GW005 (an attachment is not what its name says).

CREATE OR REPLACE FUNCTION gwanje_central.hello()
RETURNS TABLE (name text, version integer, clock_ms bigint, last_position bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.name, c.version, (extract(epoch FROM clock_timestamp()) * 1000)::bigint, c.last_position
    FROM gwanje_central.centre c
$$;

CREATE OR REPLACE FUNCTION gwanje_central.head(p_device text, p_epoch integer)
RETURNS TABLE (count bigint, hash text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT h.count, h.hash FROM gwanje_central.head h WHERE h.device = p_device AND h.epoch = p_epoch
$$;

CREATE OR REPLACE FUNCTION gwanje_central.last_epoch(p_device text) RETURNS integer
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(max(h.epoch), 0) FROM gwanje_central.head h WHERE h.device = p_device
$$;

CREATE OR REPLACE FUNCTION gwanje_central.hash_at(p_device text, p_epoch integer, p_seq bigint) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT e.hash FROM gwanje_central.entry e
    WHERE e.device = p_device AND e.epoch = p_epoch AND e.seq = p_seq
$$;

-- Counted anew from the rows themselves: how many there are, and the hash of the last.
CREATE OR REPLACE FUNCTION gwanje_central.proof(p_device text, p_epoch integer)
RETURNS TABLE (count bigint, hash text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*),
           (SELECT e.hash FROM gwanje_central.entry e WHERE e.device = p_device AND e.epoch = p_epoch
            ORDER BY e.seq DESC LIMIT 1)
    FROM gwanje_central.entry e WHERE e.device = p_device AND e.epoch = p_epoch
$$;

CREATE OR REPLACE FUNCTION gwanje_central.fault(p_body text, p_device text, p_epoch integer, p_seq bigint)
RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    cloud json;
BEGIN
    IF octet_length(p_body) > 1048576 THEN
        RETURN 'longer than 1 MiB';
    END IF;
    cloud := p_body::json;
    IF (cloud ->> 'specversion') IS DISTINCT FROM '1.0' OR (cloud ->> 'type') IS NULL
       OR (cloud ->> 'id') IS NULL THEN
        RETURN 'not a CloudEvent 1.0';
    END IF;
    IF (cloud ->> 'device') IS DISTINCT FROM p_device OR (cloud ->> 'epoch') IS DISTINCT FROM p_epoch::text
       OR (cloud ->> 'seq') IS DISTINCT FROM p_seq::text THEN
        RETURN 'its text is of another place in the log';
    END IF;
    RETURN NULL;
EXCEPTION WHEN data_exception THEN
    RETURN 'not readable as JSON';
END $$;

-- Stores entries p_first, p_first + 1, ... of one log, which follow p_prev. Entries that are here
-- already must have the same hash; to send them again changes nothing. Answers one row with the
-- new head, and then one row per entry that was set aside.
CREATE OR REPLACE FUNCTION gwanje_central.put_entries(
    p_device text, p_epoch integer, p_first bigint, p_prev text, p_hashes text[], p_bodies text[])
RETURNS TABLE (seq bigint, hash text, refused text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    v_base bigint;
    v_count bigint;
    v_hash text;
    v_skip integer;
    v_last bigint := p_first + cardinality(p_hashes) - 1;
    v_bad bigint;
    v_plain boolean := true;
BEGIN
    IF cardinality(p_hashes) <> cardinality(p_bodies) OR cardinality(p_hashes) > 5000 THEN
        RAISE EXCEPTION 'as many hashes as texts, at most 5000' USING ERRCODE = 'GW002';
    END IF;
    SELECT c.last_position INTO v_base FROM gwanje_central.centre c FOR UPDATE;
    SELECT h.count, h.hash INTO v_count, v_hash FROM gwanje_central.head h
    WHERE h.device = p_device AND h.epoch = p_epoch;
    v_count := coalesce(v_count, 0);
    v_hash := coalesce(v_hash, repeat('0', 64));
    IF p_first > v_count + 1 THEN
        RAISE EXCEPTION 'entries before % are missing', p_first USING ERRCODE = 'GW003';
    END IF;
    -- What is here already must be the same.
    SELECT min(e.seq) INTO v_bad FROM gwanje_central.entry e
    WHERE e.device = p_device AND e.epoch = p_epoch AND e.seq BETWEEN p_first AND v_last
      AND e.hash IS DISTINCT FROM p_hashes[(e.seq - p_first + 1)::integer];
    v_skip := greatest(least(v_count - p_first + 1, cardinality(p_hashes)), 0);
    IF v_bad IS NOT NULL OR (v_skip = 0 AND cardinality(p_hashes) > 0 AND p_prev <> v_hash) THEN
        RAISE EXCEPTION 'entry % is here with another hash', coalesce(v_bad, p_first - 1)
            USING ERRCODE = 'GW001';
    END IF;
    IF v_skip < cardinality(p_hashes) THEN
        SELECT min(n.seq) INTO v_bad FROM (
            SELECT p_first + t.at - 1 AS seq, t.hash, t.body,
                   lag(t.hash, 1, p_prev) OVER (ORDER BY t.at) AS prev, t.at
            FROM unnest(p_hashes, p_bodies) WITH ORDINALITY AS t(hash, body, at)
        ) n
        WHERE n.at > v_skip
          AND n.hash IS DISTINCT FROM
              encode(sha256(decode(n.prev, 'hex') || convert_to(n.body, 'UTF8')), 'hex');
        IF v_bad IS NOT NULL THEN
            RAISE EXCEPTION 'the hash of entry % does not belong to its text', v_bad USING ERRCODE = 'GW002';
        END IF;
        -- The usual case in one statement: nothing in the batch is at fault.
        INSERT INTO gwanje_central.entry (position, device, epoch, seq, prev, hash, body, refused)
        SELECT v_base + n.at - v_skip, p_device, p_epoch, p_first + n.at - 1, n.prev, n.hash,
               CASE WHEN n.fault IS NULL THEN n.body END, n.fault
        FROM (
            SELECT t.at, t.hash, t.body, lag(t.hash, 1, p_prev) OVER (ORDER BY t.at) AS prev,
                   gwanje_central.fault(t.body, p_device, p_epoch, p_first + t.at - 1) AS fault
            FROM unnest(p_hashes, p_bodies) WITH ORDINALITY AS t(hash, body, at)
        ) n
        WHERE n.at > v_skip;
        UPDATE gwanje_central.centre SET last_position = v_base + cardinality(p_hashes) - v_skip;
        v_count := v_last;
        v_hash := p_hashes[cardinality(p_hashes)];
        INSERT INTO gwanje_central.head AS h (device, epoch, count, hash)
        VALUES (p_device, p_epoch, v_count, v_hash)
        ON CONFLICT (device, epoch) DO UPDATE SET count = excluded.count, hash = excluded.hash;
    END IF;
    RETURN QUERY SELECT v_count, v_hash, NULL::text;
    RETURN QUERY SELECT e.seq, e.hash, e.refused FROM gwanje_central.entry e
        WHERE e.device = p_device AND e.epoch = p_epoch AND e.seq BETWEEN p_first AND v_last
          AND e.refused IS NOT NULL ORDER BY e.seq;
END $$;

-- Rows after a position, in order. The caller's own present log comes without text. p_hash is
-- the hash at p_position as the caller knows it: another one means that this centre was restored.
CREATE OR REPLACE FUNCTION gwanje_central.entries_after(
    p_position bigint, p_hash text, p_device text, p_epoch integer, p_limit integer)
RETURNS TABLE (pos bigint, device text, epoch integer, seq bigint, prev text, hash text, body text, refused text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF p_position > 0 AND NOT EXISTS (
        SELECT 1 FROM gwanje_central.entry e WHERE e.position = p_position AND e.hash = p_hash) THEN
        RAISE EXCEPTION 'row % is not the one you know', p_position USING ERRCODE = 'GW004';
    END IF;
    -- A page ends after 8 MiB of text, or after its first row.
    RETURN QUERY SELECT w.position, w.device, w.epoch, w.seq, w.prev, w.hash, w.text, w.refused
    FROM (
        SELECT r.*, coalesce(sum(octet_length(r.text)) OVER (ORDER BY r.position
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
        FROM (
            SELECT e.*, CASE WHEN e.device = p_device AND e.epoch = p_epoch THEN NULL ELSE e.body END AS text
            FROM gwanje_central.entry e WHERE e.position > p_position
            ORDER BY e.position LIMIT least(p_limit, 5000)
        ) r
    ) w WHERE w.before < 8388608 ORDER BY w.position;
END $$;

-- How far an attachment is here; no row if nothing of it is.
CREATE OR REPLACE FUNCTION gwanje_central.blob_state(p_sha256 text)
RETURNS TABLE (size bigint, have bigint, complete boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT b.size, b.have, b.complete FROM gwanje_central.blob b WHERE b.sha256 = p_sha256
$$;

-- Takes the chunk that begins where this centre's part ends; any other changes nothing. Answers
-- how many bytes are here. With the last one the content is verified against its name.
CREATE OR REPLACE FUNCTION gwanje_central.put_blob(p_sha256 text, p_size bigint, p_at bigint, p_chunk bytea)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    v_blob gwanje_central.blob;
    v_sum text;
BEGIN
    IF p_size > 268435456 THEN
        RAISE EXCEPTION 'an attachment may have 256 MiB at most' USING ERRCODE = 'GW005';
    END IF;
    INSERT INTO gwanje_central.blob (sha256, size) VALUES (p_sha256, p_size) ON CONFLICT DO NOTHING;
    SELECT * INTO v_blob FROM gwanje_central.blob b WHERE b.sha256 = p_sha256 FOR UPDATE;
    IF v_blob.complete OR p_at <> v_blob.have OR v_blob.size <> p_size THEN
        RETURN v_blob.have;
    END IF;
    IF p_at + octet_length(p_chunk) > p_size THEN
        RAISE EXCEPTION 'the chunk does not fit into the attachment' USING ERRCODE = 'GW005';
    END IF;
    IF octet_length(p_chunk) > 0 THEN
        INSERT INTO gwanje_central.blob_chunk (sha256, at_byte, bytes) VALUES (p_sha256, p_at, p_chunk);
    END IF;
    v_blob.have := p_at + octet_length(p_chunk);
    UPDATE gwanje_central.blob SET have = v_blob.have WHERE sha256 = p_sha256;
    IF v_blob.have = p_size THEN
        SELECT encode(sha256(coalesce(string_agg(c.bytes, ''::bytea ORDER BY c.at_byte), ''::bytea)), 'hex')
            INTO v_sum FROM gwanje_central.blob_chunk c WHERE c.sha256 = p_sha256;
        IF v_sum <> p_sha256 THEN
            DELETE FROM gwanje_central.blob WHERE sha256 = p_sha256;
            RETURN -1;
        END IF;
        UPDATE gwanje_central.blob SET complete = true WHERE sha256 = p_sha256;
    END IF;
    RETURN v_blob.have;
END $$;

-- The piece of a complete attachment that begins at p_at; NULL if there is none.
CREATE OR REPLACE FUNCTION gwanje_central.get_blob(p_sha256 text, p_at bigint) RETURNS bytea
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT substring(c.bytes FROM (p_at - c.at_byte + 1)::integer)
    FROM gwanje_central.blob b JOIN gwanje_central.blob_chunk c ON c.sha256 = b.sha256
    WHERE b.sha256 = p_sha256 AND b.complete AND c.at_byte <= p_at
    ORDER BY c.at_byte DESC LIMIT 1
$$;
