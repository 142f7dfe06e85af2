// The explorer's own part: a login whose refresh token is in a cookie that no script can read. The access token is in memory
// only, so a reload asks for another one.
const { api } = document.body.dataset;
const base = new URL(`${api}/`, new URL('docs', document.baseURI)).href.replace(/\/$/, '');
/** Set while a login lasts: without it, a page that is opened asks for no token. It holds nothing else. */
const LOGGED_IN = 'explorer.logged-in';
/** How long (seconds) before its end an access token is replaced. */
const EARLY_SECONDS = 30;
/** Longer timers overflow (milliseconds). */
const LONGEST_TIMER_MS = 2_147_483_647;

const element = (id) => document.getElementById(id);
let accessToken;
let renewal;

async function send(method, path, { body, headers = {} } = {}) {
  const response = await fetch(base + path, {
    method,
    credentials: 'include',
    headers: {
      'x-requested-with': 'explorer',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const content = response.status === 204 ? undefined : await response.json();
  return { status: response.status, content };
}

function keep({ accessToken: token, expiresIn }) {
  accessToken = token;
  localStorage.setItem(LOGGED_IN, '1');
  clearTimeout(renewal);
  const seconds = Math.max(1, expiresIn - EARLY_SECONDS);
  renewal = setTimeout(() => void renew(), Math.min(seconds * 1_000, LONGEST_TIMER_MS));
}

function forget() {
  accessToken = undefined;
  clearTimeout(renewal);
  localStorage.removeItem(LOGGED_IN);
  show(undefined);
}

/** Exchanges the cookie for the next tokens. An outage changes nothing: the next try may work. */
async function renew() {
  const { status, content } = await send('POST', '/auth/refresh').catch(() => ({ status: 503 }));
  if (status === 200) keep(content.data);
  else if (status === 401) forget();
  else renewal = setTimeout(() => void renew(), EARLY_SECONDS * 1_000);
}

/** @param username of the user who is logged in */
function show(username) {
  element('who').textContent = username === undefined ? '' : username;
  element('open-login').hidden = username !== undefined;
  element('my-profile').hidden = username === undefined;
  element('log-out').hidden = username === undefined;
}

function asText(value) {
  if (Array.isArray(value)) return value.join(', ');
  return value !== null && typeof value === 'object' ? JSON.stringify(value) : String(value ?? '–');
}

async function showProfile() {
  const { status, content } = await send('GET', '/users/me');
  if (status !== 200) return status === 401 ? forget() : undefined;
  const fields = Object.entries(content.data.user).flatMap(([name, value]) => {
    const [term, text] = [document.createElement('dt'), document.createElement('dd')];
    term.textContent = name;
    text.textContent = asText(value);
    return [term, text];
  });
  element('fields').replaceChildren(...fields);
  element('profile').showModal();
  return undefined;
}

async function logIn() {
  const name = element('name').value.trim();
  const body = { [name.includes('@') ? 'email' : 'username']: name, password: element('password').value };
  const headers = { 'x-refresh-token-delivery': 'cookie' };
  element('login-error').textContent = '';
  try {
    const { status, content } = await send('POST', '/auth/login', { body, headers });
    if (status !== 200) throw new Error(content.error.details?.[0]?.message ?? content.error.message);
    keep(content.data);
    show(content.data.user.username);
    element('login-form').reset();
    element('login').close();
    element('my-profile').focus();
  } catch (error) {
    element('login-error').textContent =
      error instanceof TypeError ? 'The server could not be reached. Please try again.' : error.message;
    element('password').focus();
  }
}

async function logOut() {
  await send('POST', '/auth/logout').catch(() => undefined);
  forget();
  element('open-login').focus();
}

async function start() {
  if (localStorage.getItem(LOGGED_IN) === null) return show(undefined);
  await renew();
  if (accessToken === undefined) return show(undefined);
  const { status, content } = await send('GET', '/users/me');
  return status === 200 ? show(content.data.user.username) : forget();
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
      if (accessToken !== undefined && request.url.startsWith(base)) {
        request.headers.Authorization ??= `Bearer ${accessToken}`;
      }
      return request;
    },
    responseInterceptor: (response) => {
      if (response.ok && response.url.endsWith('/auth/logout')) forget();
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
element('login-form').addEventListener('submit', (event) => {
  event.preventDefault();
  void logIn();
});
element('my-profile').addEventListener('click', () => void showProfile());
element('close-profile').addEventListener('click', () => element('profile').close());
element('log-out').addEventListener('click', () => void logOut());

followColorScheme();
new MutationObserver(completeNames).observe(element('swagger-ui'), { childList: true, subtree: true });
openOperations();
await start();
