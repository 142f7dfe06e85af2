// Sends the token of the page's address when the person presses the button, and not before: mail scanners open links.
const { action, api, expired, noToken, unreachable } = document.body.dataset;
const token = new URLSearchParams(location.hash.slice(1)).get('token');
const [form, password, send, message, done] = ['form', 'password', 'send', 'message', 'done'].map((id) =>
  document.getElementById(id),
);
const takesPassword = action !== 'verify-email';

/** What each route takes. */
const BODIES = {
  'reset-password': () => ({ resetToken: token, newPassword: password.value }),
  'verify-email': () => ({ token }),
  'accept-invitation': () => ({ token, password: password.value }),
};

function fail(text) {
  message.textContent = text;
  if (takesPassword) password.setAttribute('aria-invalid', 'true');
}

function end() {
  form.hidden = true;
  done.textContent = done.dataset.text;
  done.focus();
  // The token is used up: a copy of the address should not look as if it still worked.
  history.replaceState(null, '', location.pathname);
}

/** The API's own words: of each field, or of the whole. */
async function textOf(response) {
  const { error } = await response.json();
  const text = error.details?.map((detail) => detail.message).join('. ') ?? error.message;
  return response.status === 401 ? `${text}. ${expired}` : text;
}

async function submit() {
  const response = await fetch(`${api}/auth/${action}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(BODIES[action]()),
  });
  if (response.ok) end();
  else fail(await textOf(response));
}

document.getElementById('password-field').hidden = !takesPassword;
document.getElementById('show').addEventListener('change', (event) => {
  password.type = event.target.checked ? 'text' : 'password';
});

/** One at a time: a second press would find the token used up. */
async function sendOnce() {
  if (send.getAttribute('aria-disabled') === 'true') return;
  send.setAttribute('aria-disabled', 'true');
  message.textContent = '';
  password.removeAttribute('aria-invalid');
  try {
    await submit();
  } catch {
    fail(unreachable);
  }
  send.setAttribute('aria-disabled', 'false');
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void sendOnce();
});

if (token === null || token === '') {
  form.hidden = true;
  message.textContent = noToken;
}
