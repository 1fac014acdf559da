-- Models to begin with, and a template of the product's own. Harmless twice: what is there keeps its prices. The prices are examples.
INSERT INTO llms (provider, name, context_window_tokens, input_price_per_million, output_price_per_million) VALUES
  ('openai',    'gpt-4o',            128000, 2.50, 10.00),
  ('openai',    'gpt-4o-mini',       128000, 0.15,  0.60),
  ('anthropic', 'claude-3-5-sonnet', 200000, 3.00, 15.00),
  ('anthropic', 'claude-3-5-haiku',  200000, 0.80,  4.00)
ON CONFLICT (provider, name) DO NOTHING;

INSERT INTO templates (name, category, definition) VALUES
  ('Resumo de documento', 'general', '{"nodes": [{"name": "entrada", "type": "trigger"}, {"name": "resumo", "type": "llm"}, {"name": "saída", "type": "output"}]}')
ON CONFLICT DO NOTHING;
