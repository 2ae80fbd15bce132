-- What the shop looks like at its production revision: nobody in here exists, and every run gives the same rows.
-- psql -X -q -v ON_ERROR_STOP=1 -f production.sql, as the owner of the database.

BEGIN;

CREATE TEMPORARY TABLE people AS
SELECT
    ARRAY['Anna', 'Björn', 'Chloé', 'Đorđe', 'Emil', 'Fatma', 'Gül', 'Hans', 'Íris', 'José', 'Kateřina', 'Łukasz',
          'Márta', 'Nuno', 'Øystein', 'Petra', '小雨', 'Renée', 'Sofía', 'Tomáš', 'Ольга', 'Víctor', 'Zoë'] AS first,
    ARRAY['Müller', 'Schmidt', 'O''Brien', 'Nguyễn', 'García', 'Łukaszewski', 'de la Cruz', 'Öztürk', 'Novák', 'Smith',
          'Jansen', 'Rossi', 'Dupont', 'Fernández', 'Kovács', 'Иванова', '王', 'Sørensen', 'Björk'] AS last,
    ARRAY['anna', 'bjorn', 'chloe', 'dorde', 'emil', 'fatma', 'gul', 'hans', 'iris', 'jose', 'katerina', 'lukasz',
          'marta', 'nuno', 'oystein', 'petra', 'xiaoyu', 'renee', 'sofia', 'tomas', 'olga', 'victor', 'zoe'] AS mailbox;

INSERT INTO customers (id, email, first_name, last_name, phone, birth_date, created_at)
SELECT
    n,
    mailbox[1 + n % 23] || CASE WHEN n % 7 = 0 THEN '.Shop' ELSE '' END || n || '@'
        || (ARRAY['example.com', 'mail.example', 'Example.org'])[1 + n % 3],
    first[1 + n % 23],
    last[1 + n % 19] || CASE WHEN n % 11 = 0 THEN '-' || last[1 + n % 17] ELSE '' END,
    CASE WHEN n % 5 <> 0 THEN '+49 30 ' || 1000000 + n * 7 END,
    CASE WHEN n % 4 <> 0 THEN DATE '1950-03-01' + n * 17 % 20000 END,
    TIMESTAMPTZ '2023-01-01 08:00+00' + n * INTERVAL '55 minutes'
FROM people, generate_series(1, 30000) AS n;

INSERT INTO addresses (id, customer_id, street, postcode, city, country, is_default)
SELECT
    n,
    1 + (n - 1) % 30000,
    (ARRAY['Hauptstraße', 'Rue de l''Église', 'Calle Mayor', 'Długa', 'Ringvägen'])[1 + n % 5] || ' ' || 1 + n % 180,
    lpad((10000 + n * 37 % 89999)::text, 5, '0'),
    (ARRAY['Köln', 'Orléans', 'A Coruña', 'Łódź', 'Göteborg'])[1 + n % 5],
    (ARRAY['DE', 'FR', 'ES', 'PL', 'SE'])[1 + n % 5],
    n <= 30000
FROM generate_series(1, 33000) AS n;

INSERT INTO categories (id, parent_id, name)
SELECT n, CASE WHEN n > 6 THEN 1 + n % 6 END, (ARRAY['Küche', 'Garten', 'Bücher', 'Café', 'Büro', '玩具'])[1 + n % 6] || ' ' || n
FROM generate_series(1, 40) AS n;

INSERT INTO products (id, name, legacy_sku, net_price, attributes, is_active)
SELECT
    n,
    (ARRAY['Teekanne', 'Notizbuch', 'Gießkanne', 'Crème brûlée-Set', 'Lampe'])[1 + n % 5] || ' No. ' || n,
    CASE WHEN n % 3 <> 0 THEN 'ALT-' || 70000 + n END,
    (n * 13 % 9000 + 199) / 100.0,
    jsonb_build_object('colour', (ARRAY['rot', 'grün', 'weiß', 'schwarz'])[1 + n % 4], 'grams', 50 + n % 900),
    n % 10 <> 0
FROM generate_series(1, 3000) AS n;

INSERT INTO product_categories (product_id, category_id)
SELECT n, 7 + n % 34 FROM generate_series(1, 3000) AS n
UNION ALL
SELECT n, 1 + n % 6 FROM generate_series(1, 3000, 2) AS n;

-- A few customers order often: squaring a fraction crowds the orders at the low numbers.
INSERT INTO orders (id, customer_id, address_id, status, placed_at, note)
SELECT
    n,
    customer,
    CASE WHEN n % 9 <> 0 THEN customer END,
    (CASE
        WHEN n > 59700 THEN 'placed'
        WHEN n > 59000 THEN 'paid'
        WHEN n > 58000 THEN 'shipped'
        WHEN n % 25 = 0 THEN 'cancelled'
        ELSE 'delivered'
    END)::order_status,
    TIMESTAMPTZ '2023-02-01 06:00+00' + n * INTERVAL '33 minutes',
    CASE WHEN n % 40 = 0 THEN 'Bitte bei Frau Müller klingeln, 030 ' || 100000 + n END
