import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { AppConfig } from '#config';
import { StartupError } from '#platform/errors';
import { EXTENSION_DEFINITIONS, type ExtensionDefinition } from '#platform/extensions';
import { preferredLanguage } from '#platform/request';
import type { Mail } from './mailer.js';
import {
  type MailTemplate,
  placeholdersIn,
  readTemplate,
  renderHtml,
  renderSubject,
  renderText,
} from './mail-template.js';

const SHIPPED = fileURLToPath(new URL('./templates/', import.meta.url));
/** What a template falls back to; every template has it. */
const DEFAULT_LANGUAGE = 'en';
const LAYOUT = 'layout.html';
const FILE_NAME = /^([a-z0-9-]{1,60})\.(txt|html)$/;
/** What every mail and layout is given. */
const COMMON = ['service', 'subject', 'language'];

/** A folder of templates. Later sources replace templates of earlier ones. */
interface Source {
  readonly folder: string;
  /** What the names of its templates begin with. */
  readonly prefix: string;
}

/** The mails that there are, in each language: those of the application, of extensions, and the operator's in their place. */
@Injectable()
export class MailTemplates implements OnModuleInit {
  private readonly sources: readonly Source[];
  private readonly service: string;
  /** By name, then by language. */
  private readonly templates = new Map<string, Map<string, MailTemplate>>();
  /** The page around the paragraphs, by the prefix of the templates. */
  private readonly layouts = new Map<string, string>();
  /** The placeholders of each template as it came, which its translations and replacements may use. */
  private readonly placeholders = new Map<string, ReadonlySet<string>>();

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
    const faults = this.sources.flatMap((source) => this.readFolder(source));
    for (const [name, languages] of this.templates) {
      if (languages.has(DEFAULT_LANGUAGE)) continue;
      faults.push(`The mail template ${name} has no ${DEFAULT_LANGUAGE}/${name}.txt`);
    }
    if (faults.length > 0) throw new StartupError(faults.join('\n'));
  }

  has(name: string): boolean {
    return this.templates.has(name);
  }

  /** The language that suits a client best, of those that a template is written in. */
  languageFor(name: string, acceptLanguage: string | undefined): string {
    const written = this.templates.get(name)?.keys() ?? [];
    return preferredLanguage<string>(acceptLanguage, [DEFAULT_LANGUAGE, ...written]);
  }

  /**
   * @param values a time is written in the mail's language, in UTC
   * @throws Error for an unknown template
   */
  render(name: string, preferred: string, values: Readonly<Record<string, string | Date>>): Omit<Mail, 'to'> {
    const languages = this.templates.get(name);
    // A release or an extension that had the language may have gone since.
    const language = languages?.has(preferred) === true ? preferred : DEFAULT_LANGUAGE;
    const template = languages?.get(language);
    if (template === undefined) throw new Error(`There is no mail template ${name}`);
    const written = Object.entries(values).map(([key, value]) => [key, asText(value, language)] as const);
    const all = { ...Object.fromEntries(written), service: this.service };
    const subject = renderSubject(template, all);
    const html = renderHtml(template, this.layoutOf(name), { ...all, subject, language });
    return { kind: name, subject, text: renderText(template, all), html };
  }

  private layoutOf(name: string): string {
    return this.layouts.get(name.slice(0, name.indexOf('.') + 1)) ?? this.layouts.get('') ?? '{{content}}';
  }

  /** @returns what is wrong with it */
  private readFolder({ folder, prefix }: Source): string[] {
    const faults: string[] = [];
    for (const name of readdirSync(folder).toSorted(byLanguage)) {
      const path = join(folder, name);
      if (name.startsWith('.')) continue;
      if (name === LAYOUT) faults.push(...this.readLayout(path, prefix));
      else if (!isLanguage(name))
        faults.push(`${path} must be ${LAYOUT}, or a folder named by a language: de or pt-BR`);
      else for (const file of filesIn(path)) faults.push(...this.readFile(path, file, prefix, name));
    }
    return faults;
  }

  private readLayout(path: string, prefix: string): string[] {
    const text = textIn(path);
    if (text === undefined) return [`${path} cannot be read`];
    this.layouts.set(prefix, text);
    return [
      ...(text.split('{{content}}').length === 2 ? [] : [`${path} must contain {{content}} once`]),
      ...unknownPlaceholders(path, text, new Set([...COMMON, 'content'])),
    ];
  }

  private readFile(folder: string, file: string, prefix: string, language: string): string[] {
    const path = join(folder, file);
    const [, base, type] = FILE_NAME.exec(file) ?? [];
    if (base === undefined) return [`${path} must be named like password-reset.txt`];
    const [textPath, htmlPath] = [join(folder, `${base}.txt`), join(folder, `${base}.html`)] as const;
    if (type === 'html') {
      // Read with the text that it belongs to.
      return existsSync(textPath) ? [] : [`${path} must have a .txt beside it, with the subject`];
    }
    const text = textIn(textPath);
    const html = existsSync(htmlPath) ? textIn(htmlPath) : undefined;
    return text === undefined ? [`${path} cannot be read`] : this.add(path, prefix + base, language, text, html);
  }

  private add(path: string, name: string, language: string, text: string, html: string | undefined): string[] {
    const template = readTemplate(text, html);
    if (template === undefined) return [`${path} must begin with "Subject: …", then have a blank line and a text`];
    this.templates.set(name, (this.templates.get(name) ?? new Map<string, MailTemplate>()).set(language, template));
    const known =
      this.placeholders.get(name) ?? new Set([...COMMON, ...placeholdersIn(text), ...placeholdersIn(html ?? '')]);
    this.placeholders.set(name, known);
    const parts = [text, ...(html === undefined ? [] : [html])];
    return [
      ...(known.has('link') && parts.some((part) => !placeholdersIn(part).includes('link'))
        ? [`${path} must contain {{link}}, in the text and in the HTML`]
        : []),
      ...unknownPlaceholders(path, parts.join('\n'), known),
    ];
  }
}

/** @returns `undefined` for a folder, or a file that may not be read */
function textIn(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Those of editors and the like apart. */
function filesIn(path: string): string[] {
  return statSync(path).isDirectory() ? readdirSync(path).filter((name) => !name.startsWith('.')) : [];
}

function unknownPlaceholders(path: string, text: string, known: ReadonlySet<string>): string[] {
  return [...new Set(placeholdersIn(text))]
    .filter((name) => !known.has(name))
    .map((name) => `${path} has {{${name}}}, which is not one of: ${[...known].join(', ')}`);
}

/** English first: the others are compared with it. */
function byLanguage(a: string, b: string): number {
  return Number(b === DEFAULT_LANGUAGE) - Number(a === DEFAULT_LANGUAGE);
}

/** As BCP 47 writes it. */
function isLanguage(name: string): boolean {
  try {
    return Intl.getCanonicalLocales(name)[0] === name;
  } catch {
    return false;
  }
}

function asText(value: string | Date, language: string): string {
  if (typeof value === 'string') return value;
  const format = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' });
  return `${format.format(value)} UTC`;
}
