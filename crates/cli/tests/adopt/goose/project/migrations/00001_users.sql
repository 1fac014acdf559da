-- +goose Up
-- +goose StatementBegin
CREATE TABLE users (id integer PRIMARY KEY, email text NOT NULL);
-- +goose StatementEnd

-- +goose Down
DROP TABLE users;
