import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/index.js';
import { defineExtension } from '../../src/platform/extensions/index.js';
import { MailTemplates } from '../../src/platform/mail/index.js';
import { SECRETS } from '../support/app.js';
import { newFolder } from '../support/stores.js';

const SHIPPED = 'src/platform/mail/templates';
const NAMES = readdirSync(join(SHIPPED, 'en')).map((file) => file.replace('.txt', ''));
const VALUES = {
  username: 'adalovelace',
  link: 'https://accounts.test/account/reset-password#token=abc',
  time: new Date('2026-05-01T10:00:00Z'),
  address: '203.0.113.7',
};

/** The templates of a start with these files in a folder of the operator's. */
function templatesWith(files: Readonly<Record<string, string>> = {}): MailTemplates {
  const templates = new MailTemplates(configWith(folderOf(files)), []);
  templates.onModuleInit();
  return templates;
}

function configWith(folder: string) {
  const MAIL_FROM = 'Analytical & Co <no-reply@accounts.test>';
  return loadConfig({ ...SECRETS, MAIL_TEMPLATES_DIR: folder, MAIL_FROM });
}

function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = newFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  mkdirSync(folder, { recursive: true });
  return folder;
}

describe('The mail templates', () => {
  it('are the same in every language', () => {
    for (const language of ['de', 'es', 'fr']) {
      expect(readdirSync(join(SHIPPED, language))).toEqual(readdirSync(join(SHIPPED, 'en')));
    }
  });

  it.each(['en', 'de', 'es', 'fr'].flatMap((language) => NAMES.map((name) => [language, name])))(
    'in %s: %s reads well',
    (language = '', name = '') => {
      const { subject, text, html } = templatesWith().render(name, language, VALUES);
      expect(subject).toMatch(/^\S.{5,70}$/);
      for (const part of [text, html]) {
        expect(part).toContain(VALUES.username);
        expect(part).not.toMatch(/\{\{|\}\}|undefined/);
      }
      const hasLink = ['password-reset', 'email-verification', 'invitation'].includes(name);
      expect([text.includes(VALUES.link), html.includes(`href="${VALUES.link}"`)]).toEqual([hasLink, hasLink]);
      expect(html).toContain(`<html lang="${language}">`);
      expect([text.includes('Analytical & Co'), html.includes('Analytical &amp; Co')]).toEqual([true, true]);
      // Mail programs show no pictures and run no scripts.
      expect(html).not.toMatch(/<(?:img|script|link)\b/);
    },
  );

  it('escape values in HTML, and keep the subject on one line', () => {
    const files = {
      'en/password-reset.txt': 'Subject: For {{username}}\n\nHello {{username}}\n\n[Go]({{link}})\n',
    };
    const values = { username: '<b>"&\'{{link}}\r\nBcc: all', link: 'https://a.test/?a=1&b="' };
    const { subject, html } = templatesWith(files).render('password-reset', 'en', values);
    expect(subject).toBe('For <b>"&\'{{link}} Bcc: all');
    expect(html).toContain('<p>Hello &lt;b&gt;&quot;&amp;&#39;{{link}}');
    expect(html).toContain('href="https://a.test/?a=1&amp;b=&quot;"');
  });

  it('are replaced by those of the operator, in a language of the operator’s too', () => {
    const templates = templatesWith({
      'it/password-reset.txt': 'Subject: Nuova password\n\nCiao {{username}}\n\n[Vai]({{link}})',
      'de/password-reset.txt': '\uFEFFSubject: Los\r\n\r\nHallo {{username}} {{link}}\r\n',
      'de/password-reset.html': '<p>{{username}} &lt;3 {{service}} {{link}}</p>',
      'layout.html': '<main>{{content}}</main>',
    });
    expect(templates.languageFor('password-reset', 'it-IT,de;q=0.5')).toBe('it');
    expect(templates.languageFor('invitation', 'it-IT,de;q=0.5')).toBe('de');
    expect(templates.render('password-reset', 'it', VALUES).html).toMatch(/^<main><p>Ciao adalovelace<\/p>/);
    expect(templates.render('password-reset', 'de', VALUES)).toMatchObject({
      subject: 'Los',
      text: `Hallo adalovelace ${VALUES.link}\n\n-- \nAnalytical & Co\n`,
      html: `<p>adalovelace &lt;3 Analytical &amp; Co ${VALUES.link}</p>`,
    });
  });

  it.each([undefined, '', '*', 'xx', '__proto__', 'constructor', 'de;q=0', ',,;=q', 'en-GB'])(
    'are English for a client that prefers %j',
    (accepted) => {
      expect(templatesWith().languageFor('invitation', accepted)).toBe('en');
    },
  );

  it.each<[string, Readonly<Record<string, string>>, RegExp]>([
    ['without a subject', { 'de/invitation.txt': 'Hallo\n\n[Los]({{link}})' }, /must begin with "Subject: …"/],
    [
      'with a misspelt name',
      { 'fr/new-device.txt': 'Subject: Eh\n\n{{usernme}}' },
      /has \{\{usernme\}\}, which is not one of: /,
    ],
    ['without the link', { 'en/invitation.txt': 'Subject: Hi\n\n{{username}}' }, /must contain \{\{link\}\}/],
    ['with a name that no mail has', { 'fr/unknown.txt': 'Subject: Eh\n\nOh' }, /unknown has no en\/unknown\.txt$/],
    ['of HTML alone', { 'de/invitation.html': '{{link}}' }, /must have a \.txt beside it/],
    [
      'in a folder that is no language',
      { 'pt_BR/invitation.txt': 'Subject: Oi\n\n{{link}}' },
      /pt_BR must be layout\.html, or a/,
    ],
    ['that cannot be read', { 'en/invitation.txt/x': '' }, /invitation\.txt cannot be read$/],
    ['in a layout without its content', { 'layout.html': '<p></p>' }, /must contain \{\{content\}\} once/],
  ])('%s stop the start', (_, files, line) => {
    expect(() => templatesWith(files)).toThrow(line);
  });

  it('stop the start with one line for each', () => {
    const files = { 'de/invitation.txt': 'Hallo', 'fr/new-device.txt': 'Salut' };
    expect(() => templatesWith(files)).toThrow(/^\S+ must begin .+\n\S+ must begin .+$/);
  });

  it('are compared with those that came with the application, not with the operator’s own', () => {
    const files = {
      'en/password-reset.txt': 'Subject: Hi\n\n[Go]({{link}})',
      'de/password-reset.txt': 'Subject: Hallo {{username}}\n\n[Los]({{link}})',
    };
    expect(templatesWith(files).render('password-reset', 'de', VALUES).subject).toBe('Hallo adalovelace');
  });

  it('may come from an extension, under its name', () => {
    const folder = folderOf({ 'en/invoice.txt': 'Subject: Invoice {{number}}\n\nPlease pay.' });
    const mailTemplates = pathToFileURL(`${folder}/`);
    const billing = defineExtension({ name: 'billing', api: '^1.0.0', mailTemplates });
    const templates = new MailTemplates(configWith(folderOf({})), [billing]);
    templates.onModuleInit();
    expect([templates.has('billing.invoice'), templates.has('invoice')]).toEqual([true, false]);
    expect(templates.render('billing.invoice', 'de', { number: '7' }).subject).toBe('Invoice 7');
  });
});
