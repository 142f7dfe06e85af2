// The baseline: the scenarios' routes written by hand on bare Fastify, as fast as is reasonable. It has no framework,
// ORM, log or rate limit, and does not check the session on reads. Its cache is in the process, so it can run only as a
// single instance.
import { availableParallelism } from 'node:os';
import { randomBytes, randomUUID } from 'node:crypto';
import process from 'node:process';
import { hash, verify } from '@node-rs/argon2';
import { createSigner, createVerifier } from 'fast-jwt';
import Fastify from 'fastify';
import * as schemas from './bare-schemas.mjs';
import { Store } from './bare-store.mjs';
import { ARGON2 } from './seed.mjs';

const BASE_PATH = '/api/v1';
const ACCESS_TTL_SECONDS = 3_600;
const REFRESH_TTL_SECONDS = 7 * 86_400;
const UNIQUE_VIOLATION = '23505';
const issuerAndAudience = { iss: 'bare-fastify', aud: 'bare-fastify' };

const { PORT, DATABASE_URL, POOL_SIZE, JWT_SECRET, JWT_REFRESH_SECRET } = process.env;
const store = new Store(DATABASE_URL, Number(POOL_SIZE));

const tokenCodec = (key, typ) => ({
  sign: createSigner({ key, algorithm: 'HS256', header: { typ } }),
  verify: createVerifier({
    key,
    algorithms: ['HS256'],
    checkTyp: typ,
    allowedIss: issuerAndAudience.iss,
    allowedAud: issuerAndAudience.aud,
    requiredClaims: ['sub', 'sid', 'jti', 'exp'],
  }),
});
const access = tokenCodec(JWT_SECRET, 'at+jwt');
const refresh = tokenCodec(JWT_REFRESH_SECRET, 'rt+jwt');

class HttpError extends Error {
  constructor(statusCode, message) {
    super(message);
    this.statusCode = statusCode;
  }
}

/** Runs one hash per core at a time: more would only wait for memory. */
const waitingForCore = [];
let freeCores = availableParallelism();
async function withFreeCore(work) {
  if (freeCores > 0) freeCores -= 1;
  else await new Promise((resolve) => void waitingForCore.push(resolve));
  try {
    return await work();
  } finally {
    const next = waitingForCore.shift();
    if (next === undefined) freeCores += 1;
    else next();
  }
}

