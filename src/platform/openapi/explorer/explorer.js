// The explorer's own part: a login whose refresh token is in a cookie that no script can read. The access token is in memory
// only, so a reload asks for another one.
const { api } = document.body.dataset;
const base = new URL(`${api}/`, new URL('docs', document.baseURI)).href.replace(/\/$/, '');
/** Set while a login lasts: without it, a page that is opened asks for no token. It holds nothing else. */
const LOGGED_IN = 'explorer.logged-in';
/** The pause (seconds) between two renewals, at least. */
const PAUSE_SECONDS = 5;
/** After this (milliseconds), a request counts as not answered. */
const TIMEOUT_MS = 15_000;
/** Longer timers overflow (milliseconds). */
const LONGEST_TIMER_MS = 2_147_483_647;

const element = (id) => document.getElementById(id);
/**
 * This tab's login: `accessToken`, `sessionId` and `username`. `undefined` without one, and empty until the server has said
 * whose it is. Each change replaces it.
 */
let login;
/** What went wrong last. */
let notice = '';
let renewal;

/** @returns the `status` (0 without an answer), the `data` of an answer of the API, and the `reason` for a failure */
async function send(method, path, { token, body, headers = {} } = {}) {
  try {
    const response = await fetch(base + path, {
      method,
      credentials: 'include',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: {
        'x-requested-with': 'explorer',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const { status } = response;
    // A proxy may answer with a page.
    const { data, error } = (await response.json().catch(() => undefined)) ?? {};
    const reason = error?.details?.[0]?.message ?? error?.message ?? `The server answered with status ${status}.`;
    return { status, data, reason };
  } catch {
    return { status: 0, reason: 'The server could not be reached.' };
  }
}

function hasFlag() {
  try {
    return localStorage.getItem(LOGGED_IN) !== null;
  } catch {
    return false; // The browser blocks the site's data.
  }
}

function setFlag(isLoggedIn) {
  try {
    if (isLoggedIn) localStorage.setItem(LOGGED_IN, '1');
    else localStorage.removeItem(LOGGED_IN);
  } catch {
    // Without it, a reload ends the login.
  }
}

/** Shows the login and the notice. */
function show() {
  const { username } = login ?? {};
  write('who', username ?? '');
  write('notice', notice);
  element('open-login').hidden = username !== undefined;
  element('my-profile').hidden = username === undefined;
  element('log-out').hidden = login === undefined;
}

/** A screen reader reads what is written, also when it is the same again. */
function write(id, text) {
  if (element(id).textContent !== text) element(id).textContent = text;
}

function say(words) {
  notice = words;
  show();
}

/** @param seconds until the next renewal */
function change(next, words = '', seconds = PAUSE_SECONDS) {
  clearTimeout(renewal);
  if (next !== undefined) renewal = setTimeout(() => void renew(), Math.min(seconds * 1_000, LONGEST_TIMER_MS));
  if (next?.sessionId !== login?.sessionId) element('profile').close();
  login = next;
  say(words);
}

/** Renews the tokens after half of their time. */
function keep({ accessToken, sessionId, expiresIn }, username) {
  setFlag(true);
  change({ accessToken, sessionId, username }, '', Math.max(expiresIn / 2, PAUSE_SECONDS));
}

function end() {
  setFlag(false);
  change(undefined);
}

/**
 * Exchanges the cookie for the next tokens. Where another tab has logged in, they are another user's, whose name is read
 * before they replace this login's. Only a 401 ends the login.
 */
async function renew() {
  clearTimeout(renewal);
  const before = login;
  let { username } = before ?? {};
  let { status, data: tokens } = await send('POST', '/auth/refresh');
  if (tokens !== undefined && tokens.sessionId !== before?.sessionId) {
    const me = await send('GET', '/users/me', { token: tokens.accessToken });
    ({ status } = me);
    username = me.data?.user.username;
  }
  if (login !== before) return; // Logged in or out meanwhile.
  if (status === 401) end();
  else if (tokens === undefined || username === undefined) {
    change(before ?? {}, 'The server does not answer. Trying again.');
  } else keep(tokens, username);
}

function asText(value) {
  if (Array.isArray(value)) return value.join(', ');
  return value !== null && typeof value === 'object' ? JSON.stringify(value) : String(value ?? '–');
}

async function showProfile() {
  const { sessionId, accessToken: token } = login;
  const { status, data, reason } = await send('GET', '/users/me', { token });
  if (login?.sessionId !== sessionId) return;
  if (status === 401) await renew();
  else if (data === undefined) say(reason);
  else {
    const fields = Object.entries(data.user).flatMap(([name, value]) => {
      const [term, text] = [document.createElement('dt'), document.createElement('dd')];
      term.textContent = name;
      text.textContent = asText(value);
      return [term, text];
    });
    element('fields').replaceChildren(...fields);
    element('profile').showModal();
    say('');
  }
}

async function logIn() {
  const name = element('name').value.trim();
  const body = { [name.includes('@') ? 'email' : 'username']: name, password: element('password').value };
  const headers = { 'x-refresh-token-delivery': 'cookie' };
  write('login-error', '');
  const { data, reason } = await send('POST', '/auth/login', { body, headers });
  if (data === undefined) {
    write('login-error', reason);
    element('password').focus();
  } else {
    keep(data, data.user.username);
    element('login').close();
    element('my-profile').focus();
  }
}

async function logOut() {
  const { sessionId, accessToken: token } = login;
  let { status } = await send('POST', '/auth/logout', { token });
  if (status === 401) {
    // The access token has expired, or another tab has logged in as another user, who stays logged in.
    await renew();
    if (login !== undefined && login.sessionId === sessionId) {
      ({ status } = await send('POST', '/auth/logout', { token: login.accessToken }));
    }
  }
  if (status === 204) end();
  else if (login?.sessionId === sessionId) say('Not logged out: the server did not answer. Try again.');
  if (login === undefined) element('open-login').focus();
}

/** In place of a component of Swagger UI. */
const none = () => () => null;

/** Swagger UI without its own authorization: the login above takes its place. */
function openOperations() {
  SwaggerUIBundle({
    url: new URL('openapi.json', document.baseURI).href,
    dom_id: '#swagger-ui',
    presets: [SwaggerUIBundle.presets.apis],
    plugins: [
      ({ React }) => ({
        wrapComponents: {
          authorizeBtn: none,
          authorizeOperationBtn: none,
          // A link inside the button that opens an operation cannot be reached.
          DeepLink:
            () =>
            ({ text, children }) =>
              React.createElement('span', null, text ?? children),
        },
      }),
    ],
    layout: 'BaseLayout',
    deepLinking: true,
    displayRequestDuration: true,
    tryItOutEnabled: true,
    defaultModelsExpandDepth: -1,
    syntaxHighlight: false,
    validatorUrl: null,
    requestInterceptor: (request) => {
      if (login?.accessToken !== undefined && request.url.startsWith(base)) {
        request.headers.Authorization ??= `Bearer ${login.accessToken}`;
      }
      return request;
    },
    responseInterceptor: (response) => {
      if (response.ok && response.url.endsWith('/auth/logout')) end();
      return response;
    },
  });
}

/** Names what Swagger UI leaves without a name, and lets the keyboard scroll what it scrolls. */
function completeNames() {
  for (const area of document.querySelectorAll('.body-param__text')) area.ariaLabel ??= 'Request body';
  for (const field of document.querySelectorAll('.parameters select, .content-type-wrapper select, .content-type')) {
    const name = field.closest('tr')?.querySelector('.parameter__name')?.firstChild?.textContent;
    field.ariaLabel ??= name?.trim() || 'Content type';
  }
  for (const button of document.querySelectorAll('.expand-operation')) {
    button.ariaLabel = `Operations of ${button.closest('.opblock-tag').dataset.tag}`;
  }
  for (const code of document.querySelectorAll('.swagger-ui pre:not(.version), .swagger-ui .table-container')) {
    code.tabIndex = 0;
  }
}

function followColorScheme() {
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const apply = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
  dark.addEventListener('change', apply);
  apply();
}

element('open-login').addEventListener('click', () => {
  element('login').showModal();
  element('name').focus();
});
element('close-login').addEventListener('click', () => element('login').close());
element('login').addEventListener('close', () => {
  element('login-form').reset();
  write('login-error', '');
});
element('login-form').addEventListener('submit', (event) => {
  event.preventDefault();
  void logIn();
});
element('my-profile').addEventListener('click', () => void showProfile());
element('close-profile').addEventListener('click', () => element('profile').close());
element('log-out').addEventListener('click', () => void logOut());

// Another tab has logged in or out.
window.addEventListener('storage', ({ key, newValue }) => {
  if (key !== LOGGED_IN) return;
  if (newValue === null) change(undefined);
  else void renew();
});

followColorScheme();
new MutationObserver(completeNames).observe(element('swagger-ui'), { childList: true, subtree: true });
openOperations();
if (hasFlag()) await renew();
else show();
