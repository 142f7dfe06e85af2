// The requests that both servers receive. A scenario prepares a round and returns a function that gives each connection
// either one fixed `request`, or `next()`, which creates a request. `received(body)` is called with each answer.
import { randomBytes } from 'node:crypto';
import { ADMIN, emailOf, idOf, PASSWORD } from './seed.mjs';

export const CONNECTIONS = 16;
const BASE_PATH = '/api/v1';
const FIRST_USER = ADMIN + 1;
/** `registered` and `runId` make the names of new accounts unique over all rounds and both servers. */
let registered = 0;
const runId = randomBytes(3).toString('hex');

const get = (path, token) => ({ method: 'GET', path: BASE_PATH + path, headers: authorization(token) });
const send = (method, path, body, token) => ({
  method,
  path: BASE_PATH + path,
  headers: { 'content-type': 'application/json', ...authorization(token) },
  body: JSON.stringify(body),
});
const logInRequest = (number) => send('POST', '/auth/login', { email: emailOf(number), password: PASSWORD });

function authorization(token) {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

/** @returns the answer's data: the user, an access token and a refresh token */
async function logIn(server, number) {
  const { method, path, headers, body } = logInRequest(number);
  const answer = await fetch(server.url + path, { method, headers, body });
  if (answer.status !== 200) throw new Error(`${server.name} answered ${answer.status} to a login`);
  return (await answer.json()).data;
}

/** Logs in the admin and one user per connection, through the server's API. */
export async function mintTokens(server) {
  server.adminToken = (await logIn(server, ADMIN)).accessToken;
  const users = Array.from({ length: CONNECTIONS }, (_, index) => logIn(server, FIRST_USER + index));
  server.tokens = (await Promise.all(users)).map(({ accessToken }) => accessToken);
}

/** @returns a function that counts from `first` to `last` and then starts again */
function cycle(first, last) {
  let number = last;
  return () => {
    number = number >= last ? first : number + 1;
    return number;
  };
}

const me = {
  name: 'me',
  title: 'own profile, cached',
  status: 200,
  prepare: (server) => (index) => ({ request: get('/users/me', server.tokens[index]) }),
};

const login = {
  name: 'login',
  title: 'login',
  status: 200,
  prepare: (_server, { users }) => {
    const number = cycle(FIRST_USER, users);
    return () => ({ next: () => logInRequest(number()) });
  },
};

/** Bursts of logins at fixed intervals, even if the server has not finished the previous burst. */
const flood = {
  ...login,
  name: 'flood',
  burst: { size: 200, everyMs: 2_000 },
};

export const SCENARIOS = [
  {
    name: 'constant',
    title: 'constant route',
    status: 200,
    prepare: () => () => ({ request: get('/health/live') }),
  },
  me,
  {
    name: 'user-by-id',
    title: 'user by id, uncached',
    status: 200,
    async prepare(server, { users, stop }) {
      await server.clearProfiles();
      let number = 0;
      // The load takes a moment to stop, so the last tenth of the users is left for the requests sent meanwhile.
      const stopAt = Math.floor(users * 0.9);
      return () => ({
        next() {
          number = Math.min(number + 1, users);
          if (number === stopAt) stop();
          return get(`/users/${idOf(number)}`, server.adminToken);
        },
      });
    },
  },
  {
    name: 'list',
    title: 'list of 20',
    status: 200,
    prepare: (server) => () => ({ request: get('/users?limit=20', server.adminToken) }),
  },
  {
    name: 'search',
    title: 'search',
    status: 200,
    // Searches for three digits; user names end in six. With 20,000 users, about 20 to 60 match.
    prepare(server) {
      const number = cycle(100, 999);
      return () => ({ next: () => get(`/users?search=${number()}&limit=20`, server.adminToken) });
    },
  },
  {
    name: 'update',
    title: 'update of the own bio',
    status: 200,
    prepare(server) {
      let number = 0;
      return (index) => ({
        next() {
          number += 1;
          return send('PATCH', '/users/me', { bio: `Writes about engine ${number}.` }, server.tokens[index]);
        },
      });
    },
  },
  login,
  {
    name: 'register',
    title: 'registration',
    status: 201,
    prepare: () => () => ({
      next() {
        registered += 1;
        const username = `new${runId}x${registered}`;
        const names = { firstName: 'Charles', lastName: 'Babbage' };
        return send('POST', '/users', { username, email: `${username}@example.com`, password: PASSWORD, ...names });
      },
    }),
  },
  {
    name: 'refresh',
    title: 'refresh of tokens',
    status: 200,
    // Each round needs new sessions, because the end of a round cuts off answers that carry the current refresh tokens.
    async prepare(server) {
      const logins = Array.from({ length: CONNECTIONS }, (_, index) => logIn(server, FIRST_USER + index));
      const current = (await Promise.all(logins)).map(({ refreshToken }) => refreshToken);
      return (index) => ({
        next: () => send('POST', '/auth/refresh', { refreshToken: current[index] }),
        received(body) {
          current[index] = JSON.parse(body).data?.refreshToken;
        },
      });
    },
  },
  {
    ...me,
    name: 'me-under-flood',
    title: 'own profile at 100/s, under 200 logins at once',
    requestsPerSecond: 100,
    concurrent: flood,
    maxP99Ratio: 1.5,
  },
];
