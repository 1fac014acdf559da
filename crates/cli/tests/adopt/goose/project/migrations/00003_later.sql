-- +goose Up
-- +goose StatementBegin
ALTER TABLE users ADD COLUMN nick text;
-- +goose StatementEnd

-- +goose Down
ALTER TABLE users DROP COLUMN nick;
