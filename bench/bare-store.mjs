// The bare server's SQL. Each statement has a name, so that PostgreSQL parses it once per connection. Each is also a
// complete unit of work, so that a change and its audit entry commit together in one round trip.
import pg from 'pg';

const COLUMNS = `id, username, email, first_name AS "firstName", last_name AS "lastName", phone_number AS "phoneNumber",
  date_of_birth::text AS "dateOfBirth", profile_picture_url AS "profilePictureUrl", bio, status,
  is_active AS "isActive", email_verified AS "emailVerified", roles, version, created_at AS "createdAt",
  updated_at AS "updatedAt", last_login AS "lastLogin"`;
const SESSION = `id, user_id AS "userId", token_id AS "tokenId", token_issued_at AS "tokenIssuedAt"`;
const NOT_DELETED = 'deleted_at IS NULL';
const NEWEST_FIRST = 'ORDER BY created_at DESC, id DESC LIMIT $1';

const STATEMENTS = {
  findUser: `SELECT ${COLUMNS} FROM users WHERE id = $1 AND ${NOT_DELETED}`,
  findCredentials: `SELECT id, password_hash AS "passwordHash" FROM users WHERE email_lower = lower($1) AND ${NOT_DELETED}`,
  list: `
    SELECT ${COLUMNS}, (SELECT sum(users)::int FROM user_totals WHERE status <> 'deleted') AS total
    FROM users WHERE ${NOT_DELETED} ${NEWEST_FIRST}`,
  search: `
    SELECT ${COLUMNS}, (SELECT count(*)::int FROM users WHERE ${NOT_DELETED} AND search_text LIKE $2) AS total
    FROM users WHERE ${NOT_DELETED} AND search_text LIKE $2 ${NEWEST_FIRST}`,
  updateBio: `
    WITH changed AS (
      UPDATE users SET bio = $2, version = version + 1, updated_at = now() WHERE id = $1 AND ${NOT_DELETED}
      RETURNING ${COLUMNS}
    ), audit AS (
      INSERT INTO bare_audit_entries (action, user_id, ip, changes)
      SELECT 'user.updated', id, $3, jsonb_build_object('bio', bio) FROM changed
    ) SELECT * FROM changed`,
  register: `
    WITH added AS (
      INSERT INTO users (id, username, username_lower, email, email_lower, password_hash, first_name, last_name,
        last_name_lower, search_text)
      SELECT $1::uuid, name, lower(name), email, lower(email), $4, first, last, lower(last),
        lower(concat_ws(E'\\n', name, email, first, last))
      FROM (VALUES ($2::text, $3::text, $5::text, $6::text)) AS sent (name, email, first, last) RETURNING ${COLUMNS}
    ), audit AS (
      INSERT INTO bare_audit_entries (action, user_id, ip) SELECT 'user.created', id, $7 FROM added
    ) SELECT * FROM added`,
  logIn: `
    WITH member AS (
      UPDATE users SET last_login = now() WHERE id = $1 AND password_hash = $2 AND status = 'active'
      RETURNING ${COLUMNS}
    ), session AS (
      INSERT INTO sessions (id, user_id, ip, user_agent, token_id, token_issued_at, expires_at, ends_at)
      SELECT $3, id, $4, $5, $6, $7, now() + interval '7 days', now() + interval '30 days' FROM member
    ), audit AS (
      INSERT INTO bare_audit_entries (action, user_id, ip) SELECT 'session.created', id, $4 FROM member
    ) SELECT * FROM member`,
  rotate: `
    UPDATE sessions SET parent_token_id = token_id, token_id = $3, token_issued_at = now(), last_used_at = now(),
      expires_at = LEAST(now() + interval '7 days', ends_at)
    WHERE id = $1 AND token_id = $2 AND ended_at IS NULL AND expires_at > now() RETURNING ${SESSION}`,
};

export class Store {
  constructor(connectionString, poolSize) {
    this.pool = new pg.Pool({ connectionString, max: poolSize, application_name: 'bare-fastify' });
    /** Cached profiles by user id; a change removes the user's profile. */
    this.profiles = new Map();
  }

  async rows(name, values) {
    const { rows } = await this.pool.query({ name, text: STATEMENTS[name], values });
    return rows;
  }

  async row(name, values) {
    return (await this.rows(name, values))[0];
  }

  async profile(id) {
    const cached = this.profiles.get(id);
    if (cached !== undefined) return cached;
    const user = await this.row('findUser', [id]);
    if (user !== undefined) this.profiles.set(id, user);
    return user;
  }

  async updateBio(id, bio, ip) {
    const user = await this.row('updateBio', [id, bio, ip]);
    this.profiles.delete(id);
    return user;
  }

  async logIn(credentials, session, ip, userAgent) {
    const { id, tokenId, tokenIssuedAt } = session;
    const user = await this.row('logIn', [
      credentials.id,
      credentials.passwordHash,
      id,
      ip,
      userAgent,
      tokenId,
      tokenIssuedAt,
    ]);
    this.profiles.delete(credentials.id);
    return user;
  }

  async close() {
    await this.pool.end();
  }
}
