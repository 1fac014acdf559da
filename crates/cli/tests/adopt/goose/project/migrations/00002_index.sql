-- +goose Up
-- +goose StatementBegin
CREATE INDEX users_email ON users (email);
-- +goose StatementEnd

-- +goose Down
DROP INDEX users_email;