/** A UUID version 7 (RFC 9562): its leading timestamp keeps new rows close together in the index. */
function newId() {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = (bytes[6] & 0x0f) | 0x70;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function issueTokens({ id: sid, tokenId, tokenIssuedAt }, sub, roles) {
  const iat = Math.floor(tokenIssuedAt.getTime() / 1_000);
  const claims = { sub, sid, roles, iat, ...issuerAndAudience };
  return {
    accessToken: access.sign({ ...claims, jti: randomUUID(), exp: iat + ACCESS_TTL_SECONDS }),
    refreshToken: refresh.sign({ ...claims, jti: tokenId, exp: iat + REFRESH_TTL_SECONDS }),
    tokenType: 'Bearer',
    expiresIn: ACCESS_TTL_SECONDS,
    refreshExpiresIn: REFRESH_TTL_SECONDS,
    sessionId: sid,
  };
}

function readToken(codec, token) {
  try {
    return codec.verify(token);
  } catch {
    throw new HttpError(401, 'Invalid token');
  }
}

async function authenticate(request) {
  const { authorization = '' } = request.headers;
  if (!authorization.startsWith('Bearer ')) throw new HttpError(401, 'No token');
  request.claims = readToken(access, authorization.slice('Bearer '.length));
}

async function admin({ claims }) {
  if (!claims.roles.includes('admin')) throw new HttpError(403, 'Forbidden');
}

function targetId({ params, claims }) {
  if (params.id === 'me') return claims.sub;
  if (params.id !== claims.sub && !claims.roles.includes('admin')) throw new HttpError(403, 'Forbidden');
  return params.id;
}

function withETag(reply, user) {
  if (user === undefined) throw new HttpError(404, 'User not found');
  reply.header('etag', `"${user.version}"`);
  return { user };
}

const success = (data, message) => ({ success: true, data, message });

const app = Fastify({ logger: false });
app.decorateRequest('claims', null);
app.addHook('onRequest', (_request, reply, done) => {
  reply.header('cache-control', 'no-store');
  done();
});

app.get(`${BASE_PATH}/health/live`, { schema: schemas.health }, async () => ({ status: 'ok' }));

app.get(`${BASE_PATH}/users/:id`, { schema: schemas.oneUser, onRequest: authenticate }, async (request, reply) =>
  success(withETag(reply, await store.profile(targetId(request)))),
);

app.get(`${BASE_PATH}/users`, { schema: schemas.listUsers, onRequest: [authenticate, admin] }, async ({ query }) => {
  const { limit, search } = query;
  const users = await (search === undefined
    ? store.rows('list', [limit])
    : store.rows('search', [limit, `%${search.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`]));
  const totalItems = users[0]?.total ?? 0;
  const last = users.at(-1);
  const hasNext = totalItems > limit;
  const pagination = {
    currentPage: 1,
    perPage: limit,
    totalPages: Math.ceil(totalItems / limit),
    totalItems,
    hasNext,
    hasPrevious: false,
    nextCursor: hasNext ? Buffer.from(`${last.createdAt.toISOString()} ${last.id}`).toString('base64url') : null,
    previousCursor: null,
  };
  return success({ users, pagination });
});

app.patch(`${BASE_PATH}/users/:id`, { schema: schemas.updateUser, onRequest: authenticate }, async (request, reply) =>
  success(
    withETag(reply, await store.updateBio(targetId(request), request.body.bio, request.ip)),
    'User updated successfully',
  ),
);

app.post(`${BASE_PATH}/users`, { schema: schemas.register }, async ({ body, ip }, reply) => {
  const { username, email, password, firstName = null, lastName = null } = body;
  const passwordHash = await withFreeCore(() => hash(password, ARGON2));
  try {
    const values = [newId(), username, email, passwordHash, firstName, lastName, ip];
    const user = await store.row('register', values);
    reply.code(201).header('location', `${BASE_PATH}/users/${user.id}`);
    return success(withETag(reply, user), 'User created successfully');
  } catch (error) {
    if (error.code === UNIQUE_VIOLATION) throw new HttpError(409, 'Taken');
    throw error;
  }
});

app.post(`${BASE_PATH}/auth/login`, { schema: schemas.login }, async ({ body, headers, ip }) => {
  const credentials = await store.row('findCredentials', [body.email]);
  // A real server would hash a decoy for an unknown email, to take the same time; the scenarios send only known ones.
  const matches =
    credentials !== undefined && (await withFreeCore(() => verify(credentials.passwordHash, body.password)));
  if (!matches) throw new HttpError(401, 'Invalid credentials');
  const session = { id: newId(), tokenId: randomUUID(), tokenIssuedAt: new Date() };
  const user = await store.logIn(credentials, session, ip, headers['user-agent']);
  if (user === undefined) throw new HttpError(401, 'Invalid credentials');
  return success({ user, ...issueTokens(session, user.id, user.roles) });
});

app.post(`${BASE_PATH}/auth/refresh`, { schema: schemas.refresh }, async ({ body }) => {
  const { sid, jti, roles } = readToken(refresh, body.refreshToken);
  const session = await store.row('rotate', [sid, jti, randomUUID()]);
  if (session === undefined) throw new HttpError(401, 'Invalid token');
  return success(issueTokens(session, session.userId, roles));
});

async function stop() {
  await app.close();
  await store.close();
  process.exit(0);
}

// The scenario for uncached reads clears the cache before each round.
process.on('message', (message) => {
  if (message !== 'clear profiles') return;
  store.profiles.clear();
  process.send('cleared');
});
process.once('disconnect', () => void stop());
process.once('SIGTERM', () => void stop());
process.once('SIGINT', () => undefined); // Ctrl+C reaches this process too, but its parent stops it.

await app.listen({ port: Number(PORT), host: '127.0.0.1' });
