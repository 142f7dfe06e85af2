// What is asked of both servers. A scenario prepares a round and gives each connection its source of requests:
// `next()` makes one, `received(body)` sees its answer.
import { randomBytes } from 'node:crypto';
import { ADMIN, emailOf, idOf, PASSWORD } from './seed.mjs';

export const CONNECTIONS = 16;
const BASE_PATH = '/api/v1';
const FIRST_USER = ADMIN + 1;
/** Keeps the names of new accounts apart, over all rounds and both servers. */
let made = 0;
const run = randomBytes(3).toString('hex');

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

/** @returns the data of the answer: the user and a pair of tokens */
async function logIn(server, number) {
  const { method, path, headers, body } = logInRequest(number);
  const answer = await fetch(server.url + path, { method, headers, body });
  if (answer.status !== 200) throw new Error(`A login at ${server.name} was answered ${answer.status}`);
  return (await answer.json()).data;
}

/** Logs in the admin and a user for each connection, by the server's own API. */
export async function mintTokens(server) {
  server.adminToken = (await logIn(server, ADMIN)).accessToken;
  const users = Array.from({ length: CONNECTIONS }, (_, index) => logIn(server, FIRST_USER + index));
  server.tokens = (await Promise.all(users)).map(({ accessToken }) => accessToken);
}

/** Counts up from `first` to `last`, and round again. */
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

/** So many logins at once, again and again, however far the server is with those before. */
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
      await server.forgetProfiles();
      let number = 0;
      // The last tenth is for the requests of the moment until the load has stopped.
      const enough = Math.floor(users * 0.9);
      return () => ({
        next() {
          number = Math.min(number + 1, users);
          if (number === enough) stop();
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
    // Three digits in a name of six: some twenty to sixty of 20,000 users.
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
        made += 1;
        const username = `new${run}x${made}`;
        const names = { firstName: 'Charles', lastName: 'Babbage' };
        return send('POST', '/users', { username, email: `${username}@example.com`, password: PASSWORD, ...names });
      },
    }),
  },
  {
    name: 'refresh',
    title: 'refresh of tokens',
    status: 200,
    // New sessions each round: the answers that the end of the last round cut off held the tokens that go on.
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
    beside: flood,
    maxP99Ratio: 1.5,
  },
];
