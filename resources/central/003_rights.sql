-- Every function is PUBLIC's by default: take that back, then give the consoles theirs.

REVOKE ALL ON ALL TABLES IN SCHEMA gwanje_central FROM PUBLIC, gwanje_device;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA gwanje_central FROM PUBLIC, gwanje_device;
GRANT USAGE ON SCHEMA gwanje_central TO gwanje_device;
GRANT EXECUTE ON FUNCTION
    gwanje_central.hello(),
    gwanje_central.head(text, integer),
    gwanje_central.last_epoch(text),
    gwanje_central.hash_at(text, integer, bigint),
    gwanje_central.proof(text, integer),
    gwanje_central.put_entries(text, integer, bigint, text, text[], text[]),
    gwanje_central.entries_after(bigint, text, text, integer, integer),
    gwanje_central.blob_state(text),
    gwanje_central.put_blob(text, bigint, bigint, bytea),
    gwanje_central.get_blob(text, bigint)
TO gwanje_device;
