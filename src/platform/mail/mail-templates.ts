import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import Negotiator from 'negotiator';
import { AppConfig } from '#config';
import { StartupError } from '#platform/errors';
import { EXTENSION_DEFINITIONS, type ExtensionDefinition } from '#platform/extensions';
import type { Mail } from './mailer.js';
import {
  type MailTemplate,
  placeholdersIn,
  readTemplate,
  renderHtml,
  renderSubject,
  renderText,
  type Values,
} from './mail-template.js';

const SHIPPED = fileURLToPath(new URL('./templates/', import.meta.url));
/** What a template falls back to; every template has it. */
const DEFAULT_LANGUAGE = 'en';
const LANGUAGE = /^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})?$/;

/** The folders of templates, by what the names of their templates begin with. A later one replaces what it also has. */
interface Source {
  readonly folder: string;
  readonly prefix: string;
}

/** The mails that there are, in each language: those of the application, of extensions, and the operator's in their place. */
@Injectable()
export class MailTemplates implements OnModuleInit {
  private readonly sources: readonly Source[];
  /** By name, then by language. */
  private readonly templates = new Map<string, Map<string, MailTemplate>>();
  private readonly service: string;
  private layout = '';

  constructor(config: AppConfig, @Inject(EXTENSION_DEFINITIONS) extensions: readonly ExtensionDefinition[]) {
    const own = config.mail?.templates;
    this.sources = [
      { folder: SHIPPED, prefix: '' },
      ...extensions.flatMap(({ name, mailTemplates }) =>
        mailTemplates === undefined ? [] : [{ folder: fileURLToPath(mailTemplates), prefix: `${name}.` }],
      ),
      ...(own === undefined ? [] : [{ folder: own, prefix: '' }]),
    ];
    this.service = config.mail?.from.name || new URL(config.publicUrl ?? 'http://localhost').hostname;
  }

  /** @throws StartupError with one line for each template that cannot be used */
  onModuleInit(): void {
    const faults: string[] = [];
    for (const { folder, prefix } of this.sources) {
      const layout = join(folder, 'layout.html');
      if (existsSync(layout)) this.layout = readFileSync(layout, 'utf8');
      for (const language of languagesIn(folder)) {
        for (const file of readdirSync(join(folder, language)).filter((one) => one.endsWith('.txt'))) {
          const fault = this.read(join(folder, language, file), `${prefix}${file.slice(0, -4)}`, language);
          if (fault !== undefined) faults.push(fault);
        }
      }
    }
    for (const [name, languages] of this.templates) {
      if (!languages.has(DEFAULT_LANGUAGE))
        faults.push(`The mail template ${name} has no ${DEFAULT_LANGUAGE}/${name}.txt`);
    }
    if (faults.length > 0) throw new StartupError(faults.join('\n'));
  }

  has(name: string): boolean {
    return this.templates.has(name);
  }

  /** The language that suits a client best, of those that a template is written in (RFC 9110, section 12.5.4). */
  languageFor(name: string, acceptLanguage: string | undefined): string {
    const written = [DEFAULT_LANGUAGE, ...(this.templates.get(name)?.keys() ?? [])];
    const headers = acceptLanguage === undefined ? {} : { 'accept-language': acceptLanguage };
    return new Negotiator({ headers }).language(written) ?? DEFAULT_LANGUAGE;
  }

  /** @throws Error for an unknown template */
  render(name: string, language: string, values: Values): Omit<Mail, 'to'> {
    const languages = this.templates.get(name);
    // A release or an extension that had the language may have gone since.
    const template = languages?.get(language) ?? languages?.get(DEFAULT_LANGUAGE);
    if (template === undefined) throw new Error(`There is no mail template ${name}`);
    const all = { ...values, service: this.service };
    const subject = renderSubject(template, all);
    const html = renderHtml(template, this.layout, { ...all, subject, language });
    return { kind: name, subject, text: renderText(template, all), html };
  }

  /** @returns what is wrong with it */
  private read(path: string, name: string, language: string): string | undefined {
    const page = path.replace(/\.txt$/, '.html');
    const html = existsSync(page) ? readFileSync(page, 'utf8') : undefined;
    const text = readFileSync(path, 'utf8');
    const template = readTemplate(text, html);
    if (template === undefined) return `${path} must begin with "Subject: …", then have a blank line and a text`;
    const languages = this.templates.get(name) ?? new Map<string, MailTemplate>();
    // A replaced template may use what the original is given, and nothing else.
    const known = languages.get(DEFAULT_LANGUAGE);
    if (known !== undefined) {
      const names = new Set(['service', 'subject', 'language', ...placeholdersIn(allOf(known))]);
      const unknown = placeholdersIn(text + (html ?? '')).find((one) => !names.has(one));
      if (unknown !== undefined) return `${path} has {{${unknown}}}, which is not one of: ${[...names].join(', ')}`;
    }
    this.templates.set(name, languages.set(language, template));
    return undefined;
  }
}

/** English first: the others are compared with it. */
function languagesIn(folder: string): string[] {
  const found = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && LANGUAGE.test(entry.name))
    .map(({ name }) => name);
  return found.toSorted((a, b) => Number(b === DEFAULT_LANGUAGE) - Number(a === DEFAULT_LANGUAGE));
}

function allOf({ subject, paragraphs, html = '' }: MailTemplate): string {
  return [subject, ...paragraphs, html].join('\n');
}
