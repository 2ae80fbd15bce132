-- purpose: stand in for the extension pgcrypto 1.3: digests, HMACs and random values as the real one, no ciphers
-- needs: PostgreSQL 18 (extension_control_path); run by CREATE EXTENSION
-- returns: nothing
CREATE FUNCTION rehearse_sha1(bytea) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
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

CREATE FUNCTION digest(bytea, text) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    CASE lower($2)
        WHEN 'md5' THEN RETURN decode(md5($1), 'hex');
        WHEN 'sha1' THEN RETURN @extschema@.rehearse_sha1($1);
        WHEN 'sha224' THEN RETURN sha224($1);
        WHEN 'sha256' THEN RETURN sha256($1);
        WHEN 'sha384' THEN RETURN sha384($1);
        WHEN 'sha512' THEN RETURN sha512($1);
        ELSE RAISE EXCEPTION 'Cannot use "%": No such hash algorithm', $2 USING ERRCODE = 'invalid_parameter_value';
    END CASE;
END $$;

CREATE FUNCTION digest(text, text) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN @extschema@.digest(convert_to($1, getdatabaseencoding()), $2);
END $$;

CREATE FUNCTION hmac(bytea, bytea, text) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    block CONSTANT integer := CASE WHEN lower($3) IN ('sha384', 'sha512') THEN 128 ELSE 64 END;
    key bytea := CASE WHEN length($2) > block THEN @extschema@.digest($2, $3) ELSE $2 END;
    inner_pad bytea;
    outer_pad bytea;
