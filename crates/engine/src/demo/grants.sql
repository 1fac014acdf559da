-- purpose: let the application's role use the pack's table, and nothing else
-- reads:   nothing
-- writes:  privileges on public.perfis
-- locks:   none that anybody waits for
GRANT SELECT, INSERT, UPDATE, DELETE ON public.perfis TO app;
