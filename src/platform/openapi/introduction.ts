/** The groups of operations, in the order in which a newcomer meets them. */
export const TAGS = [
  { name: 'Auth', description: 'Log in and out, exchange tokens, set a forgotten password, accept an invitation.' },
  { name: 'Users', description: 'Register, read, change and delete accounts. `me` stands for your own id.' },
  { name: 'Sessions', description: 'Where a user is logged in, and how to end it.' },
  {
    name: 'User administration',
    description: 'What operators do to accounts: status, roles, verified emails, resets.',
  },
  { name: 'Roles', description: 'Sets of permissions, which users hold by their roles.' },
  { name: 'Audit', description: 'Who did what, when and from where; the log verifies itself.' },
  { name: 'Health', description: 'For load balancers and monitoring; not counted by the rate limit.' },
];

/** The start page of the explorer, and of what is generated from the description. */
export const INTRODUCTION = `Accounts, logins and sessions.

**Begin** with the button *Log in* of the explorer, or send \`POST /auth/login\` and put the access token into \`Authorization: Bearer …\`. Then
\`GET /users/me\` is your profile. An access token is good for an hour, unless the operator chose otherwise; \`POST /auth/refresh\` exchanges the refresh token for the next pair, once.

**Answers** are \`{ success, data, message? }\`, failures \`{ success, error: { code, message, reason?, details?, timestamp, requestId } }\`.
\`code\` is for programs, \`details\` names each field that is wrong. Every answer has an \`X-Request-Id\`, which is in the log too; a request may bring its own, of 8 to 128 letters, digits, dots,
underscores and hyphens. An empty filter of a list counts as absent.

**Limits**: by default 100 requests a minute for each user, or each address without a token; \`RateLimit-Remaining\` and \`RateLimit-Reset\`
count down. Past a limit the answer is 429, and 503 while a store is away; both have \`Retry-After\`.

**Versions**: the \`ETag\` of a user names its version. Sent back as \`If-Match\`, it keeps two editors from overwriting each other
(412); as \`If-None-Match\`, it saves the transfer (304). An \`Idempotency-Key\` makes a write safe to send again.`;
