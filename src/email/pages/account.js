// Sends the token of the page's address when the person presses the button, and not before: mail scanners open links.
const { action, api } = document.body.dataset;
const texts = JSON.parse(document.body.dataset.texts);
const token = new URLSearchParams(location.hash.slice(1)).get('token');
const [title, form, password, show, refusal, send, problem] = [
  'title',
  'form',
  'password',
  'show',
  'refusal',
  'send',
  'problem',
].map((id) => document.getElementById(id));

/** What each route takes. */
const BODIES = {
  'reset-password': () => ({ resetToken: token, newPassword: password.value }),
  'verify-email': () => ({ token }),
  'accept-invitation': () => ({ token, password: password.value }),
};

/** Shows one text in place of the form. */
function end(text) {
  form.hidden = true;
  problem.textContent = text;
}

function succeed() {
  form.hidden = true;
  title.textContent = texts.done;
  title.tabIndex = -1;
  title.focus();
  // The token is used up: the address should not look as if it still worked.
  history.replaceState(null, '', `${location.pathname}#done`);
}

/** In the API's own words, unless the page has words in its language. */
function refuse(text, ofPassword) {
  refusal.textContent = text;
  if (!ofPassword || password === null) return;
  password.setAttribute('aria-invalid', 'true');
  password.focus();
}

async function submit() {
  const response = await fetch(`${api}/auth/${action}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(BODIES[action]()),
  });
  if (response.ok) return succeed();
  const { error } = await response.json();
  if (response.status === 401) return end([texts.api ? `${error.message}.` : '', texts.expired].join(' ').trim());
  const [fault] = error.details ?? [];
  const own = texts.refusals[response.status === 429 ? 'too_many_requests' : fault?.rule];
  return refuse(own ?? fault?.message ?? error.message, response.status === 400);
}

/** One at a time: a second press would find the token used up. */
async function sendOnce() {
  if (send.getAttribute('aria-disabled') === 'true') return;
  send.setAttribute('aria-disabled', 'true');
  refusal.textContent = '';
  password?.removeAttribute('aria-invalid');
  try {
    await submit();
  } catch {
    refuse(texts.unreachable, false);
  }
  send.setAttribute('aria-disabled', 'false');
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void sendOnce();
});
show?.addEventListener('change', () => {
  password.type = show.checked ? 'text' : 'password';
});
// Another link of this page, opened in the same tab, changes only the fragment.
window.addEventListener('hashchange', () => location.reload());

if (location.hash === '#done') title.textContent = texts.done;
else if (token === null || token === '') end(texts.noToken);
else form.hidden = false;
