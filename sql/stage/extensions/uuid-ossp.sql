-- purpose: stand in for the extension uuid-ossp 1.1; versions 1 and 1mc carry a random node
-- needs: PostgreSQL 18 (extension_control_path); run by CREATE EXTENSION
-- returns: nothing
CREATE FUNCTION rehearse_uuid_sha1(bytea) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    mask CONSTANT bigint := 4294967295;
    padded bytea := $1 || '\x80' || decode(repeat('00', (119 - length($1) % 64) % 64), 'hex') || int8send(length($1) * 8::bigint);
    h bigint[] := ARRAY[1732584193, 4023233417, 2562383102, 271733878, 3285377520];
    w bigint[];
    v bigint[];
    f bigint;
    k bigint;
    t bigint;
BEGIN
    FOR block IN 0 .. length(padded) / 64 - 1 LOOP
        FOR i IN 0 .. 79 LOOP
            IF i < 16 THEN
                t := ('x' || encode(substr(padded, block * 64 + i * 4 + 1, 4), 'hex'))::bit(32)::bigint;
            ELSE
                t := w[i - 2] # w[i - 7] # w[i - 13] # w[i - 15];
                t := ((t << 1) | (t >> 31)) & mask;
            END IF;
            w[i + 1] := t;
        END LOOP;
        v := h;
        FOR i IN 0 .. 79 LOOP
            CASE i / 20
                WHEN 0 THEN f := (v[2] & v[3]) | (~v[2] & mask & v[4]); k := 1518500249;
                WHEN 1 THEN f := v[2] # v[3] # v[4]; k := 1859775393;
                WHEN 2 THEN f := (v[2] & v[3]) | (v[2] & v[4]) | (v[3] & v[4]); k := 2400959708;
                ELSE f := v[2] # v[3] # v[4]; k := 3395469782;
            END CASE;
            t := ((((v[1] << 5) | (v[1] >> 27)) & mask) + f + v[5] + k + w[i + 1]) & mask;
            v := ARRAY[t, v[1], ((v[2] << 30) | (v[2] >> 2)) & mask, v[3], v[4]];
        END LOOP;
        FOR i IN 1 .. 5 LOOP
            h[i] := (h[i] + v[i]) & mask;
        END LOOP;
    END LOOP;
    RETURN decode(lpad(to_hex(h[1]), 8, '0') || lpad(to_hex(h[2]), 8, '0') || lpad(to_hex(h[3]), 8, '0')
        || lpad(to_hex(h[4]), 8, '0') || lpad(to_hex(h[5]), 8, '0'), 'hex');
END $$;

CREATE FUNCTION uuid_nil() RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$SELECT '00000000-0000-0000-0000-000000000000'::uuid$$;

CREATE FUNCTION uuid_ns_dns() RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$SELECT '6ba7b810-9dad-11d1-80b4-00c04fd430c8'::uuid$$;

CREATE FUNCTION uuid_ns_url() RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$SELECT '6ba7b811-9dad-11d1-80b4-00c04fd430c8'::uuid$$;

CREATE FUNCTION uuid_ns_oid() RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$SELECT '6ba7b812-9dad-11d1-80b4-00c04fd430c8'::uuid$$;

CREATE FUNCTION uuid_ns_x500() RETURNS uuid LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$SELECT '6ba7b814-9dad-11d1-80b4-00c04fd430c8'::uuid$$;

CREATE FUNCTION uuid_generate_v1() RETURNS uuid LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS $$
DECLARE
    ticks text := lpad(to_hex((extract(epoch FROM clock_timestamp()) * 10000000)::bigint + 122192928000000000), 16, '0');
    rest text := replace(pg_catalog.gen_random_uuid()::text, '-', '');
BEGIN
    RETURN (substr(ticks, 9, 8) || substr(ticks, 5, 4) || '1' || substr(ticks, 2, 3) || substr(rest, 17, 16))::uuid;
END $$;

CREATE FUNCTION uuid_generate_v1mc() RETURNS uuid LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS $$
DECLARE
    ticks text := lpad(to_hex((extract(epoch FROM clock_timestamp()) * 10000000)::bigint + 122192928000000000), 16, '0');
    rest text := replace(pg_catalog.gen_random_uuid()::text, '-', '');
BEGIN
    RETURN (substr(ticks, 9, 8) || substr(ticks, 5, 4) || '1' || substr(ticks, 2, 3) || substr(rest, 17, 16))::uuid;
END $$;

CREATE FUNCTION uuid_generate_v4() RETURNS uuid LANGUAGE internal VOLATILE STRICT PARALLEL SAFE AS 'gen_random_uuid';

CREATE FUNCTION uuid_generate_v3(namespace uuid, name text) RETURNS uuid LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    bytes bytea := decode(md5(uuid_send(namespace) || convert_to(name, getdatabaseencoding())), 'hex');
BEGIN
    bytes := set_byte(bytes, 6, get_byte(bytes, 6) & 15 | 48);
    bytes := set_byte(bytes, 8, get_byte(bytes, 8) & 63 | 128);
    RETURN encode(substr(bytes, 1, 16), 'hex')::uuid;
END $$;

CREATE FUNCTION uuid_generate_v5(namespace uuid, name text) RETURNS uuid LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    bytes bytea := @extschema@.rehearse_uuid_sha1(uuid_send(namespace) || convert_to(name, getdatabaseencoding()));
BEGIN
    bytes := set_byte(bytes, 6, get_byte(bytes, 6) & 15 | 80);
    bytes := set_byte(bytes, 8, get_byte(bytes, 8) & 63 | 128);
    RETURN encode(substr(bytes, 1, 16), 'hex')::uuid;
END $$;
