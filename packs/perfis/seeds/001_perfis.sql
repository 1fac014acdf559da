-- Some profiles to begin with. Harmless twice: a profile whose e-mail is there already is left alone.
-- Apply it to one node only; the sync carries the rows to the other.
INSERT INTO perfis (nome, email, bio, telefone, ativo) VALUES
  ('Ana Souza',         'ana.souza@perfis.example',         'Engenheira de dados em Recife.',              '+55 81 99812-0417', true),
  ('Bruno Carvalho',    'bruno.carvalho@perfis.example',    'Cozinha aos domingos, programa no resto.',    '+55 11 98744-2130', true),
  ('Camila Ferreira',   'camila.ferreira@perfis.example',   'Fotografa pontes.',                           '+55 21 99655-8701', true),
  ('Daniel Oliveira',   'daniel.oliveira@perfis.example',   'Toca viola caipira.',                         NULL,                true),
  ('Eduarda Lima',      'eduarda.lima@perfis.example',      'Pesquisadora, leitora, ciclista.',            '+55 31 98433-1922', true),
  ('Felipe Barbosa',    'felipe.barbosa@perfis.example',    '',                                            '+55 85 99120-3345', true),
  ('Gabriela Rocha',    'gabriela.rocha@perfis.example',    'Desenha mapas à mão.',                        NULL,                true),
  ('Henrique Martins',  'henrique.martins@perfis.example',  'Café, sempre.',                               '+55 41 98877-6540', false),
  ('Isabela Gomes',     'isabela.gomes@perfis.example',     'Arquiteta em Belo Horizonte.',                '+55 31 99701-2286', true),
  ('João Pereira',      'joao.pereira@perfis.example',      'Conserta bicicletas.',                        '+55 51 98260-4498', true),
  ('Larissa Almeida',   'larissa.almeida@perfis.example',   'Professora de matemática.',                   NULL,                true),
  ('Marcelo Ribeiro',   'marcelo.ribeiro@perfis.example',   'Nada às seis da manhã.',                      '+55 48 99934-7015', true)
ON CONFLICT ((lower(email))) DO NOTHING;
