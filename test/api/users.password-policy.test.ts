import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { register, startApp } from '../support/app.js';
import { commonPasswords, keepsTheRule, variantOf } from '../support/common-passwords.js';
import { newAccount, OTHER_PASSWORD, PASSWORD } from '../support/factories.js';
import { Random } from '../support/random.js';

const COMMON = 'Password is too common';

describe('The rule for new passwords', () => {
  it('refuses a common password at registration and at a change, and lists it with other faults', async () => {
    const test = await startApp();
    try {
      const { status, body } = await test.api.post('/users', newAccount({ username: 'a', password: 'Password1!' }));
      expect(status).toBe(400);
      expect(body.error.details).toEqual([
        { field: 'username', rule: 'min_length', message: 'Username must be at least 3 characters' },
        { field: 'password', rule: 'common_password', message: COMMON },
      ]);
      const { token } = await register(test.api, newAccount());
      const change = { currentPassword: PASSWORD, newPassword: 'Dragon2024!' };
      const refused = await test.api.put('/users/me/password', change, { token });
      expect(refused.body.error.details).toEqual([{ field: 'newPassword', rule: 'common_password', message: COMMON }]);
    } finally {
      await test.close();
    }
  });

  it('refuses 100 passwords drawn from the list of common ones, and a variant of each', async () => {
    const random = new Random(9);
    const kept = commonPasswords().filter(keepsTheRule);
    const listed = Array.from({ length: 100 }, () => kept[random.below(kept.length)] ?? '');
    const variants = listed.map((password) => variantOf(password, random)).filter(keepsTheRule);
    const test = await startApp();
    try {
      const accepted: string[] = [];
      for (const password of [...listed, ...variants]) {
        const { status, body } = await test.api.post('/users', newAccount({ password }));
        if (status !== 400 || body.error.details[0].message !== COMMON) accepted.push(password);
      }
      expect(accepted).toEqual([]);
    } finally {
      await test.close();
    }
  });

  it('checks only the length with PASSWORD_POLICY=length, also for the first admin', async () => {
    const password = 'seven lazy donkeys';
    const test = await startApp({ PASSWORD_POLICY: 'length', ADMIN_PASSWORD: password });
    const short = { field: 'password', rule: 'min_length', message: 'Password must be at least 15 characters' };
    try {
      const { token } = await register(test.api, newAccount({ password }));
      const change = (newPassword: string) =>
        test.api.put('/users/me/password', { currentPassword: password, newPassword }, { token });
      expect((await test.api.post('/users', newAccount({ password: 'Zq7!kwpvzzyxwv' }))).body.error.details).toEqual([
        short,
      ]);
      expect((await change('Zq7!kwpvzzyxwv')).body.error.details).toEqual([{ ...short, field: 'newPassword' }]);
      expect((await change('eight lazy donkeys')).status).toBe(200);
    } finally {
      await test.close();
    }
  });

  it('refuses a breached password when the breach check is on', async () => {
    const digest = createHash('sha1').update(OTHER_PASSWORD).digest('hex').toUpperCase();
    const ranges = createServer((request, response) =>
      response.end(request.url === `/range/${digest.slice(0, 5)}` ? `${digest.slice(5)}:3` : ''),
    ).listen(0, '127.0.0.1');
    await once(ranges, 'listening');
    const url = `http://127.0.0.1:${(ranges.address() as AddressInfo).port}`;
    const test = await startApp({ PASSWORD_BREACH_CHECK: 'hibp', PASSWORD_BREACH_URL: url });
    const breached = { rule: 'common_password', message: 'Password has appeared in a data breach' };
    try {
      const created = await test.api.post('/users', newAccount({ password: OTHER_PASSWORD }));
      expect([created.status, created.body.error.details]).toEqual([400, [{ field: 'password', ...breached }]]);
      const { token } = await register(test.api, newAccount());
      const change = { currentPassword: PASSWORD, newPassword: OTHER_PASSWORD };
      const changed = await test.api.put('/users/me/password', change, { token });
      expect([changed.status, changed.body.error.details]).toEqual([400, [{ field: 'newPassword', ...breached }]]);
      ranges.closeAllConnections();
      await once(ranges.close(), 'close');
      // When the breach service is unreachable, the password is accepted.
      expect((await test.api.put('/users/me/password', change, { token })).status).toBe(200);
    } finally {
      ranges.close();
      await test.close();
    }
  });
});