BEGIN
    key := key || decode(repeat('00', block - length(key)), 'hex');
    inner_pad := key;
    outer_pad := key;
    FOR i IN 0 .. block - 1 LOOP
        inner_pad := set_byte(inner_pad, i, get_byte(key, i) # 54);
        outer_pad := set_byte(outer_pad, i, get_byte(key, i) # 92);
    END LOOP;
    RETURN @extschema@.digest(outer_pad || @extschema@.digest(inner_pad || $1, $3), $3);
END $$;

CREATE FUNCTION hmac(text, text, text) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN @extschema@.hmac(convert_to($1, getdatabaseencoding()), convert_to($2, getdatabaseencoding()), $3);
END $$;

CREATE FUNCTION gen_random_bytes(integer) RETURNS bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS $$
DECLARE
    bytes bytea := '';
BEGIN
    IF $1 NOT BETWEEN 1 AND 1024 THEN
        RAISE EXCEPTION 'Length not in range' USING ERRCODE = 'external_routine_invocation_exception';
    END IF;
    WHILE length(bytes) < $1 LOOP
        bytes := bytes || sha256(uuid_send(pg_catalog.gen_random_uuid()) || uuid_send(pg_catalog.gen_random_uuid()));
    END LOOP;
    RETURN substr(bytes, 1, $1);
END $$;

CREATE FUNCTION gen_random_uuid() RETURNS uuid LANGUAGE internal VOLATILE PARALLEL SAFE AS 'gen_random_uuid';

CREATE FUNCTION fips_mode() RETURNS boolean LANGUAGE sql VOLATILE STRICT PARALLEL SAFE AS 'SELECT false';

CREATE FUNCTION encrypt(bytea, bytea, text) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'rehearse stands in for pgcrypto and cannot do encrypt'
        USING ERRCODE = 'feature_not_supported', HINT = 'Rehearse with a server that has pgcrypto: set engine.bin_dir.';
END $$;

CREATE FUNCTION decrypt(bytea, bytea, text) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'rehearse stands in for pgcrypto and cannot do decrypt'
        USING ERRCODE = 'feature_not_supported', HINT = 'Rehearse with a server that has pgcrypto: set engine.bin_dir.';
END $$;

CREATE FUNCTION encrypt_iv(bytea, bytea, bytea, text) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'rehearse stands in for pgcrypto and cannot do encrypt_iv'
        USING ERRCODE = 'feature_not_supported', HINT = 'Rehearse with a server that has pgcrypto: set engine.bin_dir.';
END $$;

CREATE FUNCTION decrypt_iv(bytea, bytea, bytea, text) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'rehearse stands in for pgcrypto and cannot do decrypt_iv'
        USING ERRCODE = 'feature_not_supported', HINT = 'Rehearse with a server that has pgcrypto: set engine.bin_dir.';
END $$;

CREATE FUNCTION crypt(text, text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'rehearse stands in for pgcrypto and cannot do crypt'
        USING ERRCODE = 'feature_not_supported', HINT = 'Rehearse with a server that has pgcrypto: set engine.bin_dir.';
END $$;

CREATE FUNCTION gen_salt(text) RETURNS text LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'rehearse stands in for pgcrypto and cannot do gen_salt'
        USING ERRCODE = 'feature_not_supported', HINT = 'Rehearse with a server that has pgcrypto: set engine.bin_dir.';
END $$;

CREATE FUNCTION gen_salt(text, integer) RETURNS text LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'rehearse stands in for pgcrypto and cannot do gen_salt'
        USING ERRCODE = 'feature_not_supported', HINT = 'Rehearse with a server that has pgcrypto: set engine.bin_dir.';
END $$;

CREATE FUNCTION pgp_sym_encrypt(text, text) RETURNS bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'rehearse stands in for pgcrypto and cannot do pgp_sym_encrypt'
        USING ERRCODE = 'feature_not_supported', HINT = 'Rehearse with a server that has pgcrypto: set engine.bin_dir.';
END $$;

CREATE FUNCTION pgp_sym_encrypt(text, text, text) RETURNS bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'rehearse stands in for pgcrypto and cannot do pgp_sym_encrypt'
        USING ERRCODE = 'feature_not_supported', HINT = 'Rehearse with a server that has pgcrypto: set engine.bin_dir.';
END $$;

CREATE FUNCTION pgp_sym_encrypt_bytea(bytea, text) RETURNS bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'rehearse stands in for pgcrypto and cannot do pgp_sym_encrypt_bytea'
        USING ERRCODE = 'feature_not_supported', HINT = 'Rehearse with a server that has pgcrypto: set engine.bin_dir.';
END $$;

CREATE FUNCTION pgp_sym_encrypt_bytea(bytea, text, text) RETURNS bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'rehearse stands in for pgcrypto and cannot do pgp_sym_encrypt_bytea'
        USING ERRCODE = 'feature_not_supported', HINT = 'Rehearse with a server that has pgcrypto: set engine.bin_dir.';
END $$;

CREATE FUNCTION pgp_sym_decrypt(bytea, text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'rehearse stands in for pgcrypto and cannot do pgp_sym_decrypt'
        USING ERRCODE = 'feature_not_supported', HINT = 'Rehearse with a server that has pgcrypto: set engine.bin_dir.';
END $$;

CREATE FUNCTION pgp_sym_decrypt(bytea, text, text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'rehearse stands in for pgcrypto and cannot do pgp_sym_decrypt'
        USING ERRCODE = 'feature_not_supported', HINT = 'Rehearse with a server that has pgcrypto: set engine.bin_dir.';
END $$;

CREATE FUNCTION pgp_sym_decrypt_bytea(bytea, text) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'rehearse stands in for pgcrypto and cannot do pgp_sym_decrypt_bytea'
        USING ERRCODE = 'feature_not_supported', HINT = 'Rehearse with a server that has pgcrypto: set engine.bin_dir.';
END $$;

CREATE FUNCTION pgp_sym_decrypt_bytea(bytea, text, text) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'rehearse stands in for pgcrypto and cannot do pgp_sym_decrypt_bytea'
        USING ERRCODE = 'feature_not_supported', HINT = 'Rehearse with a server that has pgcrypto: set engine.bin_dir.';
END $$;

CREATE FUNCTION pgp_pub_encrypt(text, bytea) RETURNS bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'rehearse stands in for pgcrypto and cannot do pgp_pub_encrypt'
        USING ERRCODE = 'feature_not_supported', HINT = 'Rehearse with a server that has pgcrypto: set engine.bin_dir.';
END $$;

CREATE FUNCTION pgp_pub_encrypt(text, bytea, text) RETURNS bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'rehearse stands in for pgcrypto and cannot do pgp_pub_encrypt'
        USING ERRCODE = 'feature_not_supported', HINT = 'Rehearse with a server that has pgcrypto: set engine.bin_dir.';
END $$;

CREATE FUNCTION pgp_pub_encrypt_bytea(bytea, bytea) RETURNS bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'rehearse stands in for pgcrypto and cannot do pgp_pub_encrypt_bytea'
        USING ERRCODE = 'feature_not_supported', HINT = 'Rehearse with a server that has pgcrypto: set engine.bin_dir.';
END $$;

CREATE FUNCTION pgp_pub_encrypt_bytea(bytea, bytea, text) RETURNS bytea LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'rehearse stands in for pgcrypto and cannot do pgp_pub_encrypt_bytea'
        USING ERRCODE = 'feature_not_supported', HINT = 'Rehearse with a server that has pgcrypto: set engine.bin_dir.';
END $$;

CREATE FUNCTION pgp_pub_decrypt(bytea, bytea) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'rehearse stands in for pgcrypto and cannot do pgp_pub_decrypt'
        USING ERRCODE = 'feature_not_supported', HINT = 'Rehearse with a server that has pgcrypto: set engine.bin_dir.';
END $$;

CREATE FUNCTION pgp_pub_decrypt(bytea, bytea, text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'rehearse stands in for pgcrypto and cannot do pgp_pub_decrypt'
        USING ERRCODE = 'feature_not_supported', HINT = 'Rehearse with a server that has pgcrypto: set engine.bin_dir.';
END $$;

CREATE FUNCTION pgp_pub_decrypt(bytea, bytea, text, text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'rehearse stands in for pgcrypto and cannot do pgp_pub_decrypt'
        USING ERRCODE = 'feature_not_supported', HINT = 'Rehearse with a server that has pgcrypto: set engine.bin_dir.';
END $$;

CREATE FUNCTION pgp_pub_decrypt_bytea(bytea, bytea) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'rehearse stands in for pgcrypto and cannot do pgp_pub_decrypt_bytea'
        USING ERRCODE = 'feature_not_supported', HINT = 'Rehearse with a server that has pgcrypto: set engine.bin_dir.';
END $$;

CREATE FUNCTION pgp_pub_decrypt_bytea(bytea, bytea, text) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'rehearse stands in for pgcrypto and cannot do pgp_pub_decrypt_bytea'
        USING ERRCODE = 'feature_not_supported', HINT = 'Rehearse with a server that has pgcrypto: set engine.bin_dir.';
END $$;

CREATE FUNCTION pgp_pub_decrypt_bytea(bytea, bytea, text, text) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'rehearse stands in for pgcrypto and cannot do pgp_pub_decrypt_bytea'
        USING ERRCODE = 'feature_not_supported', HINT = 'Rehearse with a server that has pgcrypto: set engine.bin_dir.';
END $$;

CREATE FUNCTION pgp_key_id(bytea) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'rehearse stands in for pgcrypto and cannot do pgp_key_id'
        USING ERRCODE = 'feature_not_supported', HINT = 'Rehearse with a server that has pgcrypto: set engine.bin_dir.';
END $$;

CREATE FUNCTION armor(bytea) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'rehearse stands in for pgcrypto and cannot do armor'
        USING ERRCODE = 'feature_not_supported', HINT = 'Rehearse with a server that has pgcrypto: set engine.bin_dir.';
END $$;

CREATE FUNCTION armor(bytea, text[], text[]) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'rehearse stands in for pgcrypto and cannot do armor'
        USING ERRCODE = 'feature_not_supported', HINT = 'Rehearse with a server that has pgcrypto: set engine.bin_dir.';
END $$;

CREATE FUNCTION dearmor(text) RETURNS bytea LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'rehearse stands in for pgcrypto and cannot do dearmor'
        USING ERRCODE = 'feature_not_supported', HINT = 'Rehearse with a server that has pgcrypto: set engine.bin_dir.';
END $$;

CREATE FUNCTION pgp_armor_headers(text, OUT key text, OUT value text) RETURNS SETOF record LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RAISE EXCEPTION 'rehearse stands in for pgcrypto and cannot do pgp_armor_headers'
        USING ERRCODE = 'feature_not_supported', HINT = 'Rehearse with a server that has pgcrypto: set engine.bin_dir.';
END $$;
