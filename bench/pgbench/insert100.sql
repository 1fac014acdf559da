INSERT INTO perfis (nome, email, telefone, bio, ativo, saldo, meta, created_at, updated_at)
SELECT 'Nome ' || n, gen_random_uuid() || '@exemplo.com.br', '+55 11 900000000', repeat(md5(n::text), 3), true, n / 100.0,
       jsonb_build_object('cidade', 'Campinas', 'idioma', 'pt-BR', 'nivel', n % 10, 'token', md5(n::text)), now(), clock_timestamp()
FROM generate_series(1, 100) n;
