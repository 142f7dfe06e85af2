-- What extensions declare of users, by "<extension>.<name>".
ALTER TABLE "users" ADD COLUMN "attributes" JSONB NOT NULL DEFAULT '{}';
