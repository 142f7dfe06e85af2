-- What a search looks in: username, email, first and last name, folded by the application. Empty (NULL) where one of them
-- was written without it; the application fills it.
ALTER TABLE "users" ADD COLUMN "search_text" TEXT COLLATE "C";

CREATE FUNCTION empty_search_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.search_text := NULL;
    RETURN NEW;
END
$$;

-- An older instance, or SQL typed by hand, does not write the column.
CREATE TRIGGER empty_search_text BEFORE UPDATE OF "username", "email", "first_name", "last_name" ON "users"
    FOR EACH ROW WHEN (
        NEW.search_text IS NOT DISTINCT FROM OLD.search_text
        AND (NEW.username, NEW.email, NEW.first_name, NEW.last_name)
            IS DISTINCT FROM (OLD.username, OLD.email, OLD.first_name, OLD.last_name)
    ) EXECUTE FUNCTION empty_search_text();

-- Room for new versions of a row in its own page: a login, which changes no indexed column, then touches no index.
ALTER TABLE "users" SET (fillfactor = 90);