FROM
    generate_series(1, 60000) AS n,
    LATERAL (SELECT 1 + floor(30000 * power(n::bigint * 7919 % 60000 / 60000.0, 2))::integer AS customer) AS chosen;

INSERT INTO order_items (order_id, product_id, quantity, unit_price)
SELECT order_id, product, 1 + order_id % 3, products.net_price
FROM
    (
        SELECT n AS order_id, 1 + (n * 31 + item * (7 + n % 5)) % 3000 AS product
        FROM generate_series(1, 60000) AS n, generate_series(1, 3) AS item
        WHERE item <= 1 + n % 3
    ) AS chosen
    JOIN products ON products.id = product;

INSERT INTO payments (id, order_id, amount, method, paid_on)
SELECT
    id,
    id,
    5 + id % 240,
    (ARRAY['card', 'card', 'invoice', 'wallet'])[1 + id % 4],
    (placed_at AT TIME ZONE 'UTC')::date + id % 14
FROM orders
WHERE status IN ('paid', 'shipped', 'delivered') AND id % 2 = 0;

-- Paid before the shop had partitions.
INSERT INTO payments (id, order_id, amount, method, paid_on)
SELECT 70000 + n, n, 20, 'invoice', DATE '2022-12-01' + n % 30 FROM generate_series(1, 50) AS n;

UPDATE orders SET status = 'cancelled' WHERE id BETWEEN 59701 AND 59760;

-- A third of the reviews was sent more than once: the form was slow one summer.
INSERT INTO reviews (id, customer_id, product_id, stars, body, written_at)
SELECT
    n,
    CASE WHEN is_repeated THEN 1 + n % 200 ELSE 1000 + n END,
    CASE WHEN is_repeated THEN 1 + n % 200 ELSE 1 + n * 7 % 3000 END,
    CASE WHEN n % 6 = 0 THEN 1 + n % 3 ELSE 4 + n % 2 END,
    CASE WHEN n % 3 <> 0 THEN 'Sehr schön, ' || (ARRAY['gerne wieder', 'très bien', '很好', 'muy útil'])[1 + n % 4] END,
    TIMESTAMPTZ '2024-05-01 12:00+00' + n * INTERVAL '97 minutes'
FROM
    generate_series(1, 9000) AS n,
    LATERAL (SELECT n * 7919 % 100 < 34 AS is_repeated) AS sent;

INSERT INTO coupons (id, code, percent, expires_on)
SELECT
    n,
    'DANKE-' || upper(to_hex(n * 48271)),
    5 * (1 + n % 6),
    CASE WHEN n % 20 <> 0 THEN DATE '2023-06-01' + n % 1100 END
FROM generate_series(1, 12000) AS n;

INSERT INTO coupon_redemptions (coupon_id, order_id, discount)
SELECT n, n * 5, 1 + n % 20 FROM generate_series(1, 12000) AS n WHERE n % 4 <> 0;

INSERT INTO parcel_returns (id, reference, order_id, reason, returned_on)
SELECT
    n,
    'R' || upper(lpad(to_hex(n * 69621), 11, '0')),
    n * 23,
    (ARRAY['zu klein', 'beschädigt', 'gefällt nicht', NULL])[1 + n % 4],
    DATE '2023-03-01' + n % 1300
FROM generate_series(1, 2000) AS n;

DROP TABLE people;

ALTER TABLE customers ALTER COLUMN id RESTART WITH 100000;
ALTER TABLE addresses ALTER COLUMN id RESTART WITH 100000;
ALTER TABLE categories ALTER COLUMN id RESTART WITH 100000;
ALTER TABLE products ALTER COLUMN id RESTART WITH 100000;
ALTER TABLE orders ALTER COLUMN id RESTART WITH 100000;
ALTER TABLE payments ALTER COLUMN id RESTART WITH 100000;
ALTER TABLE reviews ALTER COLUMN id RESTART WITH 100000;
ALTER TABLE coupons ALTER COLUMN id RESTART WITH 100000;
ALTER TABLE parcel_returns ALTER COLUMN id RESTART WITH 100000;

REFRESH MATERIALIZED VIEW best_sellers;

COMMIT;

-- By name: a plain ANALYZE tries the server's own catalogs too, and warns that their owner is somebody else.
ANALYZE
    customers, addresses, categories, products, product_categories, orders, order_items, payments, order_audit,
    reviews, coupons, coupon_redemptions, parcel_returns, best_sellers, alembic_version;
